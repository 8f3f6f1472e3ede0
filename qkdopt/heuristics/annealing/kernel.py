"""Annealing with Kempe chains, exact physics kept incrementally; all compiled.

A move is applied, judged by the exact score, and taken back by restoring the few link rows that
it touched. The occupancy says which lightpath is where, as chains must know; noise and guard
bands are those of :mod:`qkdopt.problem.network_state`. Plain
arrays are passed one by one: compiled that way it takes seconds, as one record minutes;
loops in place of whole-array assignments spare more of the compiler's time.
"""

from __future__ import annotations

import math

import numpy as np

from qkdopt.heuristics.annealing.key_score import KEY_FACTOR, key_score
from qkdopt.heuristics.annealing.moves import LONGEST, draw, propose
from qkdopt.physics.compiled_keyrate import key_rate
from qkdopt.problem.network_state import add_guards, add_noise
from qkdopt.runtime.compiled import njit, njit_inline, njit_noalloc


@njit_noalloc
def _light(path, w, sign, holder, path_start, hops, noise_of, blocks, occupant, noise, blockers):
    """Switch one lightpath on (sign 1) or off (-1) on every hop of its path."""
    for h in range(path_start[path], path_start[path + 1]):
        e, d = hops[h, 0], hops[h, 1]
        occupant[hops[h, 2], w] = holder
        add_noise(noise_of, noise, e, d, w, sign, noise.shape[1])
        add_guards(blocks, blockers, e, d, w, sign, noise.shape[1])


@njit_noalloc
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
                best = max(best, key_rate(least, transmittance[e, last], rate[e], table))
            if group < 0:
                break
            last, least = group, np.inf
        if blockers[e, q] == 0:
            least = min(least, max(0.0, noise[e, q]))
    return best


@njit_noalloc
def _score(objective, path, min_skr, path_start, hops, link_rate, needs, order, drawn):
    """Score of the current lightpaths and number served; -inf below a floor."""
    if objective >= KEY_FACTOR:
        return key_score(objective, path, path_start, hops, link_rate, needs, order, drawn)
    total, worst, served = 0.0, np.inf, 0
    for r in range(len(path)):
        p = path[r]
        if p < 0:
            continue
        served += 1
        slowest = np.inf
        for h in range(path_start[p], path_start[p + 1]):
            slowest = min(slowest, link_rate[hops[h, 0]])
        if slowest < min_skr[r]:
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
    objective, min_skr, path_start, hops, noise_of, blocks, groups, transmittance,
    background_noise, rate, table, needs, order, path, channel, occupant, noise, blockers,
    link_rate, drawn, figures,
):  # fmt: skip
    """Recompute everything from the lightpaths: the start, and the end of any drift.

    Parameters
    ----------
    objective, min_skr, path_start, hops
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    noise_of
        ``(E, 2, W, Q)``, its ``noise``.
    blocks, groups, transmittance, background_noise, rate, table, needs, order
        Other fields of it.
    path, channel
        ``(R,)`` and ``(R, B)`` lightpaths, read; see
        :class:`qkdopt.heuristics.annealing.arrays.SearchState`.
    occupant, noise, blockers, link_rate, drawn
        ``(2 E, W)``, ``(E, Q)``, ``(E, Q)``, ``(E,)`` and ``(E,)`` fields of it, written.
    figures
        ``(4,)``; the first two, score and number served, are written.
    """
    for i in range(occupant.shape[0]):
        for w in range(occupant.shape[1]):
            occupant[i, w] = -1
    for e in range(noise.shape[0]):
        for q in range(noise.shape[1]):
            noise[e, q] = background_noise[e, q]
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
    figures[0], served = _score(
        objective, path, min_skr, path_start, hops, link_rate, needs, order, drawn
    )
    figures[1] = served


@njit_noalloc
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


@njit_noalloc
def _is_free(path, w, path_start, hops, occupant):
    """Whether a channel is free on every hop of a path."""
    for h in range(path_start[path], path_start[path + 1]):  # noqa: SIM110, no generators compiled
        if occupant[hops[h, 2], w] >= 0:
            return False
    return True


@njit_noalloc
def _hold(path, w, holder, path_start, hops, occupant):
    """Write who holds a channel on every hop of a path."""
    for h in range(path_start[path], path_start[path + 1]):
        occupant[hops[h, 2], w] = holder


