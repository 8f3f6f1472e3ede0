"""What goes to a solver's own process and what comes back from it."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any, Protocol

from qkdopt.adapters.base import Answer, Limits, Observer
from qkdopt.adapters.program import Floats, Program

# Ahead of every message: the number of its job, and its length in bytes.
HEAD = struct.Struct("<QQ")


class Runs(Protocol):
    """An adapter, as the process of its own sees it."""

    def run(self, program: Any, limits: Limits, start: Floats | None, observer: Observer) -> Answer:
        """Hand the program to the solver and read its answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One program for one solver.

    Parameters
    ----------
    adapter
        Whose ``run`` is called.
    program, limits, start
        Its arguments; no program where the adapter is one.
    deadline
        ``time.monotonic()`` at which the solver's time is up: that clock is the machine's, so that
        the start of the process and the transport count.
    """

    adapter: Runs
    program: Program | None
    limits: Limits
    start: Floats | None
    deadline: float


@dataclass(frozen=True, slots=True)
class News:
    """Incumbent and bound of the running solver, in the program's sense."""

    incumbent: float | None
    bound: float | None


@dataclass(frozen=True, slots=True)
class Improved:
    """The best solution so far, one value per column."""

    values: Floats


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that ended the run."""

    error: BaseException


# What a job sends home: any number of News and Improved, then an Answer or a Failed.
Reply = News | Improved | Answer | Failed


def send(stream: IO[bytes], number: int, message: Job | Reply | None) -> None:
    """Write a message of a job; None asks for the job's end."""
    data = b"" if message is None else pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(HEAD.pack(number, len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[int, bytes] | None:
    """Read the next message, still packed; None when the other side has gone."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    number, length = HEAD.unpack(head)
    data = stream.read(length)
    return (number, data) if len(data) == length else None
