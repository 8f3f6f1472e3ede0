"""Record of a calibration: parameters of the physics as measurements have them, and how surely."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from qkdopt.errors import InstanceError
from qkdopt.instance import Instance
from qkdopt.instance.qkd_systems import validate_one_system
from qkdopt.result.base import FileRecord, Record
from qkdopt.result.model import Environment, InstanceRef

CALIBRATION_SCHEMA = "qkdopt/calibration/1"
# A calibration is of one receiver.
CALIBRATED_SYSTEM = (
    "links with the network's own QKD system, whose receiver is calibrated (leave qkd_system out)"
)


class MeasurementsRef(Record):
    """Which measurements a calibration is of."""

    name: str
    rows: int
    sha256: str
    """Hash of the measurements, whatever the spelling of their file."""


class CalibratedParameter(Record):
    """One parameter, fitted or left as the instance has it."""

    name: str
    field: str
    """Field of the instance that has it."""
    unit: str
    fitted: bool
    given: float
    """The instance's value; 0 for the excess loss."""
    value: float
    low: float | None = None
    """Low end of the 95 % interval; null where the data do not end it, or nothing was fitted."""
    high: float | None = None
    at_low: dict[str, float] | None = None
    """All parameters at the low end, the others as the data then want them."""
    at_high: dict[str, float] | None = None
    reason: str = ""
    """Why it was not fitted."""


class PredictedValue(Record):
    """One measured number, and what was predicted of it."""

    measured: float
    unfitted: float
    """By the instance as it was given."""
    fitted: float
    out_of_sample: float | None
    """By a fit that this row and those like it had no part in; null without folds."""
    residual: float
    """Deviation of the fit in units of the standard error; logarithmic."""


class CalibratedRow(Record):
    """One measurement beside its predictions."""

    row: int
    """From 1, in the order of the measurements."""
    link: str
    channel: str
    lit: str
    """Channels lit, by direction."""
    fold: int | None
    skr_bps: PredictedValue | None
    qber: PredictedValue | None


class PredictionError(Record):
    """How far predictions are from all measured numbers."""

    skr_percent: float | None
    """Root mean square of the logarithm of predicted over measured, as per cent, of rows with key
    in both; null where there are none."""
    skr_mean_absolute_bps: float | None
    """Mean of |predicted - measured| over all key rates [bit/s]."""
    wrong_key: int
    """Rows that have key in the measurement alone, or in the prediction alone."""
    qber_percent: float | None
    """As ``skr_percent``, of QBERs."""


class Calibration(FileRecord):
    """Parameters fitted to measurements, their intervals, and how well they predict others.

    Examples
    --------
    >>> import qkdopt
    >>> found = qkdopt.calibrate("studies/made_up_lab.csv", preset="field", folds=0)
    >>> scale = found.parameter("raman_scale")
    >>> scale.low < 0.8 < scale.high
    True
    """

    schema_version: Annotated[Literal["qkdopt/calibration/1"], Field(alias="schema")] = (
        "qkdopt/calibration/1"
    )
    instance: InstanceRef
    """Everything that was not fitted."""
    measurements: MeasurementsRef
    parameters: tuple[CalibratedParameter, ...]
    """All four, fitted or not."""
    covariance_of: tuple[str, ...]
    """Fitted parameters, in the order of ``covariance``."""
    covariance: tuple[tuple[float, ...], ...]
    """Of the fitted values, in their units."""
    chi2: float
    degrees_of_freedom: int
    scatter: float
    """Factor on all variances: above 1 where the scatter is beyond the errors that were given."""
    skr_error: float | None
    """Relative standard error of key rates without one of their own, from their scatter."""
    qber_error: float | None
    unfitted: PredictionError
    fitted: PredictionError
    out_of_sample: PredictionError | None
    """Of rows that each fit had no part in; null without folds."""
    folds: int
    fold_by: Literal["lit", "link"]
    rows: tuple[CalibratedRow, ...]
    notes: tuple[str, ...] = ()
    seconds: float
    environment: Environment

    def parameter(self, name: str) -> CalibratedParameter:
        """Return one of the parameters by its name."""
        return next(one for one in self.parameters if one.name == name)

    @property
    def fitted_parameters(self) -> tuple[CalibratedParameter, ...]:
        """The parameters that were fitted."""
        return tuple(one for one in self.parameters if one.fitted)

    def applied_to(self, instance: Instance) -> Instance:
        """Return an instance with the fitted values in place of its own.

        Parameters
        ----------
        instance
            Usually the one that was calibrated, or a network with the same fibre and receivers: the
            excess loss adds to its ``insertion_loss_db``.

        Raises
        ------
        InstanceError
            Its key rates do not follow from these parameters, or a value is out of range.
        """
        validate_one_system(instance, f"{instance.name}, calibrated", CALIBRATED_SYSTEM)
        for name in ("skr_table", "surface"):
            if getattr(instance.qkd, name) is not None:
                fault = f"qkd.{name} is given; expected key rates by the protocol's equations"
                raise InstanceError(f"{instance.name}, calibrated", [fault])
        changes: dict[str, dict[str, object]] = {"fibre": {}, "qkd": {}}
        for one in self.fitted_parameters:
            part, _, field = one.field.partition(".")
            own = instance.qkd.insertion_loss_db if one.name == "excess_loss" else 0.0
            changes[part][field] = own + one.value
        return instance.replace(**changes, where=f"{instance.name}, calibrated")  # type: ignore[arg-type]

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this record, as written to a file and printed by ``--json``."""
        data: dict[str, Any] = self.model_dump(mode="json")
        data.pop("schema", None)
        return {"schema": CALIBRATION_SCHEMA, **data}
