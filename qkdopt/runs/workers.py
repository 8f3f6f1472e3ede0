"""Who does the runs: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from qkdopt.errors import UsageError

ANSWER_SECONDS = 10.0
# A cluster's worker has its next run at hand while a row travels home.
RUNS_PER_THREAD = 2


@dataclass(frozen=True)
class Workers:
    """An executor, and how many runs it takes at a time.

    Parameters
    ----------
    executor
        Through the futures interface of the standard library.
    slots
        Runs to hand out at this moment; a cluster may grow and shrink.
    """

    executor: Executor
    slots: Callable[[], int]


@contextmanager
def open_workers(scheduler: str | None, workers: int | None) -> Iterator[Workers]:
    """Open a pool of processes on this machine, or an existing Dask cluster.

    Raises
    ------
    UsageError
        Dask is not installed, or the scheduler does not answer.
    """
    if scheduler is not None:
        with _dask_client(scheduler) as client:
            yield Workers(client.get_executor(pure=False), lambda: _cluster_slots(client))
        return
    count = workers or os.cpu_count() or 1
    # A fresh interpreter each: a forked one would inherit the parent's threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context)
    try:
        yield Workers(pool, lambda: count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _cluster_slots(client: Any) -> int:
    """Count runs for every thread; some for a cluster without a worker yet, so that it grows."""
    threads: int = sum(client.nthreads().values())
    return RUNS_PER_THREAD * max(1, threads)


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    try:
        import distributed
    except ImportError:
        raise UsageError("--scheduler needs Dask; pip install 'qkdopt[cluster]'") from None
    with _no_tracebacks():
        try:
            client: Any = distributed.Client(address, timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
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
    """Keep Dask's own tracebacks off the terminal: what was lost is told in our words."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
