"""The best set and plan so far, while the exact methods look for better ones."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from qkdopt.optimize import Progress, ProgressCallback
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan, assess
from qkdopt.result import gap_of


@dataclass
class BestSet:
    """Limits of one run, and the best of its sets by (served, objective).

    Parameters
    ----------
    time_limit, gap
        Seconds, and the relative gap at which sets count as equally good.
    progress
        Called with every change.
    share
        Of the time limit, for the method that runs now and those before it.
    stop
        Set by Ctrl-C: no time is left then.
    """

    time_limit: float
    gap: float
    progress: ProgressCallback | None = None
    channels: tuple[int, ...] = ()
    problem: Problem | None = None
    plan: Plan | None = None
    key: tuple[int, float] = (-1, 0.0)
    started: float = field(default_factory=time.monotonic)
    share: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        """Seconds since the run started."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds until the limit; never negative."""
        if self.stop.is_set():
            return 0.0
        return max(0.0, self.share * self.time_limit - self.seconds)

    def offer(self, channels: tuple[int, ...], problem: Problem, plan: Plan) -> bool:
        """Take a set's plan if it is better; return whether it was.

        Parameters
        ----------
        channels
            The set.
        problem
            The instance with the set.
        plan
            A plan of the problem.
        """
        key = assess(problem, plan).key
        if key <= self.key:
            return False
        self.channels, self.problem, self.plan, self.key = channels, problem, plan, key
        return True

    def beaten_by(self, served: int, bound_bps: float) -> bool:
        """Whether a set with such limits may be better by more than the gap."""
        if served != self.key[0]:
            return served > self.key[0]
        return bound_bps * (1.0 - self.gap) > self.key[1]

    def report(self, phase: str, bound_bps: float | None) -> None:
        """Report to the caller where the run stands."""
        if self.progress is None or self.plan is None:
            return
        self.progress(
            Progress(
                seconds=self.seconds,
                phase=phase,
                served=self.key[0],
                incumbent_bps=self.key[1],
                bound_bps=bound_bps,
                gap=gap_of(self.key[1], bound_bps),
            )
        )
