r"""How many demands can be served at all: room on the links, channels left open.

.. math:: \max \sum_p n_p, \qquad \sum_{p \in P(d)} n_p \le D_d, \qquad
    \sum_{p \ni e} b_p n_p \le C_e

with ``C_e`` the largest load of a feasible state. The linear program only proposes dual
prices; the bound is re-derived from them, so no solver tolerance enters it.
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csr_array, vstack

from qkdopt.bounds.classes import Relaxation
from qkdopt.runtime.output import one_highs
from qkdopt.units import FloatArray

# An integer count is rounded down only after this margin for rounding in the sum.
COUNT_MARGIN = 1e-6


def served_bound(relaxation: Relaxation, lowest_rate_bps: float = 0.0) -> int:
    """Bound how many demands can be served with every link in use at ``lowest_rate_bps``."""
    uses, capacity = _capacity_rows(relaxation, lowest_rate_bps)
    prices = _dual_prices(relaxation, uses, capacity)
    channels = relaxation.class_channels[relaxation.route_class]
    gain = 1.0 - channels * (uses.T @ prices)
    first = relaxation.class_route[:-1]
    best = np.maximum(0.0, np.maximum.reduceat(gain, first)) if len(gain) else np.zeros(0)
    total = float(prices @ capacity + relaxation.class_count @ best)
    return min(int(relaxation.class_count.sum()), int(np.floor(total + COUNT_MARGIN)))


def _capacity_rows(relaxation: Relaxation, lowest_bps: float) -> tuple[csr_array, FloatArray]:
    """``(rows, P)`` which routes use each fibre, and ``(rows,)`` its room for lightpaths."""
    routes, row_of_item = len(relaxation.route_class), np.zeros(relaxation.items, dtype=np.int64)
    capacity: list[int] = []
    for states, (first, middle, end) in zip(relaxation.states, relaxation.item_start, strict=True):
        loads = states.loads[states.rate_bps >= lowest_bps]
        directions = [(first, end)] if states.shared_fibre else [(first, middle), (middle, end)]
        for direction, (low, high) in enumerate(directions):
            carried = loads.sum(axis=1) if states.shared_fibre else loads[:, direction]
            row_of_item[low:high] = len(capacity)
            capacity.append(carried.max() if len(carried) else 0)
    route_of_use = np.repeat(np.arange(routes), np.diff(relaxation.route_start))
    rows = row_of_item[relaxation.route_item]
    uses = csr_array((np.ones(len(rows)), (rows, route_of_use)), shape=(len(capacity), routes))
    return uses, np.array(capacity, dtype=np.float64)


def _dual_prices(relaxation: Relaxation, uses: csr_array, capacity: FloatArray) -> FloatArray:
    """Non-negative prices of the fibres' room, from the linear program."""
    channels = relaxation.class_channels[relaxation.route_class]
    routes, classes = len(channels), len(relaxation.class_count)
    of_class = csr_array(
        (np.ones(routes), (relaxation.route_class, np.arange(routes))), shape=(classes, routes)
    )
    matrix = csr_array(vstack([uses * channels, of_class]))
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.ones(lp.num_col_)
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.full(lp.num_col_, highspy.kHighsInf)
    lp.row_lower_ = np.full(lp.num_row_, -highspy.kHighsInf)
    lp.row_upper_ = np.concatenate([capacity, relaxation.class_count])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    with one_highs() as solver:
        solver.setOptionValue("output_flag", False)
        solver.passModel(lp)
        solver.run()
        duals = np.array(solver.getSolution().row_dual)
    if len(duals) != lp.num_row_:
        return np.zeros(len(capacity))
    return np.asarray(np.abs(duals[: len(capacity)]))
