"""Annealing of routes: loads, key rates and who crosses each link kept incrementally; compiled.

Channels are left out. A link's rate is the best that its load allows, and a link with more
lightpaths than fit costs a penalty for each: a graded one, for with a constant one the search
freezes. So does each that crowds three fibres (:mod:`~qkdopt.heuristics.route_annealing.triples`).
Only demands on links whose rate changes are looked at again.
"""

from __future__ import annotations

import math

import numpy as np

from qkdopt.heuristics.annealing.key_score import KEY_FACTOR, key_score
from qkdopt.heuristics.annealing.moves import draw
from qkdopt.runtime.compiled import njit, njit_inline, njit_noalloc

# Bit/s that a bit/s below a demand's least key rate costs.
LEAST_RATE_WEIGHT = 10.0
# A second demand moves off a link of the first one's new path with this probability, of 10.
PAIRS_IN_TEN = 4
MAX_MIN, LINK_SUM = 1, 2
# Weight of the total beside the worst rate: it leads on plateaus.
TOTAL_WEIGHT = 0.01


@njit_noalloc
def _value(objective, r, p, min_skr, path_start, hops, rate):
    """Return what a demand counts on a path: its key rate, less what it lacks to its least."""
    if p < 0:
        return 0.0
    slowest = np.inf
    for h in range(path_start[p], path_start[p + 1]):
        slowest = min(slowest, rate[hops[h, 0]])
    lack = LEAST_RATE_WEIGHT * max(0.0, min_skr[r] - slowest)
    return -lack if objective == LINK_SUM else slowest - lack


@njit_noalloc
def _look_up(e, load, rate_of_load, excess_of_load, rate, excess):
    """Write rate and excess of a link at its load; loads beyond the table count one by one."""
    last = rate_of_load.shape[1] - 1
    m0, m1 = min(load[e, 0], last), min(load[e, 1], last)
    excess[e] = excess_of_load[e, m0, m1] + (load[e, 0] - m0) + (load[e, 1] - m1)
    rate[e] = rate_of_load[e, m0, m1] if excess[e] == 0 else 0.0


@njit_noalloc
def _join(r, p, path_start, hops, members, count, place):
    """Enter a demand among those that cross each link of a path."""
    for h in range(path_start[p], path_start[p + 1]):
        e = hops[h, 0]
        place[r, h - path_start[p]] = count[e]
        members[e, count[e]] = r
        count[e] += 1


@njit_noalloc
def _leave(r, p, path, path_start, hops, members, count, place):
    """Take a demand out of those that cross each link of a path; the last takes its place."""
    for h in range(path_start[p], path_start[p + 1]):
        e = hops[h, 0]
        count[e] -= 1
        last = members[e, count[e]]
        slot = place[r, h - path_start[p]]
        members[e, slot] = last
        if last == r:
            continue
        q = path[last]
        for k in range(path_start[q], path_start[q + 1]):
            if hops[k, 0] == e:
                place[last, k - path_start[q]] = slot


@njit_noalloc
def _score(objective, value, path, rate):
    """Score without penalties for excess."""
    total, worst, served = 0.0, np.inf, 0
    for r in range(len(path)):
        if path[r] >= 0:
            served += 1
            total += value[r]
            worst = min(worst, value[r])
    if objective == MAX_MIN:
        return (worst * served if served else 0.0) + TOTAL_WEIGHT * total
    if objective == LINK_SUM:
        for e in range(len(rate)):
            total += rate[e]
    return total


@njit_noalloc
def _add_to_triples(p, channels, triple_start, triple_of_path, room, triple_load):
    """Add lightpaths on a path to its triples; return how many more are beyond their room."""
    beyond = 0
    if p >= 0:
        for k in range(triple_start[p], triple_start[p + 1]):
            t = triple_of_path[k]
            beyond -= max(0, triple_load[t] - room)
            triple_load[t] += channels
            beyond += max(0, triple_load[t] - room)
    return beyond


