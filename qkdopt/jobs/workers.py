"""Workers: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from qkdopt.errors import UsageError
from qkdopt.jobs.scheduler_file import scheduler_address
from qkdopt.jobs.shared import discard, discard_in_cluster, hold, share_in_cluster
from qkdopt.jobs.task import WorkerState
from qkdopt.runtime.cores import available_cores
from qkdopt.runtime.signals import accept_sigint, deferred_sigint

CONNECT_SECONDS = 10.0
# Time for a run to end by itself once its parent process is gone.
ORPHAN_SECONDS = 2.0
# A cluster's worker has its next run queued while a row is sent back.
RUNS_PER_THREAD = 2
# Time limit of a query to a busy scheduler.
QUERY_SECONDS = 5.0
# Time without any answer after which runs under way count as lost,
NO_ANSWER_SECONDS = 60.0
# and time without a worker where there was one; a queue may start another.
NO_WORKER_SECONDS = 600.0


@dataclass(frozen=True)
class WorkerProblem:
    """Reason why no row arrives, and the seconds for which it may last."""

    text: str
    timeout_seconds: float


@dataclass(frozen=True)
class Workers:
    """An executor and the number of runs that it takes at a time.

    Parameters
    ----------
    executor
        Through the futures interface of the standard library.
    slots
        Number of runs to submit at this moment; a cluster may grow and shrink.
    problem
        Reason why no row arrives, or None; returns within seconds.
    compiling
        Whether any worker compiles kernels at this moment; of a cluster's workers it is not known.
    stop
        Ends runs that are under way, where this process can.
    share
        Lets :func:`qkdopt.jobs.shared.held` return data by name where runs are; may take as long as
        the slowest worker.
    discard
        Takes shared data back, by name.
    """

    executor: Executor
    slots: Callable[[], int]
    problem: Callable[[], WorkerProblem | None] = lambda: None
    compiling: Callable[[], bool] = lambda: False
    stop: Callable[[], None] = lambda: None
    share: Callable[[str, bytes], None] = hold
    discard: Callable[[str], None] = discard


@contextmanager
def open_workers(scheduler: str | None, workers: int | None) -> Iterator[Workers]:
    """Open a pool of processes on this machine, or an existing Dask cluster.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler, or the file that it wrote; None for processes.
    workers
        Number of processes; None for one a core.

    Raises
    ------
    UsageError
        Dask is not installed, its file has no address, or the scheduler does not answer.
    """
    if scheduler is not None:
        with _dask_client(scheduler) as client:
            cluster = _Cluster(client)
            yield Workers(
                client.get_executor(pure=False),
                cluster.slots,
                cluster.problem,
                share=lambda name, data: share_in_cluster(client, name, data),
                discard=lambda name: discard_in_cluster(client, name),
            )
        return
    count = workers or available_cores()
    context = _WorkerContext()
    compiling = context.Value("i", 0)
    pool = ProcessPoolExecutor(
        count, mp_context=context, initializer=_begin_worker, initargs=(compiling,)
    )
    others = multiprocessing.active_children()

    def stop() -> None:
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()

    try:
        yield Workers(pool, lambda: count, compiling=lambda: compiling.value > 0, stop=stop)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _WorkerProcess(SpawnProcess):
    """A worker that Ctrl-C does not reach before :func:`_follow_parent` has set its handler.

    Until then it imports, and Python's own handler would print where.
    """

    def start(self) -> None:
        """Start the process with Ctrl-C blocked."""
        with deferred_sigint():
            super().start()


class _WorkerContext(SpawnContext):
    """Starts a fresh interpreter each: a forked one would inherit the parent's threads."""

    Process = _WorkerProcess


def _begin_worker(compiling: Synchronized[int]) -> None:
    """Prepare a worker; it counts itself while it compiles kernels."""
    _follow_parent()
    # Only now, for it takes a second: the parent may end meanwhile.
    from qkdopt.runtime.compiled import CompilationWatch

    def report(running: bool) -> None:
        with compiling.get_lock():
            compiling.value += 1 if running else -1

    CompilationWatch(report).start()


def _follow_parent() -> None:
    """Ignore the keyboard's interrupt in a worker, and end it when its parent ends.

    A handler that does nothing, for SIG_IGN would pass on to solvers that a worker starts.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    accept_sigint()
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """Wait for the parent's end, and end this process: a killed parent sends no signal."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # Ready as soon as the parent is gone, however it went: its end of a pipe closes.
    connection.wait([parent.sentinel])
    if WorkerState.busy:
        # Time for a solver to take its own processes with it.
        signal.raise_signal(signal.SIGTERM)
        time.sleep(ORPHAN_SECONDS)
    os._exit(1)


def _end(*_: object) -> None:
    """End a run as Ctrl-C would: solvers stop, and take their own processes with them."""
    WorkerState.ended = True
    if WorkerState.busy:
        raise KeyboardInterrupt
    if not WorkerState.begun:
        # It still imports, where an exception would be printed, and has nothing to clear up.
        os._exit(1)
    sys.exit()


class _Cluster:
    """State of a Dask cluster; every query has a time limit."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._threads = 0
        self._had_workers = False

    def slots(self) -> int:
        """Count runs for every thread; a few for a cluster without a worker, so that it grows."""
        return RUNS_PER_THREAD * max(1, self._threads)

    def problem(self) -> WorkerProblem | None:
        """Query the number of threads; return the problem, if there is one."""
        no_answer = "no answer from the scheduler"
        scheduler = self._client.scheduler
        if scheduler is None or self._client.status == "closed":
            # Dask itself has given up.
            return WorkerProblem(no_answer, 0.0)
        try:
            answer = self._client.sync(scheduler.ncores, callback_timeout=QUERY_SECONDS)
        except (OSError, RuntimeError):
            # A TimeoutError is an OSError; a client that closes meanwhile raises a RuntimeError.
            return WorkerProblem(no_answer, NO_ANSWER_SECONDS)
        threads: int = sum(answer.values())
        self._threads = threads
        self._had_workers = self._had_workers or threads > 0
        if threads == 0:
            timeout_seconds = NO_WORKER_SECONDS if self._had_workers else math.inf
            return WorkerProblem("the cluster has no worker", timeout_seconds)
        return None


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    try:
        import distributed
    except ImportError:
        raise UsageError("--scheduler needs Dask; pip install 'qkdopt[cluster]'") from None
    address = scheduler_address(address)
    with _no_tracebacks():
        try:
            client: Any = distributed.Client(address, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(
                f"scheduler {address}: no answer ({type(error).__name__}); expected the address "
                "of a running Dask scheduler, such as tcp://HOST:8786"
            ) from None
        try:
            yield client
        finally:
            client.close(timeout=2)


@contextmanager
def _no_tracebacks() -> Iterator[None]:
    """Keep Dask's own tracebacks off the terminal: the run report names lost runs."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
