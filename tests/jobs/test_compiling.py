"""A worker that compiles kernels is announced by the process that waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from numba.core import event

from qkdopt.jobs import Store, open_workers, run_missing
from qkdopt.jobs.task import to_row


@dataclass(frozen=True)
class Compiling:
    """A run that compiles until a file is there."""

    end: Path
    key: str = "compiling"
    title: str = "compiling"
    weight: float = 1.0

    def run(self):
        return to_row({"key": self.key}, self._measured, {"value": 0.0})

    def _measured(self):
        with event.trigger_event("numba:compile", data={}):
            while not self.end.exists():
                time.sleep(0.01)
        return {"value": 1.0}


def test_runs_that_wait_for_compilation_say_so(tmp_path):
    reports = []

    def progress(report):
        reports.append(report.waiting_for)
        if report.waiting_for:
            (tmp_path / "end").touch()

    with open_workers(None, 1) as team:
        report = run_missing(
            [Compiling(tmp_path / "end")], Store(tmp_path / "rows"), team, progress=progress
        )
        assert not team.compiling()
    assert report.successful
    assert set(reports) <= {"", "compiling, once"}
    assert "compiling, once" in reports


def test_progress_never_counts_a_run_twice(tmp_path):
    (tmp_path / "end").touch()
    tasks = [Compiling(tmp_path / "end", key=f"run {k}") for k in range(5)]
    reports = []

    def progress(report):
        reports.append((report.done, report.running, report.waiting))

    with open_workers(None, 2) as team:
        assert run_missing(tasks, Store(tmp_path / "rows"), team, progress=progress).successful
    assert all(sum(counts) == 5 for counts in reports)
    assert reports[-1] == (5, 0, 0)
