"""Calibration of the physics to measurements of QKD links."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.errors import Faults, OptionsError
from qkdopt.experiments.calibration.bench import make_bench, preset_instance
from qkdopt.experiments.calibration.identification import fit_identified, validate_identified
from qkdopt.experiments.calibration.intervals import fit_with_intervals
from qkdopt.experiments.calibration.least_squares import Fit, fit
from qkdopt.experiments.calibration.measurement import Measurement
from qkdopt.experiments.calibration.out_of_sample import (
    FOLD_BY,
    FOLDS,
    FoldBy,
    OutOfSample,
    fold_groups,
    predict_out_of_sample,
)
from qkdopt.experiments.calibration.parameters import BY_NAME, PARAMETERS
from qkdopt.experiments.calibration.reading import measurements_of, read_measurements
from qkdopt.experiments.calibration.record import make_record
from qkdopt.experiments.calibration.residuals import Data
from qkdopt.instance import Instance
from qkdopt.instance.generation.presets import preset_name
from qkdopt.io import read_instance
from qkdopt.result.calibration import Calibration, MeasurementsRef
from qkdopt.result.model import InstanceRef

if TYPE_CHECKING:
    import pandas as pd

MOST_FOLDS = 1000


def calibrate(
    measurements: str | Path | Sequence[Measurement] | pd.DataFrame,
    *,
    instance: Instance | str | Path | None = None,
    preset: str | None = None,
    parameters: Sequence[str] | None = None,
    folds: int = FOLDS,
    fold_by: FoldBy = "lit",
) -> Calibration:
    """Fit parameters of the physics to measured key rates and QBERs, with 95 % intervals.

    Parameters
    ----------
    measurements
        CSV file (see :func:`qkdopt.read_measurements`), measurements, or a table of the same
        columns.
    instance
        Instance, or its file: everything that is not fitted. One of it and ``preset``.
    preset
        Preset in place of an instance, for links that have a length of their own.
    parameters
        Of ``raman_scale``, ``misalignment``, ``dark_counts`` and ``excess_loss``; None for all that
        the measurements tell.
    folds
        Parts of the measurements, each predicted by a fit to the others; 0 for none. Where there
        are fewer groups, as many as there are.
    fold_by
        Rows that stay in one part: those with the same ``lit`` channels, or on the same ``link``.

    Raises
    ------
    FaultsError
        With every fault of the measurements, the instance and the options.
    OptionsError
        Parameters that were named and that the measurements cannot tell apart.

    Examples
    --------
    >>> import qkdopt
    >>> found = qkdopt.calibrate(
    ...     "studies/made_up_lab.csv", preset="field", parameters=["raman_scale"]
    ... )
    >>> [one.name for one in found.fitted_parameters]
    ['raman_scale']
    """
    began = time.monotonic()
    name, rows = _measurements(measurements)
    known = _instance(instance, preset, rows)
    names = _names(parameters, folds, fold_by)
    data = Data.of(make_bench(known, rows, where=name), rows)
    if parameters is None:
        found, reasons = fit_identified(data, names)
    else:
        found, reasons = fit(data, names), dict[str, str]()
        _validate_count(found)
        validate_identified(found)
    _validate_count(found)
    found, intervals = fit_with_intervals(found)
    predicted = _out_of_sample(data, found, rows, folds, fold_by)
    reference = InstanceRef(name=known.name, sha256=known.sha256(), preset=preset_name(known))
    return make_record(
        found, intervals, rows, predicted, reasons,
        instance=reference,
        measurements=_reference(name, rows),
        folds=max(predicted.fold) if predicted else 0,
        fold_by=fold_by,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def _measurements(given: Any) -> tuple[str, tuple[Measurement, ...]]:
    """Return a name for the measurements, and them."""
    if isinstance(given, str | Path):
        return Path(given).name, read_measurements(given)
    if hasattr(given, "to_dict"):
        return "measurements", measurements_of(given.to_dict("records"), where="measurements")
    rows = tuple(given)
    return "measurements", rows or measurements_of([], where="measurements")


def _reference(name: str, rows: Sequence[Measurement]) -> MeasurementsRef:
    plain = [row.model_dump(mode="json", exclude_defaults=True) for row in rows]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return MeasurementsRef(
        name=name, rows=len(rows), sha256=hashlib.sha256(text.encode()).hexdigest()
    )


def _instance(
    instance: Instance | str | Path | None, preset: str | None, rows: Sequence[Measurement]
) -> Instance:
    if (instance is None) == (preset is None):
        read = "neither" if instance is None else "both"
        raise OptionsError("calibrate", [f"{read} instance and preset; expected one of the two"])
    if preset is not None:
        return preset_instance(preset, rows)
    if isinstance(instance, Instance):
        return instance
    assert instance is not None
    return read_instance(instance)


def _names(parameters: Sequence[str] | None, folds: int, fold_by: str) -> tuple[str, ...]:
    """Return the parameters to fit, in their own order; every fault of the options in one error."""
    faults = Faults()
    known = ", ".join(BY_NAME)
    for name in () if parameters is None else parameters:
        faults.expect(name in BY_NAME, f"fit = {name!r}; expected some of {known}")
    if parameters is not None:
        faults.expect(len(parameters) > 0, f"fit names nothing; expected some of {known}")
        twice = len(set(parameters)) < len(parameters)
        faults.expect(not twice, "fit names a parameter twice; expected each once")
    faults.expect(
        folds == 0 or 2 <= folds <= MOST_FOLDS, f"folds = {folds}; expected 0, or 2 to {MOST_FOLDS}"
    )
    faults.expect(fold_by in FOLD_BY, f"fold by = {fold_by!r}; expected {' or '.join(FOLD_BY)}")
    faults.stop("calibrate")
    return tuple(p.name for p in PARAMETERS if parameters is None or p.name in parameters)


def _validate_count(found: Fit) -> None:
    """Validate that the scatter can be seen where no errors were given.

    Raises
    ------
    OptionsError
        Too few numbers, or none of the parameters can be told.
    """
    if not found.names:
        fault = "the measurements tell none of the parameters; expected rows that differ in light"
        raise OptionsError("calibrate", [fault])
    if found.degrees_of_freedom < 1 and not found.all_given:
        fault = (
            f"{found.counted} measured numbers for {len(found.names)} parameters "
            f"({', '.join(found.names)}); expected more of them, or standard errors "
            "(skr_bps_se, qber_se) of all"
        )
        raise OptionsError("calibrate", [fault])


def _out_of_sample(
    data: Data, found: Fit, rows: Sequence[Measurement], folds: int, fold_by: str
) -> OutOfSample | None:
    groups = fold_groups(rows, fold_by)
    if folds == 0 or len(groups) < 2:
        return None
    return predict_out_of_sample(data, found.names, groups, min(folds, len(groups)))
