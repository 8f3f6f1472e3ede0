"""Commands of many runs: workers, progress, and what to say of runs that are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.live import LiveText
from qkdopt.jobs import RunReport, Store, Task, open_workers, run_missing


def validate_workers(workers: int | None) -> list[str]:
    """Return what is wrong with a number of processes; None stands for all cores."""
    if workers is None or workers > 0:
        return []
    return [f"workers = {workers}; expected at least 1"]


def run_and_show(tasks: Sequence[Task], store: Store, workers: int | None) -> RunReport:
    """Run the tasks that the store lacks, and those that failed before; show progress.

    Parameters
    ----------
    tasks
        All runs; those that the store has done are skipped.
    store
        Folder of the rows.
    workers
        Number of processes on this machine; None for all cores.

    Raises
    ------
    UsageError
        Another process of this machine runs the same store.
    OutputError
        The store cannot be written.
    """
    with LiveText() as live, open_workers(None, workers) as team:
        return run_missing(tasks, store, team, retry_failed=True, progress=show_runs(live))


def show_runs(live: LiveText) -> Callable[[RunReport], None]:
    """Return what shows how far runs are, and what they wait for.

    The counts are a detail: off a terminal, a log needs no line for each run.
    """

    def show(report: RunReport) -> None:
        waiting_for = f"; {report.waiting_for}" if report.waiting_for else ""
        failed = f", {report.failed} failed" if report.failed else ""
        live.show(
            f"{report.total} runs{waiting_for}",
            f": {report.done} done{failed}, {report.running} running, {report.waiting} to go",
            share=(report.done + report.failed) / max(report.total, 1),
        )

    return show


def unfinished(report: RunReport) -> int:
    """Say why some runs are not done; return the exit status."""
    typer.echo(f"{report.done} of {report.total} runs done; run again for the rest", err=True)
    for reason in dict.fromkeys(report.reasons):
        typer.echo(f"  {reason}", err=True)
    return INTERRUPTED if report.interrupted else UNFINISHED
