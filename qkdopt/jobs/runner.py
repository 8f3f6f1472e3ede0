"""Run missing tasks through the futures interface of the standard library."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field

from qkdopt.errors import QkdoptError
from qkdopt.jobs.heartbeat import HeartbeatWriter, validate_single_run
from qkdopt.jobs.store import Store
from qkdopt.jobs.task import Row, Task, run_task
from qkdopt.jobs.workers import WorkerProblem, Workers

REPORT_SECONDS = 1.0


@dataclass
class RunReport:
    """State of the runs, while they go on and at the end."""

    total: int
    done: int = 0
    failed: int = 0
    lost: int = 0
    """Runs that did not finish because a worker or the scheduler exited: still missing."""
    interrupted: bool = False
    running: int = 0
    """Runs with workers."""
    waiting: int = 0
    waiting_for: str = ""
    """Reason why no row arrives; empty without one."""
    reasons: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Tell whether every run is in the store."""
        return self.done + self.failed == self.total

    @property
    def successful(self) -> bool:
        """Tell whether every run is done, and none failed."""
        return self.done == self.total


class UnfinishedError(QkdoptError):
    """Runs are missing: interrupted, lost or failed.

    Parameters
    ----------
    report
        State of the runs.

    Examples
    --------
    >>> import qkdopt
    >>> from qkdopt.jobs import RunReport
    >>> error = qkdopt.UnfinishedError(RunReport(total=4, done=3, failed=1, reasons=("no memory",)))
    >>> str(error), error.report.done, error.exit_status
    ('no memory', 3, 3)
    """

    exit_status = 3

    def __init__(self, report: RunReport) -> None:
        super().__init__("; ".join(dict.fromkeys(report.reasons)) or "interrupted")
        self.report = report


def run_missing(
    tasks: Sequence[Task],
    store: Store,
    workers: Workers,
    *,
    retry_failed: bool = False,
    progress: Callable[[RunReport], None] | None = None,
) -> RunReport:
    """Run every task that the store lacks; rows are stored as they finish.

    A task whose worker exits is left missing and reported; Ctrl-C leaves the rest missing.

    Parameters
    ----------
    tasks
        All runs; those in the store are skipped.
    store
        Folder of the rows.
    workers
        Executor of the runs.
    retry_failed
        Whether to run failed tasks again.
    progress
        Is called with the report about every second; None for no reports.

    Returns
    -------
    RunReport
        State at the end.

    Raises
    ------
    UsageError
        Another process of this machine runs the same store.
    OutputError
        The store cannot be written.
    """
    validate_single_run(store.folder)
    store.open()
    report = RunReport(total=len(tasks))
    dispatcher = _Dispatcher(
        _missing(tasks, store, report, retry_failed=retry_failed), store, report
    )
    heartbeat_writer = HeartbeatWriter(store.folder)
    timeout = _Timeout()
    try:
        while dispatcher.submit(workers):
            heartbeat_writer.beat(dispatcher.running)
            dispatcher.collect()
            problem = workers.problem()
            report.waiting_for = _waiting_for(problem, workers)
            if progress is not None:
                progress(report)
            if problem is not None and timeout.is_over(problem):
                dispatcher.abandon(problem.text)
            if problem is None:
                timeout = _Timeout()
    except KeyboardInterrupt:
        report.interrupted = True
        dispatcher.cancel()
        workers.stop()
    finally:
        heartbeat_writer.stop()
    return report


def _waiting_for(problem: WorkerProblem | None, workers: Workers) -> str:
    if problem is not None:
        return problem.text
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
    # Submitted from the end: with long runs first no core idles at the end.
    missing.sort(key=lambda task: task.weight)
    return missing


class _Timeout:
    """Time limit of a problem with workers; another problem does not restart it."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def is_over(self, problem: WorkerProblem) -> bool:
        """Tell whether the problem has lasted longer than its limit."""
        return time.monotonic() - self._since > problem.timeout_seconds


class _Dispatcher:
    """Submits runs to workers and stores their rows."""

    def __init__(self, waiting: list[Task], store: Store, report: RunReport) -> None:
        self._waiting = waiting
        self._store = store
        self._report = report
        self._with_workers: dict[Future[Row], Task] = {}

    @property
    def running(self) -> list[str]:
        """Return the keys of the runs that workers have."""
        return [task.key for task in self._with_workers.values()]

    def submit(self, workers: Workers) -> bool:
        """Submit as many runs as workers take; False when none is left with them."""
        slots = 0
        try:
            slots = workers.slots() if self._waiting else 0
            while self._waiting and len(self._with_workers) < slots:
                future = workers.executor.submit(run_task, self._waiting[-1])
                self._with_workers[future] = self._waiting.pop()
        except Exception as error:
            # The executor takes no more runs; rows of those under way may still arrive.
            self._report.lost += len(self._waiting)
            self._report.reasons.append(_reason(error))
            self._waiting.clear()
        self._report.running = len(self._with_workers)
        self._report.waiting = len(self._waiting)
        return bool(self._with_workers)

    def collect(self) -> None:
        """Wait up to :data:`REPORT_SECONDS` for rows, and store those that arrive."""
        finished, _ = wait(self._with_workers, REPORT_SECONDS, FIRST_COMPLETED)
        for future in finished:
            task = self._with_workers.pop(future)
            try:
                self._store_row(task, future.result())
            except Exception as error:
                self._report.lost += 1
                self._report.reasons.append(_reason(error))
        self._report.running = len(self._with_workers)

    def abandon(self, reason: str) -> None:
        """Count all unfinished runs as lost: no worker is left that could be cancelled."""
        self._report.lost += len(self._with_workers) + len(self._waiting)
        self._report.reasons.append(f"a worker or the scheduler went away: {reason}")
        self._with_workers.clear()
        self._waiting.clear()

    def cancel(self) -> None:
        """Cancel the runs that have not begun."""
        for future in self._with_workers:
            future.cancel()

    def _store_row(self, task: Task, row: Row) -> None:
        self._store.put(row)
        if row["status"] == "done":
            self._report.done += 1
        else:
            self._report.failed += 1
            self._report.reasons.append(f"{task.title}: {row['error']}")


def _reason(error: BaseException) -> str:
    if isinstance(error, BrokenExecutor | CancelledError):
        return "a worker or the scheduler went away" + (f": {error}" if str(error) else "")
    return f"{type(error).__name__}: {error}"
