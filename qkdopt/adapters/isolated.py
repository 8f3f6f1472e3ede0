"""Run a solver in a process of its own, which is ended when its time is up.

A solver may not check its clock for minutes (HiGHS's presolve of large rows), and C code in our own
process cannot be ended. What the solver reported until then counts: its best solution and its bound
are sent while it runs.

The process is a fresh interpreter and no fork, which would inherit locks of our threads and of
compiled code; ``multiprocessing`` would run the caller's main module again. It imports only what
an adapter needs, and is kept for the next program.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pickle import loads
from queue import Empty, SimpleQueue
from typing import ClassVar

from qkdopt.adapters.base import Limits, Observer, RawOutcome
from qkdopt.adapters.job import (
    Failure,
    ImprovedSolution,
    Job,
    Reply,
    Runnable,
    SolverProgress,
    receive,
    send,
)
from qkdopt.adapters.program import Floats, Program
from qkdopt.errors import SolverFailedError

# How often the observer is called.
PERIOD_S = 0.1
# Time for a solver to end by itself: beyond its time limit, and after a request to stop.
GRACE_S = 0.4
# Violation up to which a reported point is a solution, as of a returned one.
TOLERANCE = 1e-5
# Our status of a run whose process was ended; for all solvers a limit.
OVERDUE = "ended by qkdopt: out of time"
START = "import sys; sys.path[:] = {path!r}; from qkdopt.adapters.worker import main; main()"


def run_isolated(
    adapter: Runnable,
    program: Program | None,
    limits: Limits,
    start: Floats | None,
    observer: Observer,
) -> RawOutcome:
    """Run an adapter in a process of its own.

    Parameters
    ----------
    adapter
        Its ``run`` is called with the other parameters.
    program
        The program; None where the adapter holds its own model.
    limits
        Limits and settings of the run.
    start
        ``(columns,)`` values of the MIP start; None for no start.
    observer
        Called with incumbent and bound; returns whether to continue.

    Returns
    -------
    raw
        The adapter's result, or with the status ``OVERDUE`` the best solution and the bound that
        it had reported when its process was ended.

    Raises
    ------
    SolverFailedError
        The process ended by itself: the solver crashed.
    """
    deadline = time.monotonic() + limits.seconds
    worker = _Worker.take()
    try:
        job = Job(
            adapter=adapter,
            program=None if program is None else program.portable(),
            limits=limits,
            start=start,
            deadline=deadline,
        )
        worker.send(job)
        raw = _Run(worker, program, deadline, observer).result()
    except BaseException:
        worker.end()
        raise
    if raw.word == OVERDUE:
        worker.end()
    else:
        worker.give_back()
    return raw


def prepare() -> None:
    """Start a process for the next run, so that it is ready once the program is built."""
    _Worker.take().give_back()


class _Run:
    """One job under way."""

    def __init__(
        self, worker: _Worker, program: Program | None, deadline: float, observer: Observer
    ) -> None:
        self._worker, self._program, self._observer = worker, program, observer
        self._end = deadline + GRACE_S
        self._progress = SolverProgress(None, None)
        self._values: Floats | None = None

    def result(self) -> RawOutcome:
        """Wait for the result, and call the observer meanwhile; raise the error of a failed run."""
        while time.monotonic() < self._end:
            reply = self._worker.reply(PERIOD_S)
            if isinstance(reply, RawOutcome):
                # The result itself has the final incumbent and bound.
                return reply
            if isinstance(reply, Failure):
                raise reply.error
            if isinstance(reply, SolverProgress):
                self._progress = reply
            elif isinstance(reply, ImprovedSolution):
                self._values = reply.values
                self._observer.improve(reply.values)
            self._observe()
        return RawOutcome(word=OVERDUE, values=self._solution(), bound=self._progress.bound)

    def _solution(self) -> Floats | None:
        """Return the last solution that was reported, if it is one."""
        if self._values is None or self._program is None:
            return None
        if self._program.violation(self._values) > TOLERANCE:
            return None
        return self._values

    def _observe(self) -> None:
        stopped = self._observer.stopped
        if not stopped and not self._observer(self._progress.incumbent, self._progress.bound):
            self._worker.stop()
            self._end = min(self._end, time.monotonic() + GRACE_S)


class _Worker:
    """A process that takes jobs, one by one.

    Idle ones are the one state kept here: starting one takes longer than most small programs, and
    a run solves hundreds of them.
    """

    _idle: ClassVar[list[_Worker]] = []

    def __init__(self) -> None:
        self._owner = os.getpid()
        # Temporary files of a solver are removed with its process.
        self._folder = tempfile.TemporaryDirectory(prefix="qkdopt-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [sys.executable, "-c", START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": self._folder.name, "TEMP": self._folder.name},
            # An interrupt from the keyboard goes to this process, which then stops the solver.
            start_new_session=True,
        )
        self._number = 0
        self._replies: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="solver's replies", daemon=True)
        self._reader.start()

    @classmethod
    def take(cls) -> _Worker:
        """Return an idle process, or a new one."""
        while cls._idle:
            worker = cls._idle.pop()
            if worker._usable:
                return worker
            worker.end()
        return cls()

    def give_back(self) -> None:
        """Keep the process for the next job."""
        self._idle.append(self)

    @property
    def _usable(self) -> bool:
        # After a fork two processes would share its pipes.
        return self._owner == os.getpid() and self._process.poll() is None

    def send(self, job: Job) -> None:
        """Begin a job."""
        self._number += 1
        assert self._process.stdin is not None
        # A process that has exited is noticed by its missing reply.
        with suppress(OSError):
            send(self._process.stdin, self._number, job)

    def stop(self) -> None:
        """Ask the solver to end the job."""
        assert self._process.stdin is not None
        with suppress(OSError):
            send(self._process.stdin, self._number, None)

    def reply(self, seconds: float) -> Reply | None:
        """Return the next reply to the job; None when none comes within the seconds.

        Raises
        ------
        SolverFailedError
            The process has exited.
        """
        try:
            message = self._replies.get(timeout=seconds)
        except Empty:
            return None
        if message is None:
            code = self._process.wait()
            ending = f"signal {-code}" if code < 0 else f"exit status {code}"
            raise SolverFailedError(f"the solver's process ended with {ending}")
        reply: Reply = loads(message[1])
        return reply

    def end(self) -> None:
        """End the process at once."""
        if self._owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        self._folder.cleanup()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while (message := receive(self._process.stdout)) is not None:
            self._replies.put(message)
        self._replies.put(None)

    @classmethod
    def end_idle(cls) -> None:
        """End the processes that wait for jobs."""
        while cls._idle:
            cls._idle.pop().end()


atexit.register(_Worker.end_idle)
