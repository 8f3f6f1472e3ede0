"""Annealing with Kempe chains, exact physics kept incrementally; all compiled.

A move is a list of changes (lightpath, new path, new channel). It is applied, judged by
the exact score, and taken back by restoring the few link rows that it touched. Plain
arrays are passed one by one: compiled that way it takes seconds, as one record minutes;
loops in place of whole-array assignments spare more of the compiler's time.
"""

from __future__ import annotations

import math

import numpy as np

from qkdopt.heuristics.annealing.rate import key_rate
from qkdopt.runtime.compiled import njit

# Longest chain of lightpaths that one move may exchange.
LONGEST = 24


@njit
def _draw(random, below):
    """Random integer below ``below``: xorshift64*, good enough for annealing and fast."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below


@njit
def _light(path, w, sign, holder, path_start, hops, noise_of, blocks, occupant, noise, blockers):
    """Switch one lightpath on (sign 1) or off (-1) on every hop of its path."""
    for h in range(path_start[path], path_start[path + 1]):
        e, d = hops[h, 0], hops[h, 1]
        occupant[hops[h, 2], w] = holder
        for q in range(noise.shape[1]):
            noise[e, q] += sign * noise_of[e, d, w, q]
            blockers[e, q] += sign * blocks[e, d, w, q]


@njit
def _retune(e, groups, transmittance, noise, blockers, rate, table):
    """Best rate of a link over its legal candidates; -1 when none is legal."""
    if groups[e, 0] < 0:
        return 0.0
    best, last = -1.0, -1
    least = np.inf
    for q in range(groups.shape[1] + 1):
        group = groups[e, q] if q < groups.shape[1] else -1
        if group != last:
            if last >= 0 and least < np.inf:
                best = max(best, key_rate(least, transmittance[e, last], rate, table))
            if group < 0:
                break
            last, least = group, np.inf
        if blockers[e, q] == 0:
            least = min(least, max(0.0, noise[e, q]))
    return best


@njit
def _score(objective, path, floors, path_start, hops, link_rate):
    """Score of the current lightpaths and number served; -inf below a floor."""
    total, worst, served = 0.0, np.inf, 0
    for r in range(len(path)):
        p = path[r]
        if p < 0:
            continue
        served += 1
        slowest = np.inf
        for h in range(path_start[p], path_start[p + 1]):
            slowest = min(slowest, link_rate[hops[h, 0]])
        if slowest < floors[r]:
            return -np.inf, served
        total += slowest
        worst = min(worst, slowest)
    if objective == 1:
        # The worst alone gives no direction: the mean leads on plateaus.
        return (worst * served if served else 0.0) + 0.01 * total, served
    if objective == 2:
        total = 0.0
        for e in range(len(link_rate)):
            total += max(0.0, link_rate[e])
    return total, served


@njit
def rebuild(
    objective, floors, path_start, hops, noise_of, blocks, groups, transmittance, floor, rate,
    table, path, channel, occupant, noise, blockers, link_rate, figures,
):  # fmt: skip
    """Recompute everything from the lightpaths: the start, and the end of any drift."""
    for i in range(occupant.shape[0]):
        for w in range(occupant.shape[1]):
            occupant[i, w] = -1
    for e in range(noise.shape[0]):
        for q in range(noise.shape[1]):
            noise[e, q] = floor[e, q]
            blockers[e, q] = 0
    for r in range(len(path)):
        if path[r] < 0:
            continue
        for slot in range(channel.shape[1]):
            if channel[r, slot] >= 0:
                _light(
                    path[r], channel[r, slot], 1, r * channel.shape[1] + slot, path_start, hops,
                    noise_of, blocks, occupant, noise, blockers,
                )  # fmt: skip
    for e in range(len(link_rate)):
        link_rate[e] = _retune(e, groups, transmittance, noise, blockers, rate, table)
    figures[0], served = _score(objective, path, floors, path_start, hops, link_rate)
    figures[1] = served


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


@njit
def _propose(demands, path_start, hops, usable, path, channel, occupant, random, who, p_new, w_new):
    """Draw a move; return its number of changes, 0 for none.

    A change with new path -1 takes a demand out. Moves: a served demand to a route and
    channel with a Kempe chain; a blocked one in with a chain, or in place of another; a
    demand with several channels to a route with room.
    """
    slots, width = channel.shape[1], usable.shape[1]
    r = _draw(random, len(path))
    first, end, wide = demands[r, 0], demands[r, 1], demands[r, 2]
    if first == end:
        return 0
    p = first + _draw(random, end - first)
    blocked = path[r] < 0
    if wide > 1 and (blocked or p != path[r]):
        return _with_room(
            r, p, wide, path_start, hops, usable, channel, occupant, random, who, p_new, w_new
        )
    slot = _draw(random, wide)
    w = _draw(random, width)
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
    if blocked and _draw(random, 2) == 0:
        return _in_place_of(p, w, path_start, hops, demands, channel, occupant, who, p_new, w_new)
    swap = old
    if blocked or w == old:
        swap = _draw(random, width)
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
    start, found = _draw(random, width), 0
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
def _remember(
    path, path_start, hops, noise, blockers, link_rate, mark, touched, count, kept_noise,
    kept_blockers, kept_rate,
):  # fmt: skip
    """Keep the rows of every link on a path that is not kept yet; return how many are."""
    if path < 0:
        return count
    for h in range(path_start[path], path_start[path + 1]):
        e = hops[h, 0]
        if mark[e] == 0:
            mark[e] = 1
            touched[count] = e
            count += 1
            for q in range(noise.shape[1]):
                kept_noise[e, q] = noise[e, q]
                kept_blockers[e, q] = blockers[e, q]
            kept_rate[e] = link_rate[e]
    return count


@njit
def _is_free(path, w, path_start, hops, occupant):
    """Whether a channel is free on every hop of a path."""
    for h in range(path_start[path], path_start[path + 1]):  # noqa: SIM110, no generators compiled
        if occupant[hops[h, 2], w] >= 0:
            return False
    return True


@njit
def _hold(path, w, holder, path_start, hops, occupant):
    """Write who holds a channel on every hop of a path."""
    for h in range(path_start[path], path_start[path + 1]):
        occupant[hops[h, 2], w] = holder


@njit
def anneal(
    moves, hot, cold, objective, demands, floors, path_start, hops, usable, noise_of, blocks,
    groups, transmittance, rate, table, path, channel, occupant, noise, blockers, link_rate,
    best_path, best_channel, figures, random,
):  # fmt: skip
    """Try ``moves`` moves, cooling geometrically from ``hot`` to ``cold`` [bit/s of the score]."""
    links, slots = len(link_rate), channel.shape[1]
    size = LONGEST + slots
    who, p_new, w_new = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    p_old, w_old = np.empty(size, np.int64), np.empty(size, np.int64)
    touched, mark = np.empty(links, np.int64), np.zeros(links, np.int64)
    kept_noise, kept_blockers = np.empty(noise.shape), np.empty(blockers.shape, blockers.dtype)
    kept_rate = np.empty(links)
    for move in range(moves):
        heat = hot * (cold / hot) ** (move / moves)
        n = _propose(
            demands, path_start, hops, usable, path, channel, occupant, random, who, p_new, w_new
        )
        if n == 0:
            continue
        count = 0
        for k in range(2 * n):
            r, slot = who[k % n] // slots, who[k % n] % slots
            if k < n:
                p_old[k], w_old[k] = path[r], channel[r, slot]
            count = _remember(
                p_old[k] if k < n else p_new[k - n], path_start, hops, noise, blockers, link_rate,
                mark, touched, count, kept_noise, kept_blockers, kept_rate,
            )  # fmt: skip
        done = 0
        for k in range(2 * n):
            coming = k >= n
            p, w = (p_new[k - n], w_new[k - n]) if coming else (p_old[k], w_old[k])
            if coming and p >= 0 and not _is_free(p, w, path_start, hops, occupant):
                break
            if w >= 0:
                _light(
                    p, w, 1 if coming else -1, who[k % n] if coming else -1, path_start, hops,
                    noise_of, blocks, occupant, noise, blockers,
                )  # fmt: skip
            done = k + 1
        accept = done == 2 * n
        for t in range(count if accept else 0):
            e = touched[t]
            link_rate[e] = _retune(e, groups, transmittance, noise, blockers, rate, table)
            accept = accept and link_rate[e] >= 0.0
        score, served = 0.0, 0
        if accept:
            for k in range(n):
                path[who[k] // slots] = p_new[k]
                channel[who[k] // slots, who[k] % slots] = w_new[k]
            score, served = _score(objective, path, floors, path_start, hops, link_rate)
            gain = score - figures[0]
            if served == figures[1]:
                accept = gain >= 0.0 or _draw(random, 1 << 30) < math.exp(gain / heat) * (1 << 30)
            else:
                accept = served > figures[1] and score > -np.inf
        if accept:
            figures[0], figures[1] = score, served
            if served > figures[3] or (served == figures[3] and score > figures[2] + 1e-9):
                _keep_best(path, channel, figures, best_path, best_channel)
        else:
            for k in range(n, done):
                if p_new[k - n] >= 0:
                    _hold(p_new[k - n], w_new[k - n], -1, path_start, hops, occupant)
            for k in range(n):
                r, slot = who[k] // slots, who[k] % slots
                path[r], channel[r, slot] = p_old[k], w_old[k]
                if w_old[k] >= 0:
                    _hold(p_old[k], w_old[k], who[k], path_start, hops, occupant)
        for t in range(count):
            e = touched[t]
            mark[e] = 0
            if not accept:
                link_rate[e] = kept_rate[e]
                for q in range(noise.shape[1]):
                    noise[e, q] = kept_noise[e, q]
                    blockers[e, q] = kept_blockers[e, q]


@njit
def _keep_best(path, channel, figures, best_path, best_channel):
    """Copy the current lightpaths and their score over the best."""
    figures[2], figures[3] = figures[0], figures[1]
    for r in range(len(path)):
        best_path[r] = path[r]
        for slot in range(channel.shape[1]):
            best_channel[r, slot] = channel[r, slot]
