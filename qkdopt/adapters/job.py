"""Messages to and from a solver's own process."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any, Protocol

from qkdopt.adapters.base import Limits, Observer, RawOutcome
from qkdopt.adapters.program import Floats, Program

# Ahead of every message: the number of its job, and its length in bytes.
HEAD = struct.Struct("<QQ")


class Runnable(Protocol):
    """Interface of an adapter in its own process."""

    def run(
        self, program: Any, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Pass the program to the solver and return its result; see :class:`Job`.

        Parameters
        ----------
        program
            The program; None where the adapter holds its own model.
        limits
            Limits and settings of the run.
        start
            ``(columns,)`` values of the MIP start; None for no start.
        observer
            Called with incumbent and bound; returns whether to continue.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One program for one solver.

    Parameters
    ----------
    adapter
        Adapter whose ``run`` is called.
    program, limits, start
        Its arguments; the program is None where the adapter holds its own model.
    deadline
        ``time.monotonic()`` at which the solver's time is up: that clock is the machine's, so that
        the start of the process and the transport count.
    """

    adapter: Runnable
    program: Program | None
    limits: Limits
    start: Floats | None
    deadline: float


@dataclass(frozen=True, slots=True)
class SolverProgress:
    """Incumbent and bound of the running solver, in the program's sense."""

    incumbent: float | None
    bound: float | None


@dataclass(frozen=True, slots=True)
class ImprovedSolution:
    """The best solution so far, one value per column."""

    values: Floats


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that ended the run."""

    error: BaseException


# Replies to a job: any number of SolverProgress and ImprovedSolution, then a RawOutcome or Failure.
Reply = SolverProgress | ImprovedSolution | RawOutcome | Failure


def send(stream: IO[bytes], number: int, message: Job | Reply | None) -> None:
    """Write a message of a job; None requests the job's end.

    Parameters
    ----------
    stream
        Stream to the other process.
    number
        Number of the job.
    message
        The job, a reply to it, or None.
    """
    data = b"" if message is None else pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(HEAD.pack(number, len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[int, bytes] | None:
    """Read the next message, still packed; None when the other process has exited."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    number, length = HEAD.unpack(head)
    data = stream.read(length)
    return (number, data) if len(data) == length else None
