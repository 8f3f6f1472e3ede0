"""What a running solve tells its caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """State of a run at one moment.

    Parameters
    ----------
    seconds
        Since the run started.
    phase
        What it is doing: compiling, heuristics, local search, bound, milp.
    served, without_key, incumbent_bps
        Best plan so far; None before the first.
    bound_bps
        Proved bound at that number served; None before the first.
    gap
        Relative gap of the two; None without a bound.
    solver_bps
        The MIP solver's own word for incumbent and bound at this moment, linearised rates
        not yet judged by the exact ones; None outside of a solver's run.
    """

    seconds: float
    phase: str
    served: int | None = None
    without_key: int | None = None
    incumbent_bps: float | None = None
    bound_bps: float | None = None
    gap: float | None = None
    solver_bps: tuple[float | None, float | None] | None = None


ProgressCallback = Callable[[Progress], None]
