"""Workers that die and stores that cannot be written: what was done stays, what was not is said."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from pyarrow import parquet

from qkdopt.errors import OutputError
from qkdopt.jobs import Store, open_workers, run_missing


@dataclass(frozen=True)
class Run:
    """A run of no work, or one that is killed as by the system when memory runs out."""

    key: str
    killed: bool = False
    weight: float = 1.0

    @property
    def title(self):
        return self.key

    def run(self):
        if self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"key": self.key, "status": "done", "error": ""}


@contextmanager
def full_disk(monkeypatch):
    """Let no row be written any more, after half of it."""

    def full(table, path):
        path.write_bytes(b"half a row")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(parquet, "write_table", full)
        yield


def test_a_row_that_cannot_be_written_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.put({"key": "a", "status": "failed", "error": "planted"})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with (
        full_disk(monkeypatch),
        pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)"),
    ):
        store.put({"key": "a", "status": "done", "error": ""})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("no_processes")
def test_runs_whose_rows_cannot_be_written_are_said_and_run_again(tmp_path, monkeypatch):
    store = Store(tmp_path / "rows")
    runs = [Run("a"), Run("b")]
    with full_disk(monkeypatch), open_workers(None, 1) as workers:
        report = run_missing(runs, store, workers)
    assert (report.done, report.lost, report.successful) == (0, 2, False)
    assert all("cannot be written (No space left on device)" in r for r in report.reasons)
    with open_workers(None, 1) as workers:
        assert run_missing(runs, store, workers).done == 2


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_run_alone(tmp_path):
    store = Store(tmp_path / "rows")
    # The longest first: what comes before the killed run is done by then.
    runs = [Run("before", weight=3.0), Run("killed", killed=True, weight=2.0), Run("after")]
    with open_workers(None, 1) as workers:
        report = run_missing(runs, store, workers)
    assert not report.successful
    assert any("a worker or the scheduler went away" in reason for reason in report.reasons)
    assert store.keys() == {"before": "done"}
    again = [Run(run.key) for run in runs]
    with open_workers(None, 1) as workers:
        report = run_missing(again, store, workers)
    assert (report.done, report.successful) == (3, True)
