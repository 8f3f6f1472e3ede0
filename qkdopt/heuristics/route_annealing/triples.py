r"""Three fibres that lightpaths crowd: they need more channels than there are, with no fibre full.

Two routes that each cross two of three fibres share one of them. All such routes together therefore
need channels of their own,

.. math:: \sum_{r:\, |F_r \cap \{f, g, h\}| \ge 2} b_r \le W

for demands with ``b`` channels on fibres ``F``, and the ``W`` channels of the grid that may be lit.
Around a node with three links, each two thirds full, nothing is left. Where load is heavy it is
this that blocks, and loads of fibres do not show it. (The set is an odd clique of the graph of
conflicts: Edmonds' inequalities for matchings are of the same kind.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.problem.coefficients import BoolArray, IntArray

# Fibres looked at, the fullest first, and most triples found in one look.
MOST_FIBRES, MOST_FOUND = 400, 40


@dataclass(frozen=True)
class Triples:
    """Triples of fibres that are not to be crowded.

    Parameters
    ----------
    fibres
        ``(T, 3)`` fibres of each.
    room
        Channels that may be lit anywhere.
    start, of_path
        Path p crosses two fibres at least of the triples ``of_path[start[p]:start[p + 1]]``.
    load
        ``(T,)`` lightpaths on each, kept by the search.
    """

    fibres: IntArray
    room: int
    start: IntArray
    of_path: IntArray
    load: IntArray

    @classmethod
    def of(cls, fibres: IntArray, room: int, crosses: BoolArray) -> Triples:
        """Lay out triples for the paths of a problem.

        Parameters
        ----------
        fibres
            ``(T, 3)`` fibres of each.
        room
            Channels that may be lit anywhere.
        crosses
            ``(P, F)`` fibres of each path.
        """
        hit = crosses[:, fibres].sum(axis=2) >= 2
        start = np.cumsum([0, *hit.sum(axis=1)])
        load = np.zeros(len(fibres), dtype=np.int64)
        return cls(fibres, room, start.astype(np.int64), np.nonzero(hit)[1], load)


def crowded(crosses: BoolArray, channels: IntArray, room: int) -> IntArray:
    """``(T, 3)`` triples of fibres that lightpaths crowd, the worst first.

    Parameters
    ----------
    crosses
        ``(R, F)`` fibres of each route.
    channels
        ``(R,)`` lightpaths on each.
    room
        Channels that may be lit anywhere.
    """
    load = channels @ crosses
    fullest = np.argsort(-load, kind="stable")[:MOST_FIBRES]
    # Each route counts on two of the three fibres at least.
    if load[fullest[:3]].sum() <= 2 * room:
        return np.zeros((0, 3), dtype=np.int64)
    over = crosses[:, fullest].astype(np.float32)
    weighted = over * channels[:, None].astype(np.float32)
    both = weighted.T @ over
    np.fill_diagonal(both, 0.0)
    found: dict[tuple[int, ...], float] = {}
    # One of the three pairs has a third of the routes.
    for a, b in zip(*np.nonzero(np.triu(both) * 3 > room), strict=True):
        needed = both[a, b] + both[a] + both[b]
        needed[[a, b]] = 0.0
        if needed.max() <= room:
            continue
        needed -= 2.0 * ((weighted[:, a] * over[:, b]) @ over)
        needed[[a, b]] = 0.0
        for c in np.flatnonzero(needed > room):
            found[tuple(sorted((int(fullest[a]), int(fullest[b]), int(fullest[c]))))] = needed[c]
    worst = sorted(found, key=lambda triple: (-found[triple], triple))[:MOST_FOUND]
    return np.array(worst, dtype=np.int64).reshape(-1, 3)


def crossings(path_start: IntArray, fibre: IntArray, fibres: int) -> BoolArray:
    """``(P, F)`` fibres that each path crosses.

    Parameters
    ----------
    path_start
        ``(P + 1,)`` hops of path p are those from ``path_start[p]`` to ``path_start[p + 1]``.
    fibre
        ``(H,)`` fibre of each hop.
    fibres
        Number of fibres.
    """
    crosses = np.zeros((len(path_start) - 1, fibres), dtype=np.bool_)
    crosses[np.repeat(np.arange(len(crosses)), np.diff(path_start)), fibre] = True
    return crosses
