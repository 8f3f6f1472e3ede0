"""One run: plain data that is sent to a worker, and the row that it returns."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from qkdopt.io.environment import environment, time_of_writing

Row = dict[str, Any]
# Columns about time and machine, not results: they differ between repetitions.
CIRCUMSTANCES = (
    "seconds", "requests_per_second", "versions", "cpu", "platform", "written_at",
)  # fmt: skip


class Task(Protocol):
    """Everything one run needs."""

    @property
    def key(self) -> str:
        """Return the name of the run: the same work has the same key, other work another."""
        ...

    @property
    def title(self) -> str:
        """Return a title to display."""
        ...

    @property
    def weight(self) -> float:
        """Return the approximate duration, relative to other tasks of its kind."""
        ...

    def run(self) -> Row:
        """Do the work; the row names its ``key`` and ``status``, ``done`` or ``failed``."""
        ...


class WorkerState:
    """State of this process: whether it does a run, did one, or received a request to end."""

    begun = False
    busy = False
    ended = False


def run_task(task: Task) -> Row:
    """Do a run on this machine.

    Raises
    ------
    KeyboardInterrupt
        This process received a request to end: its result is no row.
    """
    WorkerState.begun = WorkerState.busy = True
    try:
        row = {} if WorkerState.ended else task.run()
    finally:
        WorkerState.busy = False
    if WorkerState.ended:
        raise KeyboardInterrupt
    return row


def to_row(identity: Row, measure: Callable[[], Row], no_measures: Row) -> Row:
    """Measure and record the environment; an error makes a row of status ``failed``.

    Parameters
    ----------
    identity
        Columns that name the run.
    measure
        Returns the measured columns; any exception becomes the column ``error``.
    no_measures
        The measured columns of a failed run.
    """
    try:
        row = identity | measure() | {"status": "done", "error": ""}
    except Exception as error:
        message = "".join(traceback.format_exception_only(error)).strip()
        row = identity | no_measures | {"status": "failed", "error": message}
    machine = environment()
    return row | {
        "versions": json.dumps(machine.versions), "cpu": machine.cpu, "platform": machine.platform,
        "written_at": time_of_writing(),
    }  # fmt: skip
