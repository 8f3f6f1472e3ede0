r"""Parameters of the physics that measurements calibrate.

They are fitted on a scale where equal steps are equal factors: natural logarithms, and for the
excess loss :math:`x` [dB] the logarithm of the power it takes, :math:`x \ln(10)/10`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from qkdopt.instance import Instance

ParameterName = Literal["raman_scale", "misalignment", "dark_counts", "excess_loss"]
NEPER_PER_DB = math.log(10.0) / 10.0


@dataclass(frozen=True)
class FitParameter:
    """One parameter that a calibration may fit.

    Parameters
    ----------
    name
        For options and tables.
    field
        Field of the instance that has it.
    unit
        Unit of its values.
    low, high
        Range of its values; ``low`` of the excess loss follows from the instance.
    given
        Returns the instance's value.
    start
        Value to begin from where the instance has none, which is 0.
    needs
        What measurements need to tell it.
    """

    name: ParameterName
    field: str
    unit: str
    low: float
    high: float
    given: Callable[[Instance], float]
    start: float
    needs: str

    def coordinate(self, value: float) -> float:
        """Return the value on the scale of the fit, inside the range."""
        if self.name == "excess_loss":
            return value * NEPER_PER_DB
        return math.log(min(max(value, self.low), self.high))

    def value(self, coordinate: float) -> float:
        """Return the value at a coordinate of the fit."""
        if self.name == "excess_loss":
            return coordinate / NEPER_PER_DB
        return math.exp(coordinate)

    def bounds(self, instance: Instance) -> tuple[float, float]:
        """Return the range of coordinates."""
        # A loss is positive, in all.
        low = -instance.qkd.insertion_loss_db if self.name == "excess_loss" else self.low
        return self.coordinate(low), self.coordinate(self.high)

    def first(self, instance: Instance) -> float:
        """Return the coordinate to begin from: the instance's value."""
        given = self.given(instance)
        is_loss = self.name == "excess_loss"
        return self.coordinate(given if given > 0.0 or is_loss else self.start)


RAMAN_SCALE = FitParameter(
    "raman_scale", "fibre.raman_scale", "1", 1e-4, 10.0, lambda i: i.fibre.raman_scale, 1.0,
    "rows with lit channels whose noise counts",
)  # fmt: skip
MISALIGNMENT = FitParameter(
    "misalignment", "qkd.misalignment", "1", 1e-5, 0.49, lambda i: i.qkd.misalignment, 0.01,
    "a row with little noise, best with its qber",
)  # fmt: skip
DARK_COUNTS = FitParameter(
    "dark_counts", "qkd.dark_count_per_gate", "per gate", 1e-12, 1e-2,
    lambda i: i.qkd.dark_count_per_gate, 1e-7,
    "rows without lit channels, of a loss at which dark counts matter",
)  # fmt: skip
EXCESS_LOSS = FitParameter(
    "excess_loss", "qkd.insertion_loss_db", "dB", 0.0, 40.0, lambda _: 0.0, 0.0,
    "skr_bps beside qber",
)  # fmt: skip
PARAMETERS = (RAMAN_SCALE, MISALIGNMENT, DARK_COUNTS, EXCESS_LOSS)
BY_NAME: dict[str, FitParameter] = {parameter.name: parameter for parameter in PARAMETERS}