@njit
def set_up(
    objective, demands, min_skr, path_start, hops, rate_of_load, excess_of_load, needs, order,
    triple_start, triple_of_path, room, triple_load, path, load, rate, excess, drawn, value,
    members, count, place, figures,
):  # fmt: skip
    """Compute everything from the paths.

    Parameters
    ----------
    objective, demands, min_skr, path_start, hops, rate_of_load, excess_of_load, needs, order
        Fields of :class:`qkdopt.heuristics.route_annealing.arrays.RoutingArrays`.
    triple_start, triple_of_path, room, triple_load
        Fields of :class:`qkdopt.heuristics.route_annealing.triples.Triples`; the load is written.
    path
        ``(R,)`` path of each demand, -1 when blocked; read.
    load, rate, excess, drawn
        ``(E, 2)``, and ``(E,)`` each, of each link, written.
    value
        ``(R,)`` what each demand counts [bit/s], written.
    members, count, place
        ``(E, R)``, ``(E,)`` and ``(R, longest path)``: who crosses each link, how many, and where
        among them a demand is for each of its hops; written.
    figures
        ``(3,)`` score without penalties, excess, best score; the first two are written.
    """
    load[:] = 0
    count[:] = 0
    triple_load[:] = 0
    total = 0
    for r in range(len(path)):
        p = path[r]
        if p < 0:
            continue
        _join(r, p, path_start, hops, members, count, place)
        for h in range(path_start[p], path_start[p + 1]):
            load[hops[h, 0], hops[h, 1]] += demands[r, 2]
        total += _add_to_triples(p, demands[r, 2], triple_start, triple_of_path, room, triple_load)
    for e in range(len(rate)):
        _look_up(e, load, rate_of_load, excess_of_load, rate, excess)
        total += excess[e]
    for r in range(len(path)):
        value[r] = _value(objective, r, path[r], min_skr, path_start, hops, rate)
    if objective >= KEY_FACTOR:
        figures[0], _ = key_score(objective, path, path_start, hops, rate, needs, order, drawn)
    else:
        figures[0] = _score(objective, value, path, rate)
    figures[1] = total


@njit_inline
def _propose(demands, path_start, hops, path, members, count, random, who, p_new):
    """Draw a move of one or two demands; return how many change."""
    r = draw(random, len(path))
    first, end = demands[r, 0], demands[r, 1]
    if first == end:
        return 0
    p = first + draw(random, end - first)
    if p == path[r]:
        return 0
    who[0], p_new[0] = r, p
    blocked = path[r] < 0
    if not blocked and draw(random, 10) >= PAIRS_IN_TEN:
        return 1
    e = hops[path_start[p] + draw(random, path_start[p + 1] - path_start[p]), 0]
    if count[e] == 0:
        return 0 if blocked else 1
    other = members[e, draw(random, count[e])]
    if other == r:
        return 0 if blocked else 1
    # A blocked demand takes the place of another: as many are served as before. One that is in
    # place has to be served.
    if blocked and demands[other, 3] == 1:
        return 0
    p_other = -1
    if not blocked:
        p_other = demands[other, 0] + draw(random, demands[other, 1] - demands[other, 0])
    if p_other == path[other]:
        return 1
    who[1], p_new[1] = other, p_other
    return 2


@njit_inline
def _touch(p, path_start, hops, rate, excess, touched, mark, kept_rate, kept_excess, n):
    """Keep rate and excess of each link on a path that was not met yet; return how many were."""
    if p >= 0:
        for h in range(path_start[p], path_start[p + 1]):
            e = hops[h, 0]
            if mark[e] == 0:
                mark[e] = 1
                touched[n], kept_rate[n], kept_excess[n] = e, rate[e], excess[e]
                n += 1
    return n


@njit_inline
def _find_changed(
    n, touched, kept_rate, rate, members, count, seen, changed, kept_value, value, changes
):  # fmt: skip
    """List the demands that cross a link whose rate changed, with their values; return how many."""
    for t in range(n):
        e = touched[t]
        if rate[e] == kept_rate[t]:
            continue
        for k in range(count[e]):
            r = members[e, k]
            if seen[r] == 0:
                seen[r], changed[changes], kept_value[changes] = 1, r, value[r]
                changes += 1
    return changes


@njit_inline
def _accept(m, who, p_old, p_new, path, path_start, hops, members, count, place):
    """Enter moved demands among those that cross the links of their new paths."""
    for k in range(m):
        path[who[k]] = p_old[k]
    for k in range(m):
        if p_old[k] >= 0:
            _leave(who[k], p_old[k], path, path_start, hops, members, count, place)
        path[who[k]] = p_new[k]
        if p_new[k] >= 0:
            _join(who[k], p_new[k], path_start, hops, members, count, place)


@njit_inline
def _add_load(p, channels, path_start, hops, load):
    """Add lightpaths to the loads along a path."""
    if p >= 0:
        for h in range(path_start[p], path_start[p + 1]):
            load[hops[h, 0], hops[h, 1]] += channels


@njit_inline
def _shift(
    p_from, p_to, channels, path_start, hops, load, triple_start, triple_of_path, room, triple_load
):
    """Move lightpaths between paths; return how many more are beyond the room of triples."""
    _add_load(p_from, -channels, path_start, hops, load)
    _add_load(p_to, channels, path_start, hops, load)
    beyond = _add_to_triples(p_from, -channels, triple_start, triple_of_path, room, triple_load)
    beyond += _add_to_triples(p_to, channels, triple_start, triple_of_path, room, triple_load)
    return beyond


