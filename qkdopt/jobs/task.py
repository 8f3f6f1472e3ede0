"""One run: plain data that travels to a worker, and a row that comes back."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from qkdopt.io.environment import environment

Row = dict[str, Any]
# Columns that say how long and where, not what: they differ between repetitions.
CIRCUMSTANCES = ("seconds", "requests_per_second", "versions", "cpu", "platform")


class Task(Protocol):
    """Everything one run needs."""

    @property
    def key(self) -> str:
        """Name of the run: the same work has the same key, anything else another."""
        ...

    @property
    def title(self) -> str:
        """Words for people."""
        ...

    @property
    def weight(self) -> float:
        """How long the run takes, about, beside other tasks of its kind."""
        ...

    def run(self) -> Row:
        """Do the work; the row names its ``key`` and ``status``, ``done`` or ``failed``."""
        ...


class WorkerState:
    """Whether this process does a run, and whether it was told to end."""

    busy = False
    ended = False


def run_task(task: Task) -> Row:
    """Do a run, on whatever machine.

    Raises
    ------
    KeyboardInterrupt
        This process was told to end: what a run makes of that is no row.
    """
    WorkerState.busy = True
    try:
        row = {} if WorkerState.ended else task.run()
    finally:
        WorkerState.busy = False
    if WorkerState.ended:
        raise KeyboardInterrupt
    return row


def finished_row(identity: Row, measure: Callable[[], Row], nothing: Row) -> Row:
    """Measure, and say where; an error becomes a row of status ``failed`` without measures."""
    try:
        row = identity | measure() | {"status": "done", "error": ""}
    except Exception as error:
        told = "".join(traceback.format_exception_only(error)).strip()
        row = identity | nothing | {"status": "failed", "error": told}
    here = environment()
    return row | {
        "versions": json.dumps(here.versions), "cpu": here.cpu, "platform": here.platform,
    }  # fmt: skip
