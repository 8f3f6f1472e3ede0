"""The process in which a solver runs: it executes jobs one by one until its parent exits.

Started by :mod:`qkdopt.adapters.isolated`. Jobs come on standard input and replies go to standard
output; both are duplicated first, so that a solver's own output does not mix with them.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
import traceback
from dataclasses import replace
from queue import SimpleQueue
from typing import IO, Any

from qkdopt.adapters.base import Observer, finite
from qkdopt.adapters.job import Failure, ImprovedSolution, Job, Reply, SolverProgress, receive, send
from qkdopt.adapters.program import Floats
from qkdopt.errors import SolverFailedError

# Least interval of progress messages [s].
PERIOD_S = 0.05


def main() -> None:
    """Execute jobs and send replies until the parent exits."""
    # The parent ends this process by signal: a handler would wait for the solver.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    connection = _Connection(_redirect(0, "rb"), _redirect(1, "wb"))
    while True:
        number, data = connection.next()
        _run_job(pickle.loads(data), number, connection)


def _redirect(number: int, mode: str) -> IO[bytes]:
    """Return the stream of a file descriptor, and redirect the descriptor to the null device."""
    stream: Any = os.fdopen(os.dup(number), mode)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, number)
    os.close(null)
    return stream  # type: ignore[no-any-return]


class _Connection:
    """Connection to the parent: jobs, requests to stop, and replies."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._requests, self._replies = requests, replies
        self._jobs: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self.stopped = -1
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> tuple[int, bytes]:
        """Wait for the next job, still packed: unpacking it may import a solver."""
        return self._jobs.get()

    def send(self, number: int, reply: Reply) -> None:
        """Send a reply; without a parent to read it this process ends."""
        try:
            send(self._replies, number, reply)
        except OSError:
            os._exit(1)

    def _read(self) -> None:
        while (message := receive(self._requests)) is not None:
            number, data = message
            if data:
                self._jobs.put(message)
            else:
                self.stopped = max(self.stopped, number)
        # The parent has exited and waits for no reply.
        os._exit(0)


class _Reporter(Observer):
    """Send the solver's reports to the parent, and return whether to continue."""

    def __init__(self, number: int, connection: _Connection) -> None:
        super().__init__(None)
        self._number, self._connection = number, connection
        self._lock = threading.Lock()
        self._sent = SolverProgress(None, None)
        self._sent_at = -PERIOD_S

    def __call__(self, incumbent: float | None, bound: float | None) -> bool:
        progress = SolverProgress(finite(incumbent), finite(bound))
        with self._lock:
            now = time.monotonic()
            if progress != self._sent and now - self._sent_at >= PERIOD_S:
                self._connection.send(self._number, progress)
                self._sent, self._sent_at = progress, now
        self.stopped = self.stopped or self._connection.stopped >= self._number
        return not self.stopped

    def improve(self, values: Floats) -> None:
        with self._lock:
            self._connection.send(self._number, ImprovedSolution(values))


def _run_job(job: Job, number: int, connection: _Connection) -> None:
    reporter = _Reporter(number, connection)
    try:
        seconds = max(0.0, job.deadline - time.monotonic())
        limits = replace(job.limits, seconds=seconds)
        reply: Reply = job.adapter.run(job.program, limits, job.start, reporter)
        if reporter.error is not None:
            raise reporter.error
    except BaseException as error:
        reply = Failure(_portable(error))
    connection.send(number, reply)


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the place where it was raised."""
    error.add_note(f"In the solver's process:\n{traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return SolverFailedError(f"{type(error).__name__}: {error}")
    return error
