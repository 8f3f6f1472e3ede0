"""Reproduction of the DS-QKD study: its figures, and each published number beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.errors import UsageError
from qkdopt.experiments.reproduction.comparison import compare, log_error, points
from qkdopt.experiments.reproduction.figures import (
    FIGURES,
    Calibration,
    calibration_jobs,
    curves_of,
    fit,
    paper_instance,
)
from qkdopt.experiments.study import Job, different_instances
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport, Store
from qkdopt.jobs.batch import finished_store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Reproduction:
    """Results of a reproduction.

    Parameters
    ----------
    points
        Points of each figure.
    comparison
        Published and own gains.
    calibration
        The fitted launch power; only with all figures.
    instances
        Every instance that was simulated.
    """

    points: dict[str, pd.DataFrame]
    comparison: pd.DataFrame
    calibration: Calibration | None
    instances: tuple[Instance, ...] = ()


def reproduce(
    which: str,
    *,
    requests: int = 1_000_000,
    seed: int = 0,
    folder: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[RunReport], None] | None = None,
) -> Reproduction:
    """Run the missing and failed runs of a figure.

    Nothing is written before the options are validated.

    Parameters
    ----------
    which
        Name of a figure, or ``all``.
    requests
        Requests of each run, at least 1000.
    seed
        Random seed, 0 or more.
    folder
        Where rows are kept, as ``qkdopt reproduce -o`` does; None keeps none.
    workers
        Processes; None for all cores.
    scheduler
        Address of a Dask scheduler; None for processes of this machine.
    progress
        Called about every second with the state of the runs.

    Raises
    ------
    UsageError
        An unknown figure, too few requests, or a seed below 0.
    UnfinishedError
        Interrupted, or some runs failed.
    OutputError
        The folder cannot be made.

    Examples
    --------
    >>> import qkdopt
    >>> quick = qkdopt.reproduce("fig3", requests=1000, workers=1)
    >>> sorted(set(quick.points["fig3"]["curve"])), list(quick.comparison["figure"])
    (['DS-QKD 1:2 {3,13}', 'fixed {3}'], ['fig3'])
    """
    if which not in (*FIGURES, "all"):
        raise UsageError(f"figure = {which!r}; expected one of {', '.join(FIGURES)}, all")
    if requests < 1000:
        raise UsageError(f"requests = {requests}; expected at least 1000")
    if seed < 0:
        raise UsageError(f"seed = {seed}; expected 0 or more")
    figures = FIGURES if which == "all" else (which,)
    jobs = [
        job
        for figure in figures
        for curve in curves_of(figure)
        for job in curve.jobs(requests, seed)
    ]
    tried = calibration_jobs(seed) if which == "all" else []
    with finished_store(
        [*jobs, *(job for _, job in tried)],
        folder=folder,
        workers=workers,
        scheduler=scheduler,
        retry_failed=True,
        progress=progress,
    ) as store:
        rows = store.read([job.key for job in jobs])
        calibration = _calibration(store, tried) if tried else None
    return Reproduction(
        points={figure: points(rows, figure) for figure in figures},
        comparison=compare(rows),
        calibration=calibration,
        instances=different_instances([*jobs, *(job for _, job in tried)]),
    )


def _calibration(store: Store, tried: list[tuple[float, Job]]) -> Calibration:
    keys: dict[float, list[str]] = {}
    for power, job in tried:
        keys.setdefault(power, []).append(job.key)
    return fit({power: log_error(compare(store.read(runs))) for power, runs in keys.items()})


__all__ = [
    "FIGURES",
    "Calibration",
    "Reproduction",
    "compare",
    "curves_of",
    "log_error",
    "paper_instance",
    "reproduce",
]
