r"""How many demands can be served at all: room on the links, channels left open.

.. math:: \max \sum_p n_p, \qquad \sum_{p \in P(d)} n_p \le D_d, \qquad
    \sum_{p \ni e} b_p n_p \le C_e

with ``C_e`` the largest load of a feasible state. The linear program only proposes dual
prices; the bound is re-derived from them, so no solver tolerance enters it. Where any path counts,
paths that the prices favour join the program until there are none; the bound at some prices is then
re-derived from shortest paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack

from qkdopt.bounds.arcs import Arcs
from qkdopt.bounds.classes import Relaxation
from qkdopt.bounds.linear_program import cheapest
from qkdopt.bounds.paths import Paths, best_paths
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

# An integer count is rounded down only after this margin for rounding in the sum.
COUNT_MARGIN = 1e-6
# Most times that paths join the program: at any of them the bound holds.
COLUMN_ROUNDS = 40


def served_bound(relaxation: Relaxation, lowest_rate_bps: float = 0.0) -> int:
    """Bound how many demands can be served with every link in use at ``lowest_rate_bps``."""
    fibre, room = _rooms(relaxation, lowest_rate_bps)
    columns = _listed_columns(relaxation, fibre, len(room))
    demands = int(relaxation.class_count.sum())
    limit = float(demands)
    for _ in range(COLUMN_ROUNDS):
        prices = _dual_prices(relaxation, columns, room)
        gain = 1.0 - relaxation.class_channels[columns.owner] * (columns.uses.T @ prices)
        best = np.zeros(len(relaxation.class_count))
        np.maximum.at(best, columns.owner, gain)
        listed = float(prices @ room + relaxation.class_count @ best)
        if relaxation.arcs is None:
            limit = min(limit, listed)
            break
        if listed >= demands - COUNT_MARGIN:
            # More paths serve no fewer.
            break
        paths = best_paths(
            relaxation.arcs, relaxation.class_channels, np.zeros(0), prices[fibre],
            np.zeros((relaxation.items, 0)),
        )  # fmt: skip
        best = np.maximum(0.0, 1.0 + paths.reward)
        limit = min(limit, float(prices @ room + relaxation.class_count @ best))
        longer = columns.with_paths(relaxation.arcs, paths, fibre)
        if longer is None:
            break
        columns = longer
    return min(demands, int(np.floor(limit + COUNT_MARGIN)))


@dataclass(frozen=True)
class Columns:
    """Paths of the linear program.

    Parameters
    ----------
    uses
        ``(rows, P)`` which fibres each path crosses.
    owner
        ``(P,)`` class of each.
    """

    uses: csr_array
    owner: IntArray

    def with_paths(self, arcs: Arcs, paths: Paths, fibre: IntArray) -> Columns | None:
        """Return the columns with each class's best path; None where all are there already.

        Parameters
        ----------
        arcs
            Arcs of the network.
        paths
            Best path of each class.
        fibre
            ``(I,)`` fibre of each item.
        """
        crossed = self.uses.T.tolil().rows
        there = {(int(c), tuple(row)) for c, row in zip(self.owner, crossed, strict=True)}
        fresh = []
        for c in np.flatnonzero(paths.reward > -1.0).tolist():
            rows = fibre[arcs.item[c, paths.arc[c, : paths.hops[c]]]]
            column = (c, tuple(sorted(set(rows.tolist()))))
            if column not in there:
                fresh.append(column)
        if not fresh:
            return None
        uses = _uses([rows for _, rows in fresh], self.uses.shape[0])
        owner = np.array([c for c, _ in fresh], dtype=np.int64)
        return Columns(
            csr_array(vstack([self.uses.T, uses.T]).T), np.concatenate([self.owner, owner])
        )


def _uses(crossed: list[tuple[int, ...]], rows: int) -> csr_array:
    """``(rows, P)`` which fibres each path crosses."""
    path = np.repeat(np.arange(len(crossed)), [len(fibres) for fibres in crossed])
    fibre = np.array([row for fibres in crossed for row in fibres], dtype=np.int64)
    return csr_array((np.ones(len(fibre)), (fibre, path)), shape=(rows, len(crossed)))


def _listed_columns(relaxation: Relaxation, fibre: IntArray, rows: int) -> Columns:
    start, row = relaxation.route_start, fibre[relaxation.route_item]
    crossed = [tuple(row[first:end].tolist()) for first, end in pairwise(start)]
    return Columns(_uses(crossed, rows), relaxation.route_class)


def _rooms(relaxation: Relaxation, lowest_bps: float) -> tuple[IntArray, FloatArray]:
    """``(I,)`` fibre of each item, and ``(rows,)`` room of each fibre for lightpaths."""
    fibre = np.zeros(relaxation.items, dtype=np.int64)
    room: list[int] = []
    for states, (first, middle, end) in zip(relaxation.states, relaxation.item_start, strict=True):
        loads = states.loads[states.rate_bps >= lowest_bps]
        directions = [(first, end)] if states.shared_fibre else [(first, middle), (middle, end)]
        for direction, (low, high) in enumerate(directions):
            carried = loads.sum(axis=1) if states.shared_fibre else loads[:, direction]
            fibre[low:high] = len(room)
            room.append(carried.max() if len(carried) else 0)
    return fibre, np.array(room, dtype=np.float64)


def _dual_prices(relaxation: Relaxation, columns: Columns, room: FloatArray) -> FloatArray:
    """Non-negative prices of the fibres' room, from the linear program."""
    channels = relaxation.class_channels[columns.owner]
    paths, classes = len(channels), len(relaxation.class_count)
    of_class = csr_array(
        (np.ones(paths), (columns.owner, np.arange(paths))), shape=(classes, paths)
    )
    matrix = csc_array(vstack([columns.uses * channels, of_class]))
    rows, size = len(room) + classes, np.ones(paths)
    found = cheapest(
        -size,
        matrix,
        0.0 * size,
        np.inf * size,
        np.full(rows, -np.inf),
        np.concatenate([room, relaxation.class_count]),
    )
    if found is None:
        return np.zeros(len(room))
    return np.asarray(np.abs(found.dual[: len(room)]))
