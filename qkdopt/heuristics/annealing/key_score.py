"""Scores of lightpaths whose demands share the keys of links, in one pass or two over all hops.

What counts exactly is a linear or an integer program of its own
(:mod:`qkdopt.problem.key_shares`); a search judges hundreds of thousands of plans a second by keys
that can be given for certain: every demand the share of its need that the fullest link of its route
allows, or one demand after the other in a fixed order.
"""

from __future__ import annotations

import numpy as np

from qkdopt.runtime.compiled import njit_noalloc

# Codes of the objectives.
KEY_FACTOR, KEY_DELIVERED, KEY_SERVED = 3, 4, 5
# What all keys together count beside the objective: it leads where the objective is level.
GUIDE, GUIDE_SERVED = 0.01, 0.05


@njit_noalloc
def key_score(objective, path, path_start, hops, link_rate, needs, order, drawn):
    """Return the score of lightpaths [bit/s] and the number served.

    Parameters
    ----------
    objective
        Code of the objective.
    path
        ``(R,)`` path of each demand; -1 when blocked.
    path_start, hops
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    link_rate
        ``(E,)`` key rate of each link [bit/s]; below 0 where none can be had.
    needs
        ``(R, 2)`` need of each demand, and what meeting it adds to the objective [bit/s].
    order
        ``(R,)`` in which order demands are met.
    drawn
        ``(E,)`` what is drawn of each link, written.
    """
    for e in range(len(drawn)):
        drawn[e] = 0.0
    total, served = 0.0, 0
    for r in range(len(path)):
        total += needs[r, 0]
        p = path[r]
        if p < 0:
            continue
        served += 1
        if needs[r, 0] > 0.0:
            for h in range(path_start[p], path_start[p + 1]):
                drawn[hops[h, 0]] += needs[r, 0]
    worst, delivered, shares = np.inf, 0.0, 0.0
    for r in range(len(path)):
        p = path[r]
        if p < 0 or needs[r, 0] <= 0.0:
            continue
        factor = np.inf
        for h in range(path_start[p], path_start[p + 1]):
            e = hops[h, 0]
            factor = min(factor, max(0.0, link_rate[e]) / drawn[e])
        worst = min(worst, factor)
        shares += factor * needs[r, 0]
        delivered += min(1.0, factor) * needs[r, 0]
    if objective == KEY_FACTOR:
        return (worst * total if worst < np.inf else 0.0) + GUIDE * shares, served
    if objective == KEY_DELIVERED:
        return delivered, served
    met = _met_in_order(path, path_start, hops, link_rate, needs, order, drawn)
    return met + GUIDE_SERVED * delivered, served


@njit_noalloc
def _met_in_order(path, path_start, hops, link_rate, needs, order, left):
    """Return what the demands are worth that are met in full, one after the other."""
    for e in range(len(left)):
        left[e] = max(0.0, link_rate[e])
    met = 0.0
    for r in order:
        p, need = path[r], needs[r, 0]
        if p < 0 or need <= 0.0:
            continue
        fits = True
        for h in range(path_start[p], path_start[p + 1]):
            if left[hops[h, 0]] < need:
                fits = False
                break
        if fits:
            met += needs[r, 1]
            for h in range(path_start[p], path_start[p + 1]):
                left[hops[h, 0]] -= need
    return met
