"""Rate levels: where the bound tells key rates apart, a few levels first.

What a demand draws is priced level by level (:mod:`qkdopt.bounds.dual`). More levels make a tighter
bound and as many more prices to find, so those of two levels are found first; each level is then
split, and its parts begin at prices that give the same bound.
"""

from __future__ import annotations

import numpy as np

from qkdopt.bounds.bundle import BundleState, first_state
from qkdopt.bounds.cuts import refined_cuts
from qkdopt.bounds.dual import DualData
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

# Levels of the first and the second stage.
COARSE_LEVELS = (2, 4)


def level_edges(rates_bps: FloatArray, highest_bps: float, levels: int) -> FloatArray:
    """``(L + 1,)`` edges of rate levels from 0 to the highest rate.

    Inner edges are spread evenly over the rates of a known plan: there the bound needs to tell
    rates apart. Quantiles would collapse where many demands have no rate or the same. Any rising
    edges that end at the highest rate are valid.

    Parameters
    ----------
    rates_bps
        ``(n,)`` rates of the known plan's demands [bit/s]; those of 0 do not count.
    highest_bps
        Highest rate of any link.
    levels
        Number of levels; fewer where edges coincide.
    """
    positive = rates_bps[rates_bps > 0.0]
    lowest, highest = positive.min(initial=np.inf), positive.max(initial=0.0)
    inner = np.linspace(lowest, highest, levels)[:-1] if len(positive) else np.empty(0)
    last_bps = max(highest_bps, 1e-9)
    edges = [0.0]
    for edge in inner:
        if edges[-1] + 1e-6 * last_bps < edge < last_bps * (1.0 - 1e-6):
            edges.append(float(edge))
    return np.array([*edges, last_bps])


def level_stages(edges: FloatArray | None) -> list[FloatArray | None]:
    """Return edges of rising number, of which each set holds the one before it.

    Parameters
    ----------
    edges
        ``(L + 1,)`` the last stage; None where there are no levels, and so one stage alone.
    """
    if edges is None:
        return [None]
    stages: list[FloatArray | None] = []
    chosen: set[int] = set()
    for levels in COARSE_LEVELS:
        if levels < len(edges) - 1:
            chosen |= set(np.linspace(0, len(edges) - 1, levels + 1).round().astype(int).tolist())
            stages.append(edges[sorted(chosen)])
    return [*stages, edges]


def refined_state(state: BundleState, coarse: DualData, fine: DualData) -> BundleState:
    """Return the state of a coarse relaxation over finer levels: the bound there is the same.

    The parts of a level share its prices by their widths: what a demand draws, and what a load
    state offers, is then worth as much as before.

    Parameters
    ----------
    state
        Prices and cuts over the levels of ``coarse``.
    coarse, fine
        One relaxation, with levels of which the fine ones are parts of the coarse ones.
    """
    parent = parent_levels(coarse.level_widths, fine.level_widths)
    finer = first_state(fine, 1.0)
    finer.prices[:, 0] = state.prices[:, 0]
    width = fine.level_widths / coarse.level_widths[parent]
    finer.prices[:, 1:] = state.prices[:, 1 + parent] * width
    finer.sigma, finer.step, finer.value_bps = state.sigma, state.step, state.value_bps
    finer.cuts = refined_cuts(state.cuts, fine, parent)
    finer.slot_order = state.slot_order.copy()
    return finer


def parent_levels(coarse_widths: FloatArray, fine_widths: FloatArray) -> IntArray:
    """Return ``(L,)`` the coarse level that each fine one is a part of."""
    middles = np.cumsum(fine_widths) - 0.5 * fine_widths
    found = np.searchsorted(np.cumsum(coarse_widths), middles)
    return np.minimum(found, len(coarse_widths) - 1).astype(np.int64)
