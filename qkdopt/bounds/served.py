r"""How many demands can be served at all: room on the links, channels left open.

.. math:: \max \sum_p n_p, \qquad \sum_{p \in P(d)} n_p \le D_d, \qquad
    \sum_{p \ni e} b_p n_p \le C_e

with ``C_e`` the largest load of a feasible state. The linear program only proposes dual
prices; the bound is re-derived from them, so no solver tolerance enters it.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from qkdopt.bounds.arcs import Arcs
from qkdopt.bounds.classes import Relaxation
from qkdopt.bounds.paths import Paths, best_paths
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.output import new_highs
from qkdopt.units import FloatArray

# An integer count is rounded down only after this margin for rounding in the sum.
COUNT_MARGIN = 1e-6
# Most times that paths join the program: each of them bounds, the last not always lowest.
COLUMN_ROUNDS = 40


def served_bound(relaxation: Relaxation, lowest_rate_bps: float = 0.0) -> int:
    """Bound how many demands can be served with every link in use at ``lowest_rate_bps``.

    Where any path counts, paths that the prices favour join the program until there are none.
    """
    row, capacity = _rooms(relaxation, lowest_rate_bps)
    demands = int(relaxation.class_count.sum())
    columns = _listed_columns(relaxation, row, len(capacity))
    limit = float(demands)
    for _ in range(COLUMN_ROUNDS):
        prices = _dual_prices(relaxation, columns, capacity)
        gain = 1.0 - relaxation.class_channels[columns.owner] * (prices @ columns.uses)
        best = np.zeros(len(relaxation.class_count))
        np.maximum.at(best, columns.owner, gain)
        listed = float(prices @ capacity + relaxation.class_count @ best)
        if relaxation.arcs is None:
            limit = min(limit, listed)
            break
        if listed >= demands - COUNT_MARGIN:
            break
        paths = best_paths(
            relaxation.arcs, relaxation.class_channels, np.zeros(0), prices[row],
            np.zeros((relaxation.items, 0)),
        )  # fmt: skip
        best = np.maximum(0.0, 1.0 + paths.reward)
        limit = min(limit, float(prices @ capacity + relaxation.class_count @ best))
        longer = columns.with_paths(relaxation.arcs, paths, row)
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

    uses: FloatArray
    owner: IntArray

    def with_paths(self, arcs: Arcs, paths: Paths, row: IntArray) -> Columns | None:
        """Return the columns with each class's best path; None where all are there already.

        ``row`` has the fibre of each of the I items.
        """
        there = {(int(c), use.tobytes()) for c, use in zip(self.owner, self.uses.T, strict=True)}
        uses, owner = [], []
        for c in np.flatnonzero(paths.reward > -1.0):
            use = np.zeros(len(self.uses))
            use[row[arcs.item[c, paths.arc[c, : paths.hops[c]]]]] = 1.0
            if (int(c), use.tobytes()) not in there:
                uses.append(use)
                owner.append(c)
        if not uses:
            return None
        return Columns(
            np.column_stack([self.uses, *uses]), np.concatenate([self.owner, owner]).astype(int)
        )


def _listed_columns(relaxation: Relaxation, row: IntArray, rows: int) -> Columns:
    routes = len(relaxation.route_class)
    route_of_use = np.repeat(np.arange(routes), np.diff(relaxation.route_start))
    uses = np.zeros((rows, routes))
    uses[row[relaxation.route_item], route_of_use] = 1.0
    return Columns(uses, relaxation.route_class)


def _rooms(relaxation: Relaxation, lowest_bps: float) -> tuple[IntArray, FloatArray]:
    """``(I,)`` fibre of each item, and ``(rows,)`` room of each fibre for lightpaths."""
    row, capacity = np.zeros(relaxation.items, dtype=np.int64), []
    for states, (first, middle, end) in zip(relaxation.states, relaxation.item_start, strict=True):
        loads = states.loads[states.rate_bps >= lowest_bps]
        directions = [(first, end)] if states.shared_fibre else [(first, middle), (middle, end)]
        for direction, (low, high) in enumerate(directions):
            carried = loads.sum(axis=1) if states.shared_fibre else loads[:, direction]
            row[low:high] = len(capacity)
            capacity.append(carried.max() if len(carried) else 0)
    return row, np.array(capacity, dtype=np.float64)


def _dual_prices(relaxation: Relaxation, columns: Columns, capacity: FloatArray) -> FloatArray:
    """Non-negative prices of the fibres' room, from the linear program."""
    channels = relaxation.class_channels[columns.owner]
    classes = np.zeros((len(relaxation.class_count), len(channels)))
    classes[columns.owner, np.arange(len(channels))] = 1.0
    matrix = np.vstack([columns.uses * channels, classes])
    upper = np.concatenate([capacity, relaxation.class_count])
    solver = new_highs()
    solver.setOptionValue("output_flag", False)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.ones(lp.num_col_)
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.full(lp.num_col_, highspy.kHighsInf)
    lp.row_lower_, lp.row_upper_ = np.full(lp.num_row_, -highspy.kHighsInf), upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    rows, columns = np.nonzero(matrix)
    lp.a_matrix_.start_ = np.searchsorted(rows, np.arange(lp.num_row_ + 1)).astype(np.int32)
    lp.a_matrix_.index_ = columns.astype(np.int32)
    lp.a_matrix_.value_ = matrix[rows, columns]
    solver.passModel(lp)
    solver.run()
    duals = np.array(solver.getSolution().row_dual)
    if len(duals) != len(matrix):
        return np.zeros(len(capacity))
    return np.asarray(np.abs(duals[: len(capacity)]))
