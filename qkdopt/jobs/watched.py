"""Workers that keep shared data, watched while a run goes on here: it never waits for them."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from qkdopt.jobs.workers import NO_ANSWER_SECONDS, RUNS_PER_THREAD, Workers

PERIOD_SECONDS = 0.5
# Time without an answer from the scheduler after which a run goes on without it: what its workers
# had is done again here long before.
SILENT_SECONDS = 15.0
# Tasks in a row that may fail, each perhaps with its worker, before the workers are given up.
FAILURES = 8
DISCARD_SECONDS = 2.0


class WatchedWorkers:
    """Workers with data of one name, ready as soon as all have received them.

    Parameters
    ----------
    workers
        The executor.
    name, data
        What its processes keep, see :mod:`qkdopt.jobs.shared`; a part is added to the name that no
        other run has, so that none takes the data of another one away.
    """

    def __init__(self, workers: Workers, name: str, data: bytes) -> None:
        self._workers = workers
        self.name = f"{name}-{uuid.uuid4().hex}"
        self._data = data
        self._threads = 0
        self._failures = 0
        self._closed = threading.Event()
        self.lost = ""
        """Why they are given up; empty while they are not."""
        self._watch = threading.Thread(target=self._follow, name="workers", daemon=True)
        self._watch.start()

    @property
    def threads(self) -> int:
        """Tasks that they do at a time at this moment; 0 before they are ready and when lost."""
        return 0 if self.lost or self._closed.is_set() else self._threads

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any] | None:
        """Hand a task over; None where they take none any more."""
        try:
            future: Future[Any] = self._workers.executor.submit(function, *arguments)
        except Exception as error:
            self.give_up(f"{type(error).__name__}: {error}")
            return None
        return future

    def result(self, future: Future[Any]) -> Any:
        """Return what a task that has ended brought; None where it is to be done again."""
        try:
            found = future.result(timeout=0)
        except (Exception, CancelledError) as error:
            self._failures += 1
            if self._failures >= FAILURES:
                self.give_up(f"{FAILURES} tasks failed in a row, the last with {error!r:.200}")
            return None
        self._failures = 0
        return found

    def give_up(self, reason: str) -> None:
        """Take nothing more from them; the first reason counts."""
        self.lost = self.lost or reason

    def close(self) -> None:
        """Let the workers forget the data, unless they have gone away."""
        self._closed.set()
        if not self.lost:
            # A worker that hangs would hold up the end of the run.
            closing = threading.Thread(target=self._discard, daemon=True)
            closing.start()
            closing.join(DISCARD_SECONDS)

    def _discard(self) -> None:
        with contextlib.suppress(Exception):
            self._workers.discard(self.name)

    def _follow(self) -> None:
        try:
            self._workers.share(self.name, self._data)
        except Exception as error:
            self.give_up(f"{type(error).__name__}: {error}")
        if self._closed.is_set():
            # The run ended while they were on their way.
            self._discard()
        since: float | None = None
        while not self.lost and not self._closed.is_set():
            try:
                problem = self._workers.problem()
                slots = self._workers.slots()
            except Exception as error:
                self.give_up(f"{type(error).__name__}: {error}")
                return
            self._threads = 0 if problem is not None else max(1, slots // RUNS_PER_THREAD)
            if problem is None:
                since = None
            else:
                now = time.monotonic()
                since = now if since is None else since
                # A cluster without a worker may get another one: that one is not given up.
                silent = problem.timeout_seconds <= NO_ANSWER_SECONDS
                if silent and now - since >= min(problem.timeout_seconds, SILENT_SECONDS):
                    self.give_up(problem.text)
            self._closed.wait(PERIOD_SECONDS)
