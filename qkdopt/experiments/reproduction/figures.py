"""Runs of figures 3 to 6 of the DS-QKD study, and of the calibration to them.

The launch power is the only free parameter of preset ``paper``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.experiments.reproduction.comparison import targets
from qkdopt.experiments.study import Job
from qkdopt.experiments.study.sets import ChannelSets
from qkdopt.instance import Instance
from qkdopt.instance.generation import new_instance
from qkdopt.simulation import SimulationOptions

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("fig3", "fig4", "fig5", "fig6")
LOADS = tuple(float(load) for load in range(60, 261, 20))
# Joint policies take ten times as long as first fit: every other load.
POLICY_LOADS = LOADS[::2]
DRAW_LOADS = (60.0, 100.0, 120.0, 140.0, 180.0, 220.0, 260.0)
FIXED = (3,)
UNIFORM = (3, 13, 23, 33)
CLOSE = (10, 15, 20, 25)
COMPACT = (0, 1, 2, 3)
DRAWS = 20
# The mean over draws is the point: its requests are shared among them, five times over.
REQUESTS_PER_DRAW = 5.0 / DRAWS
# Launch powers tried, around the preset's own [dBm].
TRIED_DBM = (-13.6, -13.0, -12.4, -11.8, -11.2)
CALIBRATION_REQUESTS = 100_000
CALIBRATION_DRAWS = 20


@dataclass(frozen=True)
class Curve:
    """One curve of one figure: a strategy on a candidate set."""

    figure: str
    topology: str
    name: str
    candidates: tuple[int, ...]
    options: SimulationOptions
    loads: tuple[float, ...] = LOADS
    draw: int | None = None
    """Number of the random draw, where the curve is a mean over draws."""

    def jobs(self, requests: int, seed: int, launch_dbm: float | None = None) -> Iterator[Job]:
        """Yield one run a load.

        Parameters
        ----------
        requests
            Of each run; of a random draw, its share.
        seed
            Random seed, 0 or more.
        launch_dbm
            Launch power [dBm]; None: the preset's.
        """
        instance = paper_instance(self.topology, self.candidates, launch_dbm)
        share = 1.0 if self.draw is None else REQUESTS_PER_DRAW
        for load in self.loads:
            yield Job(
                instance=instance,
                set_name=self.name if self.draw is None else f"{self.name} #{self.draw}",
                label=f"{self.figure} {self.name}",
                options=self.options,
                load_erlang=load,
                seed=seed,
                requests=max(1, int(requests * share)),
            )


def paper_instance(
    topology: str, candidates: tuple[int, ...], launch_dbm: float | None = None
) -> Instance:
    """Return a topology under preset ``paper`` with a candidate set, all of it kept dark.

    Parameters
    ----------
    topology
        Name of a shipped topology.
    candidates
        Channels of the set.
    launch_dbm
        Launch power [dBm]; None: the preset's.
    """
    name = f"{topology}_{'_'.join(map(str, candidates))}"
    return new_instance(
        name,
        topology=topology,
        demands=0,
        seed=1,
        candidates=candidates,
        reserve="all",
        launch_dbm=launch_dbm,
    )


def curves_of(figure: str, draws: int = DRAWS) -> list[Curve]:
    """Return the curves of one figure."""
    fixed, dynamic = SimulationOptions(strategy="fixed"), SimulationOptions()
    if figure == "fig3":
        return [
            curve
            for topology in ("nsfnet", "usnet")
            for curve in (
                Curve(figure, topology, "fixed {3}", FIXED, fixed),
                Curve(figure, topology, "DS-QKD 1:2 {3,13}", (3, 13), dynamic),
            )
        ]
    if figure == "fig4":
        return [
            Curve(figure, "nsfnet", "fixed {3}", FIXED, fixed, DRAW_LOADS),
            *(
                Curve(
                    figure,
                    "nsfnet",
                    f"DS-QKD N={size}",
                    drawn.channels or (),
                    dynamic,
                    DRAW_LOADS,
                    draw,
                )
                for size in (2, 3, 4, 5)
                for draw, drawn in enumerate(
                    ChannelSets(random=size, draws=draws, contains=FIXED).draw(40)
                )
            ),
        ]
    if figure == "fig5":
        return [
            Curve(figure, "nsfnet", "compact {0,1,2,3}", COMPACT, dynamic),
            Curve(figure, "nsfnet", "fixed {3}", FIXED, fixed),
            Curve(figure, "nsfnet", "{10,15,20,25}", CLOSE, dynamic),
            Curve(figure, "nsfnet", "uniform {3,13,23,33}", UNIFORM, dynamic),
        ]
    return [
        Curve(figure, "nsfnet", "fixed {3}", FIXED, fixed),
        Curve(figure, "nsfnet", "first fit {3,13,23,33}", UNIFORM, dynamic),
        *(
            Curve(
                figure,
                "nsfnet",
                f"{policy} {{3,13,23,33}}",
                UNIFORM,
                SimulationOptions(strategy="ds-qkd-synergistic", policy=policy),
                POLICY_LOADS,
            )
            for policy in ("equalisation", "own-best", "bottleneck-harm", "rate-weighted-harm")
        ),
    ]


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
        for curve in curves_of(figure, CALIBRATION_DRAWS)
        if curve.topology == "nsfnet"
        for job in curve.jobs(CALIBRATION_REQUESTS, seed, launch_dbm)
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
