"""What a method is, what it is given and what it returns."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass

from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan


@dataclass(frozen=True)
class Limits:
    """Limits of one run, the same for every method.

    Parameters
    ----------
    seconds
        Time limit [s] of the method itself.
    threads
        Threads that it may use; a method that has no use for more takes one.
    seed
        Of every random choice.
    """

    seconds: float
    threads: int
    seed: int


@dataclass(frozen=True)
class Answer:
    """What a method found and what it claims to have proved.

    Parameters
    ----------
    plan
        The plan; None where the method found none.
    bound_bps
        Claimed limit [bit/s] on the exact objective of any plan that serves as many demands; None
        without one. A limit on a surrogate is none.
    served_bound
        Claimed limit on the number of demands served; None without one.
    note
        What the method says about its run, such as the value of its surrogate.
    """

    plan: Plan | None
    bound_bps: float | None = None
    served_bound: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Method:
    """One way to solve an instance.

    Parameters
    ----------
    name
        As the table and the command line have it.
    run
        Solves a problem within its limits.
    library
        Module that has to be installed for it.
    install
        How to install that module.
    timed
        Whether it goes on until its limit or a proof; without, it ends by itself, in an instant.
    """

    name: str
    run: Callable[[Problem, Limits], Answer]
    library: str = "qkdopt"
    install: str = "pip install qkdopt"
    timed: bool = True

    @property
    def missing(self) -> str:
        """What has to be installed first; empty where nothing is missing."""
        if importlib.util.find_spec(self.library) is not None:
            return ""
        return f"{self.library} is not installed; {self.install}"


class Deadline:
    """Time left of a method that keeps its own clock.

    Parameters
    ----------
    seconds
        Time from now on [s].
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Time left [s]; 0 once it is over."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self.left <= 0.0
