"""Parameters of the physics that measurements calibrate.

Noise and errors are linear in all of them but the excess loss, which is in dB; they are fitted in
units of about their size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from qkdopt.instance import Instance

ParameterName = Literal["raman_scale", "misalignment", "dark_counts", "excess_loss"]
# A parameter is known if its 95 % interval ends within so many times its value, or so many dB.
KNOWN_WITHIN = 10.0
LEAST_RAMAN_SCALE = 1e-4


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
    size
        What one is on the scale of the fit.
    high
        Largest value; the least is 0, or nearly, for the excess loss what leaves the receiver none.
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
    size: float
    high: float
    given: Callable[[Instance], float]
    start: float
    needs: str

    def coordinate(self, value: float) -> float:
        """Return the value on the scale of the fit."""
        return value / self.size

    def value(self, coordinate: float) -> float:
        """Return the value at a coordinate of the fit."""
        return coordinate * self.size

    def bounds(self, instance: Instance) -> tuple[float, float]:
        """Return the range of coordinates."""
        # A loss is positive, in all, and so is a Raman scale.
        lowest = {"excess_loss": -instance.qkd.insertion_loss_db, "raman_scale": LEAST_RAMAN_SCALE}
        return self.coordinate(lowest.get(self.name, 0.0)), self.coordinate(self.high)

    def first(self, instance: Instance) -> float:
        """Return the coordinate to begin from: the instance's value."""
        return self.coordinate(self.given(instance) or self.start)

    def known_within(self, value: float, instance: Instance) -> float:
        """Return the half-width of the widest interval of a parameter that is known.

        On the scale of the fit; for the larger of its value and the instance's.
        """
        if self.name == "excess_loss":
            return self.coordinate(KNOWN_WITHIN)
        return self.coordinate(KNOWN_WITHIN * max(value, self.given(instance) or self.start))


RAMAN_SCALE = FitParameter(
    "raman_scale", "fibre.raman_scale", "1", 1.0, 10.0, lambda i: i.fibre.raman_scale, 1.0,
    "rows with lit channels whose noise counts",
)  # fmt: skip
MISALIGNMENT = FitParameter(
    "misalignment", "qkd.misalignment", "1", 0.01, 0.49, lambda i: i.qkd.misalignment, 0.01,
    "a row with little noise, best with its qber",
)  # fmt: skip
DARK_COUNTS = FitParameter(
    "dark_counts", "qkd.dark_count_per_gate", "per gate", 1e-6, 1e-2,
    lambda i: i.qkd.dark_count_per_gate, 1e-7,
    "rows without lit channels, of a loss at which dark counts matter",
)  # fmt: skip
EXCESS_LOSS = FitParameter(
    "excess_loss", "qkd.insertion_loss_db", "dB", 1.0, 40.0, lambda _: 0.0, 0.0,
    "skr_bps beside qber",
)  # fmt: skip
PARAMETERS = (RAMAN_SCALE, MISALIGNMENT, DARK_COUNTS, EXCESS_LOSS)
BY_NAME: dict[str, FitParameter] = {parameter.name: parameter for parameter in PARAMETERS}
