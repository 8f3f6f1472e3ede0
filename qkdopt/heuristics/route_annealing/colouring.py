"""Channels for given routes: greedy first fit, longest routes first, several times."""

from __future__ import annotations

import numpy as np

from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.annealing.arrays import NONE
from qkdopt.heuristics.route_annealing.colouring_kernel import colour
from qkdopt.heuristics.schedule import Schedule
from qkdopt.problem.coefficients import IntArray


def colour_best(
    search: Search, path: IntArray, rng: np.random.Generator, tries: int, schedule: Schedule
) -> tuple[IntArray, IntArray]:
    """Return ``(R,)`` paths and ``(R, B)`` channels of the best of several first fits.

    Longest paths go first, ties at random; channels are tried from either end of the grid, or in
    random order. Demands that find no channel are left out (path -1). A plan that serves all that
    are in place is better than any other, then one in which all have their least key rate; then the
    more served, the better.

    Parameters
    ----------
    search
        Search of the problem; only its arrays are used.
    path
        ``(R,)`` path of each demand; -1 when blocked.
    rng
        Random generator.
    tries
        Most first fits, at least 1.
    schedule
        Where it is stopped, one first fit is all.
    """
    best, best_key = None, (False, False, -1, -np.inf)
    must_serve = search.arrays.demands[:, 3] == 1
    for number in range(tries):
        coloured = _first_fit(search, path, _channel_order(search, number, rng), rng)
        score = float(search.figures_of(*coloured)[0])
        kept = bool((coloured[0][must_serve] >= 0).all())
        key = (kept, score > -np.inf, int((coloured[0] >= 0).sum()), score)
        if best is None or key > best_key:
            best, best_key = coloured, key
        if schedule.stopped:
            break
    assert best is not None  # there is one try at least
    return best


def _channel_order(search: Search, number: int, rng: np.random.Generator) -> IntArray:
    channels = np.arange(search.arrays.usable.shape[1])
    orders = (channels, channels[::-1].copy(), rng.permutation(channels))
    return orders[number % len(orders)]


def _first_fit(
    search: Search, path: IntArray, channels: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return paths and channels of one first fit.

    Parameters
    ----------
    search, path, rng
        As for :func:`colour_best`.
    channels
        ``(W,)`` channels in the order in which they are tried.
    """
    a, s = search.arrays, search.state
    path = path.copy()
    hops = np.where(path >= 0, np.diff(a.path_start)[path], 0)
    order = np.lexsort((rng.random(len(path)), -hops))
    channel, occupant = np.full_like(s.channel, NONE), np.full_like(s.occupant, NONE)
    colour(
        order, channels, path, a.demands, a.path_start, a.hops, a.usable, a.blocks, a.groups,
        channel, occupant, np.zeros_like(s.blockers),
    )  # fmt: skip
    return path, channel
