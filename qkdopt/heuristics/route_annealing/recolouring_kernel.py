"""Channels for lightpaths that first fit left out, in place of others that get new ones; compiled.

Lightpaths without a channel wait. Each step takes the one that is in the way of fewest others on
some channel, and those wait in its place; for a while they may not return to that channel. This is
the tabu search on partial colourings of Bloechliger and Zufferey (Computers & Operations Research
35, 960, 2008), with paths for the graph of conflicts. Where it does not get on, a demand that waits
may also take another path, if a channel is free there.
"""

from __future__ import annotations

import numpy as np

from qkdopt.heuristics.annealing.moves import draw
from qkdopt.problem.network_state import add_guards
from qkdopt.runtime.compiled import njit, njit_noalloc

# Steps for which a lightpath may not return to a channel: a share of those that wait, in tenths,
# and at random up to so many more.
TABU_TENTHS, TABU_RANDOM = 6, 10
# Most lightpaths that one may put out.
MOST_OUT = 32


@njit_noalloc
def _switch(lightpath, w, lit, path, path_start, hops, blocks, channel, occupant, blockers):
    """Light a lightpath on a channel, or darken it there."""
    slots = channel.shape[1]
    p = path[lightpath // slots]
    for h in range(path_start[p], path_start[p + 1]):
        e, d = hops[h, 0], hops[h, 1]
        occupant[hops[h, 2], w] = lightpath if lit else -1
        add_guards(blocks, blockers, e, d, w, 1 if lit else -1, blockers.shape[1])
    channel[lightpath // slots, lightpath % slots] = w if lit else -1


@njit_noalloc
def _in_the_way(
    lightpath, p, w, slots, demands, path_start, hops, blocks, groups, occupant, blockers, most,
    out,
):  # fmt: skip
    """List who is lit on a channel along a path; -1 for more than ``most``, or where it may not be.

    It may not where another channel of the same demand is, a demand in place, or the last channel
    that leaves a link a candidate.
    """
    n = 0
    for h in range(path_start[p], path_start[p + 1]):
        e, d, other = hops[h, 0], hops[h, 1], occupant[hops[h, 2], w]
        if other >= 0:
            r = other // slots
            if r == lightpath // slots or demands[r, 3] == 1:
                return -1
            known = False
            for k in range(n):
                known = known or out[k] == other
            if known:
                continue
            if n == most:
                return -1
            out[n] = other
            n += 1
            continue
        legal = groups[e, 0] < 0
        for q in range(groups.shape[1]):
            if legal or groups[e, q] < 0:
                break
            legal = blockers[e, q] == 0 and blocks[e, d, w, q] == 0
        if not legal:
            return -1
    return n


@njit
def recolour(
    steps, reroute, demands, path_start, hops, usable, blocks, groups, path, channel, occupant,
    blockers, waiting, tabu, counts, random,
):  # fmt: skip
    """Try for a number of steps to have none wait.

    Parameters
    ----------
    steps
        Number of steps; fewer where none waits any more.
    reroute
        Whether a demand with one lightpath that waits may take another path.
    demands, path_start, hops, usable, blocks, groups
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    path
        ``(R,)`` path of each demand; -1 when blocked. Changed with ``reroute``.
    channel, occupant, blockers
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchState`; changed in place.
    waiting
        ``(R B,)`` lightpaths without a channel, as many as ``counts`` says; changed in place.
    tabu
        ``(R B, W)`` step until which a lightpath may not return to a channel; changed in place.
    counts
        ``(3,)`` how many wait, the fewest that ever did, and steps so far; changed in place.
    random
        ``(1,)`` state of the random number generator, advanced.
    """
    slots, width = channel.shape[1], usable.shape[1]
    out = np.empty(MOST_OUT, np.int64)
    for _ in range(steps):
        if counts[0] == 0:
            return
        counts[2] += 1
        least, place, over, to, ties = MOST_OUT, -1, -1, -1, 0
        for k in range(counts[0]):
            r = waiting[k] // slots
            first, end = path[r], path[r] + 1
            if reroute and demands[r, 2] == 1:
                first, end = demands[r, 0], demands[r, 1]
            for p in range(first, end):
                most = least if p == path[r] else 0
                for w in range(width):
                    if usable[p, w] == 0:
                        continue
                    n = _in_the_way(
                        waiting[k], p, w, slots, demands, path_start, hops, blocks, groups,
                        occupant, blockers, most, out,
                    )  # fmt: skip
                    fewest_yet = counts[0] - 1 + n < counts[1]
                    if n < 0 or (tabu[waiting[k], w] > counts[2] and not fewest_yet):
                        continue
                    ties = ties + 1 if n == least else 1
                    if n < least or draw(random, ties) == 0:
                        least, place, over, to = n, k, p, w
                    most = min(most, least)
        if place < 0:
            continue
        lightpath = waiting[place]
        path[lightpath // slots] = over
        n = _in_the_way(
            lightpath, over, to, slots, demands, path_start, hops, blocks, groups, occupant,
            blockers, MOST_OUT, out,
        )  # fmt: skip
        counts[0] -= 1
        waiting[place] = waiting[counts[0]]
        for k in range(n):
            _switch(out[k], to, False, path, path_start, hops, blocks, channel, occupant, blockers)
            waiting[counts[0]] = out[k]
            counts[0] += 1
        _switch(lightpath, to, True, path, path_start, hops, blocks, channel, occupant, blockers)
        for k in range(n):
            tenure = TABU_TENTHS * counts[0] // 10 + draw(random, TABU_RANDOM)
            tabu[out[k], to] = counts[2] + tenure
        counts[1] = min(counts[1], counts[0])
