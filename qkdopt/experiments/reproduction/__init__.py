"""Reproduction of the DS-QKD study: its figures, and each published number beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.errors import UsageError
from qkdopt.experiments.reproduction.calibration import Calibration, calibration_jobs, fit
from qkdopt.experiments.reproduction.comparison import compare, log_error, points
from qkdopt.experiments.reproduction.figures import FIGURES, curves_of, paper_instance
from qkdopt.jobs import RunReport, Store, Workers, run_missing
from qkdopt.experiments.study import Job

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[RunReport], None]


@dataclass(frozen=True)
class Reproduction:
    """Results of a reproduction.

    Parameters
    ----------
    points
        Points of each figure; none unless every run is done.
    comparison
        Published and own gains; likewise.
    calibration
        The fitted launch power; only with all figures.
    report
        State of the runs.
    """

    points: dict[str, pd.DataFrame]
    comparison: pd.DataFrame
    calibration: Calibration | None
    report: RunReport


def reproduce(
    which: str,
    folder: Path,
    workers: Workers,
    *,
    requests: int = 1_000_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Reproduction:
    """Run the missing and failed runs of a figure.

    Rows are kept in ``folder/rows.parquet``; nothing is written before the options are validated.

    Parameters
    ----------
    which
        Name of a figure, or ``all``.
    folder
        Folder of the rows.
    workers
        Executor of the runs.
    requests
        Requests of each run, at least 1000.
    seed
        Random seed, 0 or more.
    progress
        Is called with the report of the runs; None for no reports.

    Raises
    ------
    UsageError
        An unknown figure, too few requests, or a seed below 0.
    OutputError
        The folder cannot be made.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.reproduce("fig9", None, None)
    Traceback (most recent call last):
        ...
    qkdopt.errors.UsageError: figure = 'fig9'; expected one of fig3, ...
    """
    import pandas as pd

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
    store = Store(folder / "rows.parquet")
    tasks = [*jobs, *(job for _, job in tried)]
    report = run_missing(tasks, store, workers, retry_failed=True, progress=progress)
    if not report.successful:
        return Reproduction({}, pd.DataFrame(), None, report)
    rows = store.read([job.key for job in jobs])
    return Reproduction(
        points={figure: points(rows, figure) for figure in figures},
        comparison=compare(rows),
        calibration=_calibration(store, tried) if tried else None,
        report=report,
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
