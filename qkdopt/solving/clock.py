"""Limits of a run, its reports, and whether it was interrupted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from qkdopt.result import gap_of
from qkdopt.solving.incumbent import Incumbent
from qkdopt.solving.progress import Progress, ProgressCallback


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
    """

    time_limit: float
    gap: float
    progress: ProgressCallback | None = None
    started: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    interrupted: bool = False

    @property
    def seconds(self) -> float:
        """Seconds since the run started."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return self.time_limit - self.seconds

    def over(self) -> bool:
        """Whether the run has to end now."""
        return self.stop.is_set() or self.left <= 0.0

    def interrupt(self) -> None:
        """Note that the user asked for the end."""
        self.interrupted = True
        self.stop.set()

    def report(
        self,
        phase: str,
        incumbent: Incumbent | None = None,
        bound_bps: float | None = None,
        *,
        solver: tuple[float | None, float | None] | None = None,
    ) -> None:
        """Tell the caller where the run stands."""
        if self.progress is None:
            return
        exact = incumbent.exact if incumbent is not None else None
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
