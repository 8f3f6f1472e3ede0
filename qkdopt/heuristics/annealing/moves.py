"""Moves of the annealing: what a proposal changes; all compiled.

A move is a list of changes (lightpath, new path, new channel); new path -1 takes a demand out.
"""

from __future__ import annotations

import numpy as np

from qkdopt.runtime.compiled import njit

# Longest chain of lightpaths that one move may exchange.
LONGEST = 24


@njit
def draw(random, below):
    """Random integer below ``below``: xorshift64*, good enough for annealing and fast."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below


@njit
def propose(demands, path_start, hops, usable, path, channel, occupant, random, who, p_new, w_new):
    """Draw a move; return its number of changes, 0 for none.

    A change with new path -1 takes a demand out. Moves: a served demand to a route and
    channel with a Kempe chain; a blocked one in with a chain, or in place of another; a
    demand with several channels to a route with room.

    Parameters
    ----------
    demands, path_start, hops, usable
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    path, channel, occupant
        ``(R,)``, ``(R, B)`` and ``(2 E, W)`` current lightpaths, read; see
        :class:`qkdopt.heuristics.annealing.arrays.SearchState`.
    random
        ``(1,)`` state of the random number generator, advanced.
    who, p_new, w_new
        ``(LONGEST + B,)`` lightpath, new path and new channel of each change, written; what follows
        the changes has no meaning.
    """
    slots, width = channel.shape[1], usable.shape[1]
    r = draw(random, len(path))
    first, end, wide = demands[r, 0], demands[r, 1], demands[r, 2]
    if first == end:
        return 0
    p = first + draw(random, end - first)
    blocked = path[r] < 0
    if wide > 1 and (blocked or p != path[r]):
        return _with_room(
            r, p, wide, path_start, hops, usable, channel, occupant, random, who, p_new, w_new
        )
    slot = draw(random, wide)
    w = draw(random, width)
    if usable[p, w] == 0:
        return 0
    lightpath = r * slots + slot
    old = channel[r, slot]
    if w == old and p == path[r]:
        return 0
    for other in range(wide):
        if other != slot and channel[r, other] == w:
            return 0
    who[0], p_new[0], w_new[0] = lightpath, p, w
    if blocked and draw(random, 2) == 0:
        return _in_place_of(p, w, path_start, hops, demands, channel, occupant, who, p_new, w_new)
    swap = old
    if blocked or w == old:
        swap = draw(random, width)
        if swap == w:
            return 0
    n = _chain(p, w, swap, lightpath, path_start, hops, path, channel, occupant, who, w_new, 1)
    for k in range(1, n):
        p_new[k] = path[who[k] // slots]
        if usable[p_new[k], w_new[k]] == 0:
            return 0
    return max(n, 0)


@njit
def _with_room(r, p, wide, path_start, hops, usable, channel, occupant, random, who, p_new, w_new):
    """Move all channels of a demand to a path, on channels that are free there."""
    slots, width = channel.shape[1], usable.shape[1]
    start, found = draw(random, width), 0
    for step in range(width):
        w = (start + step) % width
        free = usable[p, w] == 1
        for h in range(path_start[p], path_start[p + 1]):
            holder = occupant[hops[h, 2], w]
            if holder >= 0 and holder // slots != r:
                free = False
                break
        if free:
            who[found], p_new[found], w_new[found] = r * slots + found, p, w
            found += 1
            if found == wide:
                return found
    return 0


@njit
def _in_place_of(p, w, path_start, hops, demands, channel, occupant, who, p_new, w_new):
    """Serve a blocked demand in place of the one demand in its way, if it is only one."""
    slots, victim = channel.shape[1], -1
    for h in range(path_start[p], path_start[p + 1]):
        holder = occupant[hops[h, 2], w]
        if holder < 0:
            continue
        if victim >= 0 and holder // slots != victim:
            return 0
        victim = holder // slots
    if victim >= 0 and demands[victim, 3] == 1:
        return 0
    if victim < 0:
        return 1
    n = 1
    for slot in range(demands[victim, 2]):
        if n == len(who):
            return 0
        who[n], p_new[n], w_new[n] = victim * slots + slot, -1, -1
        n += 1
    return n


@njit
def _chain(
    seed_path, w_from, w_to, spare, path_start, hops, path, channel, occupant, who, w_new, n
):
    """Collect the lightpaths that must swap ``w_from`` and ``w_to`` to clear a path.

    ``spare`` is a lightpath that leaves its place anyway. Returns the length of the list,
    or -1 when the chain grows too long.
    """
    slots = channel.shape[1]
    for h in range(path_start[seed_path], path_start[seed_path + 1]):
        n = _join(occupant[hops[h, 2], w_from], w_to, spare, who, w_new, n)
        if n < 0:
            return -1
    k = 0
    while k < n:
        if who[k] != spare:
            p = path[who[k] // slots]
            for h in range(path_start[p], path_start[p + 1]):
                target = w_new[k]
                other = w_from if target == w_to else w_to
                n = _join(occupant[hops[h, 2], target], other, spare, who, w_new, n)
                if n < 0:
                    return -1
        k += 1
    return n


@njit
def _join(lightpath, target, spare, who, w_new, n):
    """Add a lightpath to the chain unless it is there already."""
    if lightpath < 0 or lightpath == spare:
        return n
    for k in range(n):
        if who[k] == lightpath:
            return n
    if n == len(who):
        return -1
    who[n], w_new[n] = lightpath, target
    return n + 1
