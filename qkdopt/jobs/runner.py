"""Run what is missing, through the futures interface of the standard library."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field

from qkdopt.jobs.heartbeat import HeartbeatWriter, refuse_a_second_run
from qkdopt.jobs.store import Store
from qkdopt.jobs.task import Row, Task, run_task
from qkdopt.jobs.workers import WorkerProblem, Workers

REPORT_SECONDS = 1.0


@dataclass
class RunReport:
    """How the runs stand while they go on, and in the end."""

    total: int
    done: int = 0
    failed: int = 0
    lost: int = 0
    """Runs whose worker or scheduler went away: still missing."""
    interrupted: bool = False
    running: int = 0
    """Runs with workers."""
    waiting: int = 0
    waiting_for: str = ""
    """What keeps rows from coming, if anything."""
    reasons: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every run is in the store."""
        return self.done + self.failed == self.total

    @property
    def successful(self) -> bool:
        """Whether every run is done, and none failed."""
        return self.done == self.total


def run_missing(
    tasks: Sequence[Task],
    store: Store,
    workers: Workers,
    *,
    retry_failed: bool = False,
    progress: Callable[[RunReport], None] | None = None,
) -> RunReport:
    """Run every task that the store lacks; rows are stored as they finish.

    A task whose worker dies is left missing, and told; Ctrl-C leaves the rest missing.

    Raises
    ------
    UsageError
        Another process of this machine runs the same store.
    OutputError
        The store cannot be written.
    """
    refuse_a_second_run(store.folder)
    store.open()
    report = RunReport(total=len(tasks))
    errand = _Errand(_missing(tasks, store, report, retry_failed=retry_failed), store, report)
    heart = HeartbeatWriter(store.folder)
    patience = _Patience()
    try:
        while errand.hand_out(workers):
            heart.beat(errand.running)
            errand.collect()
            trouble = workers.trouble()
            report.waiting_for = _waiting_for(trouble, workers)
            if progress is not None:
                progress(report)
            if trouble is not None and patience.is_over(trouble):
                errand.give_up(trouble.words)
            if trouble is None:
                patience = _Patience()
    except KeyboardInterrupt:
        report.interrupted = True
        errand.cancel()
        workers.stop()
    finally:
        heart.stop()
    return report


def _waiting_for(trouble: WorkerProblem | None, workers: Workers) -> str:
    if trouble is not None:
        return trouble.words
    return "compiling, once" if workers.compiling() else ""


def _missing(
    tasks: Sequence[Task], store: Store, report: RunReport, *, retry_failed: bool
) -> list[Task]:
    """Count what is in the store; return the rest, the longest runs last."""
    stored = store.keys()
    missing = []
    for task in tasks:
        status = stored.get(task.key)
        if status is None or (status == "failed" and retry_failed):
            missing.append(task)
        else:
            report.done += status == "done"
            report.failed += status == "failed"
    # Handed out from the end: with long runs first no core idles at the end.
    missing.sort(key=lambda task: task.weight)
    return missing


class _Patience:
    """Since when there is trouble; one kind of it after another is still trouble."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def is_over(self, trouble: WorkerProblem) -> bool:
        """Whether it has lasted for too long."""
        return time.monotonic() - self._since > trouble.patience


class _Errand:
    """Runs on their way: waiting here, with workers, and home."""

    def __init__(self, waiting: list[Task], store: Store, report: RunReport) -> None:
        self._waiting = waiting
        self._store = store
        self._report = report
        self._with_workers: dict[Future[Row], Task] = {}

    @property
    def running(self) -> list[str]:
        """Keys of the runs with workers."""
        return [task.key for task in self._with_workers.values()]

    def hand_out(self, workers: Workers) -> bool:
        """Give workers what they can take; False when nothing is left with them."""
        slots = 0
        try:
            slots = workers.slots() if self._waiting else 0
            while self._waiting and len(self._with_workers) < slots:
                future = workers.executor.submit(run_task, self._waiting[-1])
                self._with_workers[future] = self._waiting.pop()
        except Exception as error:
            # Nobody takes runs any more; what is on its way may still come home.
            self._report.lost += len(self._waiting)
            self._report.reasons.append(_told(error))
            self._waiting.clear()
        self._report.running = len(self._with_workers)
        self._report.waiting = len(self._waiting)
        return bool(self._with_workers)

    def collect(self) -> None:
        """Wait a while for rows, and store those that come."""
        finished, _ = wait(self._with_workers, REPORT_SECONDS, FIRST_COMPLETED)
        for future in finished:
            task = self._with_workers.pop(future)
            try:
                self._keep(task, future.result())
            except Exception as error:
                self._report.lost += 1
                self._report.reasons.append(_told(error))
        self._report.running = len(self._with_workers)

    def give_up(self, why: str) -> None:
        """Count everything as lost; nobody is left who would hear that it is called back."""
        self._report.lost += len(self._with_workers) + len(self._waiting)
        self._report.reasons.append(f"a worker or the scheduler went away: {why}")
        self._with_workers.clear()
        self._waiting.clear()

    def cancel(self) -> None:
        """Call back what has not begun."""
        for future in self._with_workers:
            future.cancel()

    def _keep(self, task: Task, row: Row) -> None:
        self._store.put(row)
        if row["status"] == "done":
            self._report.done += 1
        else:
            self._report.failed += 1
            self._report.reasons.append(f"{task.title}: {row['error']}")


def _told(error: BaseException) -> str:
    if isinstance(error, BrokenExecutor | CancelledError):
        return "a worker or the scheduler went away" + (f": {error}" if str(error) else "")
    return f"{type(error).__name__}: {error}"
