r"""The best path of every class over all simple paths: one shortest path for each rate level.

A demand with key rate ``q`` draws on the rate levels below ``q``: on the first ``k`` of them, or
on a mixture of such beginnings. So no path brings it more than

.. math::
    \max_k \; \sum_{l \le k} D_l - \min_p \sum_{i \in p} \Bigl[b \pi_i
        + \sum_{l \le k} \nu_{il}\Bigr],

over links with QKD alone where ``k > 0``. With ``pi`` and ``nu`` not negative the inner minimum is
a shortest path, and no simple path is left out (notation: :mod:`qkdopt.bounds.dual`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.bounds.arcs import Arcs
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit, njit_noalloc
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class Paths:
    """The best path of every class at some prices.

    Parameters
    ----------
    reward
        ``(C,)`` what a demand brings on it [bit/s]; -inf where its ends are not joined.
    arc
        ``(C, N - 1)`` arcs of the path, the last first.
    hops
        ``(C,)`` how many they are.
    levels
        ``(C,)`` ``k``, how many rate levels the demand draws on.
    """

    reward: FloatArray
    arc: IntArray
    hops: IntArray
    levels: IntArray


def best_paths(
    arcs: Arcs, class_channels: IntArray, level_widths: FloatArray, pi: FloatArray, nu: FloatArray
) -> Paths:
    """Find the best path of every class.

    Parameters
    ----------
    arcs
        The network.
    class_channels
        ``(C,)`` or more: lightpaths of a demand of each class.
    level_widths
        ``(L,)`` width of each rate level [bit/s].
    pi, nu
        ``(I,)`` and ``(I, L)`` prices, not negative.
    """
    classes, longest = len(arcs.source), len(arcs.start) - 2
    paths = Paths(
        reward=np.full(classes, -np.inf),
        arc=np.zeros((classes, max(longest, 1)), dtype=np.int64),
        hops=np.zeros(classes, dtype=np.int64),
        levels=np.zeros(classes, dtype=np.int64),
    )
    _find_all(
        arcs.start, arcs.target, arcs.item, arcs.key, arcs.source, arcs.sink, class_channels,
        level_widths, pi, nu, paths.reward, paths.arc, paths.hops, paths.levels,
    )  # fmt: skip
    return paths


@njit
def _find_all(
    start, target, arc_item, arc_key, source, sink, class_channels, level_widths, pi, nu, reward,
    arc, hops, levels,
):  # fmt: skip
    """Write the best path of every class; arrays as in :class:`Arcs` and :class:`Paths`."""
    nodes, arcs = len(start) - 1, len(target)
    cost, distance = np.empty(arcs), np.empty(nodes)
    arrived, origin = np.empty(nodes, np.int64), np.empty(arcs, np.int64)
    settled = np.empty(nodes, np.bool_)
    whole = level_widths.sum()
    for n in range(nodes):
        for a in range(start[n], start[n + 1]):
            origin[a] = n
    for c in range(len(source)):
        offered = 0.0
        for k in range(len(level_widths) + 1):
            if k > 0:
                offered += level_widths[k - 1]
            for a in range(arcs):
                i = arc_item[c, a]
                if k == 0:
                    cost[a] = class_channels[c] * pi[i]
                else:
                    cost[a] = cost[a] + nu[i, k - 1] if arc_key[a] else np.inf
            shortest = _shortest(
                start, target, cost, source[c], sink[c], offered - reward[c], distance, settled,
                arrived,
            )  # fmt: skip
            if offered - shortest > reward[c]:
                reward[c], levels[c], hops[c] = offered - shortest, k, 0
                n = sink[c]
                while n != source[c]:
                    arc[c, hops[c]] = arrived[n]
                    hops[c] += 1
                    n = origin[arrived[n]]
            # With more levels no path is shorter.
            if whole - shortest <= reward[c]:
                break


@njit_noalloc
def _shortest(start, target, cost, source, sink, limit, distance, settled, arrived):
    """Return the length of a shortest path, or a lower bound of at least ``limit``.

    ``arrived`` holds the last arc to each node of the path.
    """
    for n in range(len(distance)):
        distance[n], settled[n] = np.inf, False
    distance[source] = 0.0
    while True:
        nearest, n = np.inf, -1
        for m in range(len(distance)):
            if not settled[m] and distance[m] < nearest:
                nearest, n = distance[m], m
        if n < 0 or n == sink or nearest >= limit:
            return nearest
        settled[n] = True
        for a in range(start[n], start[n + 1]):
            if nearest + cost[a] < distance[target[a]]:
                distance[target[a]] = nearest + cost[a]
                arrived[target[a]] = a
