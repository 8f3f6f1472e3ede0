"""Calibration of the launch power, the only free parameter of preset ``paper``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.experiments.reproduction.comparison import targets
from qkdopt.experiments.reproduction.figures import FIGURES, curves_of
from qkdopt.experiments.study import Job

if TYPE_CHECKING:
    import pandas as pd

# Launch powers tried, around the preset's own [dBm].
TRIED_DBM = (-13.6, -13.0, -12.4, -11.8, -11.2)
REQUESTS = 100_000
DRAWS = 20


@dataclass(frozen=True)
class Calibration:
    """Launch power of least error, and the errors tried."""

    launch_dbm: float
    tried: pd.DataFrame


def calibration_jobs(seed: int) -> list[tuple[float, Job]]:
    """Return the runs of every published rate at every power that is tried."""
    needed = {
        (target.figure, name, target.load_erlang)
        for target in targets()
        for name in (target.base, target.improved)
    }
    return [
        (launch_dbm, job)
        for launch_dbm in TRIED_DBM
        for figure in FIGURES
        for curve in curves_of(figure, DRAWS)
        if curve.topology == "nsfnet"
        for job in curve.jobs(REQUESTS, seed, launch_dbm)
        if (figure, curve.name, job.load_erlang) in needed
    ]


def fit(errors: dict[float, float]) -> Calibration:
    """Fit a parabola through the squared errors at the three best powers."""
    import pandas as pd

    powers = np.array(sorted(errors))
    squares = np.array([errors[power] ** 2 for power in powers])
    middle = int(np.clip(squares.argmin(), 1, len(powers) - 2))
    near = slice(middle - 1, middle + 2)
    a, b, _ = np.polyfit(powers[near], squares[near], 2)
    best = float(-b / (2.0 * a)) if a > 0.0 else float(powers[squares.argmin()])
    best = float(np.clip(best, powers[0], powers[-1]))
    tried = pd.DataFrame({"launch_dbm": powers, "rms_log_error": np.sqrt(squares)})
    return Calibration(best, tried)
