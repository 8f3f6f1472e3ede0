"""The least key rate that a demand must keep: checker and search share it."""

from __future__ import annotations

from qkdopt.instance import Demand


def min_skr_of(demand: Demand, min_skr_bps: float) -> float:
    """Floor of one demand [bit/s]: the plan's, or its own least rate where that is higher."""
    return max(min_skr_bps, demand.min_skr_bps or 0.0)