@njit_inline
def _remember_all(
    n, who, p_new, p_old, w_old, path, channel, path_start, hops, noise, blockers, link_rate, mark,
    touched, kept_noise, kept_blockers, kept_rate,
):  # fmt: skip
    """Keep the rows of every link that a move touches, and where its lightpaths are."""
    slots, count = channel.shape[1], 0
    for k in range(n):
        p_old[k], w_old[k] = path[who[k] // slots], channel[who[k] // slots, who[k] % slots]
        count = _remember(
            p_old[k], path_start, hops, noise, blockers, link_rate, mark, touched, count,
            kept_noise, kept_blockers, kept_rate,
        )  # fmt: skip
    for k in range(n):
        count = _remember(
            p_new[k], path_start, hops, noise, blockers, link_rate, mark, touched, count,
            kept_noise, kept_blockers, kept_rate,
        )  # fmt: skip
    return count


@njit_inline
def _switch_all(
    n, who, p_old, w_old, p_new, w_new, path_start, hops, noise_of, blocks, occupant, noise,
    blockers,
):  # fmt: skip
    """Darken a move's lightpaths and light them anew; how many are lit when one has no place."""
    for k in range(n):
        if w_old[k] >= 0:
            _light(
                p_old[k], w_old[k], -1, -1, path_start, hops, noise_of, blocks, occupant, noise,
                blockers,
            )  # fmt: skip
    for k in range(n):
        if p_new[k] >= 0 and not _is_free(p_new[k], w_new[k], path_start, hops, occupant):
            return k
        if w_new[k] >= 0:
            _light(
                p_new[k], w_new[k], 1, who[k], path_start, hops, noise_of, blocks, occupant, noise,
                blockers,
            )  # fmt: skip
    return n


@njit_inline
def _retune_all(count, touched, groups, transmittance, noise, blockers, rate, table, link_rate):
    """Tune every touched link; whether each has a legal candidate."""
    for t in range(count):
        e = touched[t]
        link_rate[e] = _retune(e, groups, transmittance, noise, blockers, rate, table)
    for t in range(count):  # noqa: SIM110, no generators compiled
        if link_rate[touched[t]] < 0.0:
            return False
    return True


@njit_inline
def _write(n, who, p, w, path, channel):
    """Write paths and channels of a move's lightpaths."""
    slots = channel.shape[1]
    for k in range(n):
        path[who[k] // slots] = p[k]
        channel[who[k] // slots, who[k] % slots] = w[k]


@njit_inline
def _is_accepted(score, served, heat, figures, random):
    """Metropolis rule among equally many served; more served is always better."""
    gain = score - figures[0]
    if served == figures[1]:
        return gain >= 0.0 or draw(random, 1 << 30) < math.exp(gain / heat) * (1 << 30)
    return served > figures[1] and score > -np.inf


@njit_inline
def _take_back(n, lit, who, p_old, w_old, p_new, w_new, path_start, hops, occupant):
    """Put the lightpaths of a rejected move, ``lit`` of them lit anew, where they were."""
    for k in range(lit):
        if p_new[k] >= 0:
            _hold(p_new[k], w_new[k], -1, path_start, hops, occupant)
    for k in range(n):
        if w_old[k] >= 0:
            _hold(p_old[k], w_old[k], who[k], path_start, hops, occupant)


@njit_inline
def _restore(
    count, touched, noise, blockers, link_rate, kept_noise, kept_blockers, kept_rate
):  # fmt: skip
    """Bring back the rows of every touched link."""
    for t in range(count):
        e = touched[t]
        link_rate[e] = kept_rate[e]
        for q in range(noise.shape[1]):
            noise[e, q] = kept_noise[e, q]
            blockers[e, q] = kept_blockers[e, q]


@njit
def anneal(
    moves, hot, cold, objective, demands, min_skr, path_start, hops, usable, noise_of, blocks,
    groups, transmittance, rate, table, needs, order, path, channel, occupant, noise, blockers,
    link_rate, drawn, best_path, best_channel, figures, random,
):  # fmt: skip
    """Try ``moves`` moves, cooling geometrically from ``hot`` to ``cold`` [bit/s of the score].

    Parameters
    ----------
    moves
        Number of moves.
    hot, cold
        Temperature at the beginning and at the end [bit/s of the score], both above 0.
    objective, demands, min_skr, path_start, hops, usable
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    noise_of
        ``(E, 2, W, Q)``, its ``noise``.
    blocks, groups, transmittance, rate, table, needs, order
        Other fields of it.
    path, channel, occupant, noise, blockers, link_rate, drawn, best_path, best_channel, figures
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchState`, changed as below.
    random
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchState`, up to date as
        :func:`rebuild` leaves them; all change in place.
    """
    size = LONGEST + channel.shape[1]
    who, p_new, w_new = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    p_old, w_old = np.empty(size, np.int64), np.empty(size, np.int64)
    touched, mark = np.empty(len(link_rate), np.int64), np.zeros(len(link_rate), np.int64)
    kept_noise, kept_blockers = np.empty(noise.shape), np.empty(blockers.shape, blockers.dtype)
    kept_rate = np.empty(len(link_rate))
    for move in range(moves):
        n = propose(
            demands, path_start, hops, usable, path, channel, occupant, random, who, p_new, w_new
        )
        if n == 0:
            continue
        count = _remember_all(
            n, who, p_new, p_old, w_old, path, channel, path_start, hops, noise, blockers,
            link_rate, mark, touched, kept_noise, kept_blockers, kept_rate,
        )  # fmt: skip
        lit = _switch_all(
            n, who, p_old, w_old, p_new, w_new, path_start, hops, noise_of, blocks, occupant,
            noise, blockers,
        )  # fmt: skip
        accept = lit == n and _retune_all(
            count, touched, groups, transmittance, noise, blockers, rate, table, link_rate
        )
        score, served = 0.0, 0
        if accept:
            _write(n, who, p_new, w_new, path, channel)
            score, served = _score(
                objective, path, min_skr, path_start, hops, link_rate, needs, order, drawn
            )
            heat = hot * (cold / hot) ** (move / moves)
            accept = _is_accepted(score, served, heat, figures, random)
            if not accept:
                _write(n, who, p_old, w_old, path, channel)
        if accept:
            figures[0], figures[1] = score, served
            if served > figures[3] or (served == figures[3] and score > figures[2] + 1e-9):
                _keep_best(path, channel, figures, best_path, best_channel)
        else:
            _take_back(n, lit, who, p_old, w_old, p_new, w_new, path_start, hops, occupant)
            _restore(
                count, touched, noise, blockers, link_rate, kept_noise, kept_blockers, kept_rate
            )
        for t in range(count):
            mark[touched[t]] = 0


@njit_noalloc
def _keep_best(path, channel, figures, best_path, best_channel):
    """Copy the current lightpaths and their score over the best."""
    figures[2], figures[3] = figures[0], figures[1]
    for r in range(len(path)):
        best_path[r] = path[r]
        for slot in range(channel.shape[1]):
            best_channel[r, slot] = channel[r, slot]
