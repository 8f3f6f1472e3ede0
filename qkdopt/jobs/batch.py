"""All runs of one call from Python: to the end, or an error that says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from qkdopt.jobs.runner import RunReport, UnfinishedError, run_missing
from qkdopt.jobs.store import Store
from qkdopt.jobs.task import Task
from qkdopt.jobs.workers import open_workers

if TYPE_CHECKING:
    import pandas as pd


def run_batch(
    tasks: Sequence[Task],
    *,
    folder: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Run what a folder lacks and return the rows of all tasks, in their order, each once.

    Parameters
    ----------
    tasks
        The runs.
    folder
        Where rows are kept, so that the same call goes on from there; None keeps none.
    workers
        Processes; None for all cores.
    scheduler
        Address of a Dask scheduler; None for processes of this machine.
    progress
        Called about every second with the state of the runs.

    Raises
    ------
    UnfinishedError
        Interrupted, or some runs failed or were lost.
    OutputError
        The folder cannot be made or written.
    """
    once = list({task.key: task for task in tasks}.values())
    with finished_store(
        once, folder=folder, workers=workers, scheduler=scheduler, progress=progress
    ) as store:
        return store.read([task.key for task in once])


@contextmanager
def finished_store(
    tasks: Sequence[Task],
    *,
    folder: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
    progress: Callable[[RunReport], None] | None = None,
) -> Iterator[Store]:
    """Run what a folder lacks and give the store of all rows; without a folder, until the end.

    Parameters
    ----------
    tasks, folder, workers, scheduler, progress
        See :func:`run_batch`.
    retry_failed
        Whether runs that failed before are run again.

    Raises
    ------
    UnfinishedError
        Interrupted, or some runs failed or were lost.
    OutputError
        The folder cannot be made or written.
    """
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(TemporaryDirectory()))
        store = Store(where / "rows.parquet")
        with open_workers(scheduler, workers) as team:
            report = run_missing(tasks, store, team, retry_failed=retry_failed, progress=progress)
        if not report.successful:
            raise UnfinishedError(report)
        yield store
