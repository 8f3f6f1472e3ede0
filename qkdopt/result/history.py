"""Incumbent and bound over the time of a run."""

from __future__ import annotations

from qkdopt.result.base import Record

# Points that a result keeps: its file stays small, whatever the run took.
HISTORY_POINTS = 500


class HistoryPoint(Record):
    """Where a run stood when its incumbent or its bound changed."""

    seconds: float
    """Since the run started; the first compilation is no part of them."""
    served: int
    objective_bps: float
    """Of the incumbent, by the exact physics."""
    bound_bps: float | None
    """Proved bound at that number served; null before the first."""
    gap: float | None
    phase: str
    """What the run was doing, such as ``local search``."""
