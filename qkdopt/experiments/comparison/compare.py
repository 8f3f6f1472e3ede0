"""Solvers and formulations compared from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.errors import UsageError
from qkdopt.experiments.comparison.benchmark_run import BenchmarkRun, benchmark_runs
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch
from qkdopt.result import Objective

if TYPE_CHECKING:
    import pandas as pd


def compare(
    instances: Instance | Sequence[Instance],
    *,
    solvers: Sequence[str] = ("highs",),
    formulations: Sequence[str] = ("joint",),
    objective: Objective = BenchmarkRun.objective,
    seconds: float = BenchmarkRun.seconds,
    gap: float = BenchmarkRun.gap,
    threads: int = BenchmarkRun.threads,
    seed: int = BenchmarkRun.seed,
    folder: Path | None = None,
    workers: int | None = 1,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Solve instances by solvers and formulations; every plan is checked.

    Parameters
    ----------
    instances
        One or several.
    solvers
        Names of adapters; those of installed packages too.
    formulations
        Names of formulations.
    objective
        What every run maximises.
    seconds, gap, threads, seed
        Limits of each run, its threads and seed.
    folder
        Where rows are kept; None keeps none.
    workers
        Runs at the same time: solvers that share a core measure each other. None for all cores.
    progress
        Called about every second with the state of the runs.

    Returns
    -------
    DataFrame
        One row a run, see ``docs/solvers.md``.

    Raises
    ------
    UsageError
        No combination of the solvers and formulations can run.
    UnfinishedError
        Interrupted, or some runs failed.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> rows = qkdopt.compare(line, formulations=["joint", "load-state"])
    >>> list(rows["status"]), bool(rows["checked"].all())
    (['done', 'done'], True)
    """
    chosen = [instances] if isinstance(instances, Instance) else instances
    tasks = list(
        benchmark_runs(
            chosen, solvers, formulations, objective=objective, seconds=seconds, gap=gap,
            threads=threads, seed=seed,
        )
    )  # fmt: skip
    if not tasks:
        raise UsageError("no combination of these solvers and formulations; cp-sat is CP-SAT's own")
    return run_batch(tasks, folder=folder, workers=workers, progress=progress)
