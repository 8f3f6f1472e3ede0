r"""The best path of every class over all simple paths: one shortest walk for each rate level.

A demand with key rate ``q`` draws on the rate levels below ``q``: on the first ``k`` of them, or
on a mixture of such beginnings. So no path brings it more than

.. math::
    \max_k \; \sum_{l \le k} D_l - \min_p \sum_{i \in p} \Bigl[b \pi_i
        + \sum_{l \le k} \nu_{il}\Bigr],

over links with QKD alone where ``k > 0`` (notation: :mod:`qkdopt.bounds.dual`). The inner minimum
is taken over all walks of fewer hops than there are nodes, which every simple path is: whatever the
prices, no path is left out. Walks that come back to a node make the bound looser than a list of all
paths would: by 0.1 % and less where measured, by a few per cent on networks of four nodes.
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
    """The best walk of every class at some prices.

    Parameters
    ----------
    reward
        ``(C,)`` what a demand brings on it [bit/s]; -inf where its ends are not joined.
    arc
        ``(C, N - 1)`` arcs of the walk, the last first.
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
    """Find the best walk of every class.

    Parameters
    ----------
    arcs
        The network.
    class_channels
        ``(C,)`` or more: lightpaths of a demand of each class.
    level_widths
        ``(L,)`` width of each rate level [bit/s].
    pi, nu
        ``(I,)`` and ``(I, L)`` prices, the latter not negative.
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
    """Write the best walk of every class; arrays as in :class:`Arcs` and :class:`Paths`."""
    nodes, arcs = len(start) - 1, len(target)
    cost, distance = np.empty(arcs), np.empty((2, nodes))
    arrived, origin = np.empty((nodes, nodes), np.int64), np.empty(arcs, np.int64)
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
            rounds, shortest = _shortest(start, target, cost, source[c], sink[c], distance, arrived)
            if offered - shortest > reward[c]:
                reward[c], levels[c], hops[c] = offered - shortest, k, 0
                n = sink[c]
                for h in range(rounds, 0, -1):
                    if arrived[h, n] >= 0:
                        arc[c, hops[c]] = arrived[h, n]
                        hops[c] += 1
                        n = origin[arrived[h, n]]
            # With more levels no walk is shorter.
            if whole - shortest <= reward[c]:
                break


@njit_noalloc
def _shortest(start, target, cost, source, sink, distance, arrived):
    """Return how many rounds were made, and the length of a shortest walk of fewer hops than nodes.

    ``arrived[h]`` holds the last arc of the shortest walk of h hops to each node, -1 where one of
    fewer hops is as short.
    """
    nodes = len(start) - 1
    for n in range(nodes):
        distance[0, n] = np.inf
    distance[0, source] = 0.0
    for h in range(1, nodes):
        before, after = distance[(h - 1) % 2], distance[h % 2]
        for n in range(nodes):
            after[n], arrived[h, n] = before[n], -1
        changed = False
        for n in range(nodes):
            if before[n] == np.inf:
                continue
            for a in range(start[n], start[n + 1]):
                if before[n] + cost[a] < after[target[a]]:
                    after[target[a]] = before[n] + cost[a]
                    arrived[h, target[a]] = a
                    changed = True
        if not changed:
            return h, after[sink]
    return nodes - 1, distance[(nodes - 1) % 2, sink]
