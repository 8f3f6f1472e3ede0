"""Run what is missing of a study, through the futures interface of the standard library."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from qkdopt.errors import UsageError
from qkdopt.study.job import Job, run_job
from qkdopt.study.store import Store

ANSWER_SECONDS = 10.0
REPORT_SECONDS = 1.0


@dataclass
class RunReport:
    """How a study stands while it runs, and in the end."""

    total: int
    done: int = 0
    failed: int = 0
    lost: int = 0
    """Runs whose worker or scheduler went away: still missing."""
    interrupted: bool = False
    running: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every run is in the store."""
        return self.done + self.failed == self.total


def run_missing(
    jobs: list[Job],
    store: Store,
    executor: Executor,
    *,
    retry_failed: bool = False,
    progress: Callable[[RunReport], None] | None = None,
) -> RunReport:
    """Run every job that the store lacks; rows are stored as they finish.

    A job whose worker dies is left missing, and told; Ctrl-C leaves the rest missing.
    """
    store.open()
    stored = store.keys()
    report = RunReport(total=len(jobs))
    missing = []
    for job in jobs:
        status = stored.get(job.key)
        if status is None or (status == "failed" and retry_failed):
            missing.append(job)
        else:
            report.done += status == "done"
            report.failed += status == "failed"
    # Long runs first: no core idles at the end.
    missing.sort(key=lambda job: -_weight(job))
    pending = _submit(executor, missing, report)
    try:
        while pending:
            finished, pending = wait(pending, REPORT_SECONDS, FIRST_COMPLETED)
            for future in finished:
                _collect(future, store, report)
            report.running = len(pending)
            if progress is not None:
                progress(report)
    except KeyboardInterrupt:
        report.interrupted = True
        for future in pending:
            future.cancel()
    return report


def _submit(executor: Executor, jobs: list[Job], report: RunReport) -> set[Future[dict[str, Any]]]:
    pending = set()
    for number, job in enumerate(jobs):
        try:
            pending.add(executor.submit(run_job, job))
        except Exception as error:
            report.lost += len(jobs) - number
            report.reasons.append(f"{type(error).__name__}: {error}")
            break
    return pending


def _collect(future: Future[dict[str, Any]], store: Store, report: RunReport) -> None:
    try:
        row = future.result()
    except (BrokenExecutor, CancelledError) as error:
        report.lost += 1
        report.reasons.append(f"a worker died: {error or type(error).__name__}")
        return
    except Exception as error:
        report.lost += 1
        report.reasons.append(f"{type(error).__name__}: {error}")
        return
    store.put(row)
    if row["status"] == "done":
        report.done += 1
    else:
        report.failed += 1
        report.reasons.append(f"{row['label']} at {row['load_erlang']:g} erlang: {row['error']}")


def _weight(job: Job) -> float:
    """How long a job takes, about, in runs of first fit."""
    slow = 10.0 if job.options.strategy == "ds-qkd-synergistic" else 1.0
    bounded = 1e6 * job.snapshots if job.bound_every else 0.0
    return job.requests * job.replications * slow + bounded


@contextmanager
def executor_for(scheduler: str | None, workers: int | None) -> Iterator[Executor]:
    """Give a pool of processes on this machine, or the executor of an existing Dask cluster.

    Raises
    ------
    UsageError
        Dask is not installed, or the scheduler does not answer.
    """
    if scheduler is None:
        # A fresh interpreter each: a forked one would inherit the parent's threads.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=context)
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return
    with _dask_client(scheduler) as client:
        yield client.get_executor(pure=False)


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    try:
        import distributed
    except ImportError:
        raise UsageError("--scheduler needs Dask; pip install 'qkdopt[cluster]'") from None
    try:
        client: Any = distributed.Client(address, timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"scheduler {address}: no answer ({type(error).__name__}); expected the address of a "
            "running Dask scheduler, such as tcp://HOST:8786"
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=2)
