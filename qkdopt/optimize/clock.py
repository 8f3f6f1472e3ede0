"""Limits of a run, its reports, and whether it was interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from qkdopt.errors import SolverFailedError
from qkdopt.optimize.history import History
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.progress import Progress, ProgressCallback
from qkdopt.problem.plan import Assessment
from qkdopt.result import gap_of
from qkdopt.runtime.deadline import within

T = TypeVar("T")

# Solvers end a little before their limit, those that count whole seconds by up to one.
NEAR_S, NEAR_SHARE = 1.0, 0.02


@dataclass
class Clock:
    """Time limit, stop flag and progress of one run.

    Parameters
    ----------
    time_limit
        Seconds the run may take.
    gap
        Relative gap at which it is done.
    progress
        Called with every change; from the calling thread only.
    stop
        Ends the threads of a run.
    interruption
        Set by the user, who asks for the end.
    timed_out
        Whether the time limit cut something short.
    failures
        How solvers failed, each in a phrase.
    history
        Incumbent and bound over time.
    repeatable
        Whether the run is to repeat exactly: nothing is noted at a moment that the clock chose.
    """

    time_limit: float
    gap: float
    progress: ProgressCallback | None = None
    started: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    interruption: threading.Event = field(default_factory=threading.Event)
    timed_out: bool = False
    failures: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)
    repeatable: bool = False
    _paused_at: float | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        """Seconds since the run started, pauses left out."""
        paused_at = self._paused_at
        return (time.monotonic() if paused_at is None else paused_at) - self.started

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return self.time_limit - self.seconds

    def note_limit(self) -> None:
        """Note that a solver came to its limit: the time limit, if it is about to come."""
        near = max(NEAR_S, NEAR_SHARE * self.time_limit)
        self.timed_out = self.timed_out or self.left <= near

    def over(self) -> bool:
        """Whether the run has to end now."""
        self.timed_out = self.timed_out or self.left <= 0.0
        return self.stop.is_set() or self.interrupted or self.left <= 0.0

    def note_failure(self, error: SolverFailedError) -> None:
        """Note that a solver failed: it costs what it would have proved, and no plan."""
        self.failures.append(str(error))

    def note_memory(self) -> None:
        """Note that memory ran out: what is known by then stays."""
        text = "memory ran out; fewer threads or candidate routes, or a larger gap, take less"
        self.failures.append(text)

    @property
    def interrupted(self) -> bool:
        """Whether the user asked for the end."""
        return self.interruption.is_set()

    def interrupt(self) -> None:
        """Note that the user asked for the end."""
        self.interruption.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave what is done in the block out of the time."""
        began = self._paused_at = time.monotonic()
        try:
            yield
        finally:
            self.started += time.monotonic() - began
            self._paused_at = None

    def within(self, work: Callable[[], T]) -> T | None:
        """Return the result of work in Python; None when time is up before it is done."""
        return within(self.over, work)

    def enter(self, phase: str) -> None:
        """Note what the run does from now on."""
        self.history.phase = phase

    def note_plan(self, exact: Assessment) -> None:
        """Note a better plan."""
        self.history.note(self.seconds, *exact.key)

    def report(
        self,
        phase: str,
        incumbent: Incumbent | None = None,
        bound_bps: float | None = None,
        *,
        bound_served: int | None = None,
        solver: tuple[float | None, float | None] | None = None,
        by_clock: bool = False,
    ) -> None:
        """Report to the caller where the run stands, and note it.

        Parameters
        ----------
        phase
            What the run does now.
        incumbent
            Best plan so far; None where there is none yet.
        bound_bps
            Proved bound on the objective [bit/s]; None while there is none.
        bound_served
            Number served that the bound holds for; None for the incumbent's. The bound of another
            number is left out.
        solver
            The solver's own incumbent and bound [bit/s], each None where it has none; None where no
            solver runs.
        by_clock
            Whether the clock chose the moment, so that another run would report something else.
        """
        exact = incumbent.exact if incumbent is not None else None
        if exact is None or bound_served not in (None, exact.served):
            bound_bps = None
        self.enter(phase)
        if exact is not None and not (by_clock and self.repeatable):
            self.history.note(self.seconds, *exact.key, bound_bps=bound_bps)
        if self.progress is None:
            return
        self.progress(
            Progress(
                seconds=self.seconds,
                phase=phase,
                served=None if exact is None else exact.served,
                without_key=None if exact is None else exact.without_key,
                incumbent_bps=None if exact is None else exact.objective_bps,
                bound_bps=bound_bps,
                gap=None if exact is None else gap_of(exact.objective_bps, bound_bps),
                solver_bps=solver,
            )
        )