@njit_noalloc
def _keep_best(path, figures, best_path):
    """Copy the current paths and their score over the best, if they fit and are better."""
    if figures[1] == 0 and figures[0] > figures[2] + 1e-6:
        figures[2] = figures[0]
        for r in range(len(path)):
            best_path[r] = path[r]


@njit
def anneal_routes(
    moves, heat, penalty, objective, demands, min_skr, path_start, hops, rate_of_load,
    excess_of_load, needs, order, triple_start, triple_of_path, room, triple_load, path, load, rate,
    excess, drawn, value, members, count, place, best_path, figures, random,
):  # fmt: skip
    """Try ``moves`` moves at one temperature.

    Parameters
    ----------
    moves
        Number of moves.
    heat
        Temperature [bit/s of the score], above 0.
    penalty
        What a lightpath beyond what fits on a link, or on three fibres, costs [bit/s of the score].
    objective, demands, min_skr, path_start, hops, rate_of_load, excess_of_load, needs, order
        Fields of :class:`qkdopt.heuristics.route_annealing.arrays.RoutingArrays`.
    triple_start, triple_of_path, room, triple_load
        Fields of :class:`qkdopt.heuristics.route_annealing.triples.Triples`.
    path, load, rate, excess, drawn, value, members, count, place, figures
        As :func:`set_up` leaves them; all change in place.
    best_path
        ``(R,)`` best paths without excess, and their score in ``figures[2]``; written.
    random
        ``(1,)`` state of the random number generator, advanced.
    """
    links, size = len(rate), len(path)
    who, p_new, p_old = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.int64)
    touched, mark = np.empty(links, np.int64), np.zeros(links, np.int64)
    kept_rate, kept_excess = np.empty(links), np.empty(links, np.int64)
    seen, changed, kept_value = np.zeros(size, np.int64), np.empty(size, np.int64), np.empty(size)
    for _ in range(moves):
        m = _propose(demands, path_start, hops, path, members, count, random, who, p_new)
        if m == 0:
            continue
        n, changes, beyond = 0, 0, 0
        for k in range(m):
            r = who[k]
            p_old[k] = path[r]
            n = _touch(p_old[k], path_start, hops, rate, excess, touched, mark, kept_rate,
                       kept_excess, n)  # fmt: skip
            n = _touch(p_new[k], path_start, hops, rate, excess, touched, mark, kept_rate,
                       kept_excess, n)  # fmt: skip
            beyond += _shift(
                p_old[k], p_new[k], demands[r, 2], path_start, hops, load, triple_start,
                triple_of_path, room, triple_load,
            )  # fmt: skip
            path[r] = p_new[k]
            seen[r], changed[changes], kept_value[changes] = 1, r, value[r]
            changes += 1
        gain = 0.0
        for t in range(n):
            e = touched[t]
            mark[e] = 0
            _look_up(e, load, rate_of_load, excess_of_load, rate, excess)
            beyond += excess[e] - kept_excess[t]
            if objective == LINK_SUM:
                gain += rate[e] - kept_rate[t]
        changes = _find_changed(
            n, touched, kept_rate, rate, members, count, seen, changed, kept_value, value, changes
        )
        for k in range(changes):
            r = changed[k]
            seen[r] = 0
            value[r] = _value(objective, r, path[r], min_skr, path_start, hops, rate)
            gain += value[r] - kept_value[k]
        if objective == MAX_MIN:
            gain = _score(objective, value, path, rate) - figures[0]
        if objective >= KEY_FACTOR:
            score, _ = key_score(objective, path, path_start, hops, rate, needs, order, drawn)
            gain = score - figures[0]
        judged = gain - penalty * beyond
        if judged >= 0.0 or draw(random, 1 << 30) < math.exp(judged / heat) * (1 << 30):
            _accept(m, who, p_old, p_new, path, path_start, hops, members, count, place)
            figures[0] += gain
            figures[1] += beyond
            _keep_best(path, figures, best_path)
            continue
        for k in range(m):
            path[who[k]] = p_old[k]
            _shift(
                p_new[k], p_old[k], demands[who[k], 2], path_start, hops, load, triple_start,
                triple_of_path, room, triple_load,
            )  # fmt: skip
        for t in range(n):
            rate[touched[t]], excess[touched[t]] = kept_rate[t], kept_excess[t]
        for k in range(changes):
            value[changed[k]] = kept_value[k]
