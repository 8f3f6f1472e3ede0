"""The process in which a solver runs: it takes jobs one by one until nobody sends any.

Started by :mod:`qkdopt.adapters.isolated`. Jobs come on standard input and replies leave on
standard output, both moved aside first, so that nothing a solver prints gets among them.
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
from qkdopt.adapters.job import Failed, Improved, Job, News, Reply, receive, send
from qkdopt.adapters.program import Floats
from qkdopt.errors import SolverFailedError

# News closer together than this are not worth a message.
PERIOD_S = 0.05


def main() -> None:
    """Take jobs and send replies until the parent has gone."""
    # The parent ends this process by signal: a handler would wait for the solver.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    post = _Post(_set_aside(0, "rb"), _set_aside(1, "wb"))
    while True:
        number, data = post.next()
        _do(pickle.loads(data), number, post)


def _set_aside(number: int, mode: str) -> IO[bytes]:
    """Return the stream of a file descriptor, and let the descriptor lead nowhere."""
    stream: Any = os.fdopen(os.dup(number), mode)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, number)
    os.close(null)
    return stream  # type: ignore[no-any-return]


class _Post:
    """Jobs, the stops that arrive while a solver runs, and replies."""

    def __init__(self, orders: IO[bytes], replies: IO[bytes]) -> None:
        self._orders, self._replies = orders, replies
        self._jobs: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self.stopped = -1
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> tuple[int, bytes]:
        """Wait for the next job; it is unpacked by whom it is for, which may import a solver."""
        return self._jobs.get()

    def send(self, number: int, reply: Reply) -> None:
        """Send a reply; without a parent to read it this process ends."""
        try:
            send(self._replies, number, reply)
        except OSError:
            os._exit(1)

    def _read(self) -> None:
        while (order := receive(self._orders)) is not None:
            number, data = order
            if data:
                self._jobs.put(order)
            else:
                self.stopped = max(self.stopped, number)
        # Nobody waits for an answer any more, whatever the solver does.
        os._exit(0)


class _Reporter(Observer):
    """Sends home what the solver reports, and says whether to go on."""

    def __init__(self, number: int, post: _Post) -> None:
        super().__init__(None)
        self._number, self._post = number, post
        self._lock = threading.Lock()
        self._sent = News(None, None)
        self._sent_at = -PERIOD_S

    def __call__(self, incumbent: float | None, bound: float | None) -> bool:
        news = News(finite(incumbent), finite(bound))
        with self._lock:
            now = time.monotonic()
            if news != self._sent and now - self._sent_at >= PERIOD_S:
                self._post.send(self._number, news)
                self._sent, self._sent_at = news, now
        self.stopped = self.stopped or self._post.stopped >= self._number
        return not self.stopped

    def improve(self, values: Floats) -> None:
        with self._lock:
            self._post.send(self._number, Improved(values))


def _do(job: Job, number: int, post: _Post) -> None:
    reporter = _Reporter(number, post)
    try:
        seconds = max(0.0, job.deadline - time.monotonic())
        limits = replace(job.limits, seconds=seconds)
        reply: Reply = job.adapter.run(job.program, limits, job.start, reporter)
        if reporter.error is not None:
            raise reporter.error
    except BaseException as error:
        reply = Failed(_portable(error))
    post.send(number, reply)


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the place where it was raised."""
    error.add_note(f"In the solver's process:\n{traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return SolverFailedError(f"{type(error).__name__}: {error}")
    return error
