r"""The proximal master problem of the bundle method, solved on its dual.

The dual bound is a sum of convex functions, one *block* for every link and every class.
Each block keeps linear pieces (cuts) ``c + g . x`` seen so far; the master minimises

.. math::
    \sum_b \max_k (c_{bk} + g_{bk} \cdot x) + \sigma S + \|x - x_0\|^2 / (2 t),
    \qquad \nu \ge 0

Its dual has one simplex of weights per block; pairs of weights are exchanged (sequential
minimal optimisation) until the duality gap is small beside the predicted decrease. The
master only proposes prices: no bound depends on how exactly it is solved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.dual import DualData, DualPoint
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit, njit_inline
from qkdopt.units import FloatArray

# Cuts kept per block; weightless ones make room, oldest first.
CAPACITY = 80
# Exchanges of weight in one block before the next block is looked at.
EXCHANGES = 6


@dataclass
class Cuts:
    """Linear pieces of every block, padded to a common capacity ``K``.

    Parameters
    ----------
    start, rows
        Block b prices the items ``rows[start[b]:start[b + 1]]``; links come first.
    gradient
        ``(K, rows, 1 + L)`` slope against the prices (pi, nu_1, ..., nu_L) of each row.
    sigma_slope, constant, weight
        ``(B, K)`` slope against sigma, constant, and dual weight of each cut.
    state
        ``(B, K)`` load state that a link's cut stands for; -1 for classes.
    route
        ``(B, K)`` route that a class's cut stands for; -1 for links and unserved classes.
    last_used
        ``(B, K)`` iteration in which the cut last had weight.
    count
        ``(B,)`` cuts in use.
    """

    start: IntArray
    rows: IntArray
    gradient: FloatArray
    sigma_slope: FloatArray
    constant: FloatArray
    weight: FloatArray
    state: IntArray
    route: IntArray
    last_used: IntArray
    count: IntArray = field(repr=False)

    def copy(self) -> Cuts:
        """Return an independent copy, for a child node of the branching."""
        return Cuts(**{name: getattr(self, name).copy() for name in self.__dataclass_fields__})


def empty_cuts(data: DualData) -> Cuts:
    """Lay out the blocks of a relaxation, without cuts."""
    rel = data.relaxation
    blocks = [np.arange(first, end) for first, _, end in rel.item_start]
    for c in range(len(rel.class_count)):
        first, end = rel.class_route[c], rel.class_route[c + 1]
        blocks.append(np.unique(rel.route_item[rel.route_start[first] : rel.route_start[end]]))
    rows = np.concatenate(blocks).astype(np.int64)
    shape = (len(blocks), CAPACITY)
    return Cuts(
        start=np.cumsum([0, *(len(block) for block in blocks)]).astype(np.int64),
        rows=rows,
        gradient=np.zeros((CAPACITY, len(rows), 1 + len(data.level_widths))),
        sigma_slope=np.zeros(shape),
        constant=np.zeros(shape),
        weight=np.zeros(shape),
        state=np.full(shape, -1, dtype=np.int64),
        route=np.full(shape, -1, dtype=np.int64),
        last_used=np.zeros(shape, dtype=np.int64),
        count=np.zeros(len(blocks), dtype=np.int64),
    )


def add_cuts(
    cuts: Cuts, data: DualData, point: DualPoint, prices: FloatArray, sigma: float, served: int
) -> None:
    """Add the piece of every block that is exact at these prices, unless it is there.

    Parameters
    ----------
    cuts
        Added to in place.
    data
        The relaxation.
    point
        The dual's value and subgradient at the prices.
    prices
        ``(I, 1 + L)`` prices (pi, nu).
    sigma
        Price of serving one more demand [bit/s].
    served
        ``S``, how many demands plans serve.
    """
    rel = data.relaxation
    links = len(rel.states)
    limited = served < int(rel.class_count.sum())
    for b in range(links):
        first, end = rel.item_start[b, 0], rel.item_start[b, 2]
        cut = np.column_stack([point.taken[first:end], point.offered[first:end]])
        state = int(point.state[b])
        _insert(cuts, b, cut, float(data.state_value[state]), 0.0, state, -1)
    for c in range(len(rel.class_count)):
        b = links + c
        rows = cuts.rows[cuts.start[b] : cuts.start[b + 1]]
        cut = np.zeros((len(rows), prices.shape[1]))
        constant, slope, route = _class_cut(
            rel.route_start, rel.route_item, rel.route_key, rel.class_route, rel.class_count,
            rel.class_channels, data.level_widths, c, prices, sigma, limited, rows, cut,
        )  # fmt: skip
        _insert(cuts, b, cut, constant, slope, -1, route)


def _insert(
    cuts: Cuts, b: int, cut: FloatArray, constant: float, slope: float, state: int, route: int
) -> None:
    rows = slice(cuts.start[b], cuts.start[b + 1])
    known = cuts.count[b]
    same = (
        (cuts.constant[b, :known] == constant)
        & (cuts.sigma_slope[b, :known] == slope)
        & (cuts.state[b, :known] == state)
        & (cuts.route[b, :known] == route)
    )
    if any(np.array_equal(cuts.gradient[k, rows], cut) for k in np.flatnonzero(same)):
        return
    k = known
    if known == CAPACITY:
        idle = np.where(cuts.weight[b] > 0.0, np.iinfo(np.int64).max, cuts.last_used[b])
        k = int(idle.argmin())
        if cuts.weight[b, k] > 0.0:
            return
    else:
        cuts.count[b] += 1
    cuts.gradient[k, rows] = cut
    cuts.constant[b, k], cuts.sigma_slope[b, k] = constant, slope
    cuts.state[b, k], cuts.route[b, k] = state, route
    cuts.weight[b, k] = 1.0 if known == 0 else 0.0
    cuts.last_used[b, k] = cuts.last_used.max()


def drop_states(cuts: Cuts, allowed: NDArray[np.bool_]) -> None:
    """Take out link cuts of states no longer allowed, which would overstate the dual.

    Weights of the cuts that stay are scaled up to one; a block may be left empty.
    """
    for b in range(len(cuts.count)):
        n = cuts.count[b]
        keep = np.flatnonzero((cuts.state[b, :n] < 0) | allowed[cuts.state[b, :n]])
        if len(keep) == n:
            continue
        rows = slice(cuts.start[b], cuts.start[b + 1])
        cuts.gradient[: len(keep), rows] = cuts.gradient[keep, rows]
        for name in ("constant", "sigma_slope", "weight", "state", "route", "last_used"):
            values = getattr(cuts, name)
            values[b, : len(keep)] = values[b, keep]
            values[b, len(keep) :] = 0
        cuts.count[b] = len(keep)
        total = cuts.weight[b].sum()
        if total > 0.0:
            cuts.weight[b] /= total
        elif len(keep):
            cuts.weight[b, 0] = 1.0


@njit
def _row_of(rows, item):
    """Place of an item in a sorted list that holds it."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low


@njit
def _class_cut(
    route_start, route_item, route_key, class_route, class_count,
    class_channels, level_widths, c, prices, sigma, limited, rows, cut,
):  # fmt: skip
    """Fill ``cut`` with the slope of class c; return its constant, sigma slope and route."""
    best, chosen = -np.inf, -1
    for p in range(class_route[c], class_route[c + 1]):
        reward = 0.0
        for i in route_item[route_start[p] : route_start[p + 1]]:
            reward -= class_channels[c] * prices[i, 0]
        if route_key[p]:
            for level in range(len(level_widths)):
                left = level_widths[level]
                for i in route_item[route_start[p] : route_start[p + 1]]:
                    left -= prices[i, 1 + level]
                reward += max(left, 0.0)
        if reward > best:
            best, chosen = reward, p
    if limited and best <= sigma:
        return 0.0, 0.0, -1
    count, constant = float(class_count[c]), 0.0
    items = route_item[route_start[chosen] : route_start[chosen + 1]]
    for i in items:
        cut[_row_of(rows, i), 0] -= count * class_channels[c]
    if route_key[chosen]:
        for level in range(len(level_widths)):
            left = level_widths[level]
            for i in items:
                left -= prices[i, 1 + level]
            if left > 0.0:
                constant += count * level_widths[level]
                for i in items:
                    cut[_row_of(rows, i), 1 + level] -= count
    return constant, (-count if limited else 0.0), chosen


@njit
def _weighted(start, rows, count, gradient, sigma_slope, weight, slope):
    """Add the weighted gradients of all cuts to ``slope``; return their weighted sigma slope."""
    pull = 0.0
    for b in range(len(count)):
        for k in range(count[b]):
            if weight[b, k] > 0.0:
                pull += weight[b, k] * sigma_slope[b, k]
                for r in range(start[b], start[b + 1]):
                    for j in range(slope.shape[1]):
                        slope[rows[r], j] += weight[b, k] * gradient[k, r, j]
    return pull


@njit
def _price(centre, t, slope, prices):
    """Write the prices a step against the slope from the centre; only the first may be negative."""
    for i in range(centre.shape[0]):
        for j in range(centre.shape[1]):
            moved = centre[i, j] - t * slope[i, j]
            prices[i, j] = moved if j == 0 or moved > 0.0 else 0.0


@njit
def solve_master(
    centre, sigma_centre, t, limited, served, value, start, rows, count,
    gradient, sigma_slope, constant, weight, sweeps, prices,
):  # fmt: skip
    """Improve the weights, write the proposed prices; return (model value, sigma).

    Parameters
    ----------
    centre, sigma_centre
        ``(I, 1 + L)`` best prices so far, and the price of one more demand.
    t
        Proximal weight.
    limited, served
        Whether fewer than all demands are served, and how many.
    value
        The bound at the centre [bit/s].
    start, rows, count, gradient, sigma_slope, constant, weight
        See :class:`Cuts`; ``weight`` is improved in place.
    sweeps
        Most passes over all blocks.
    prices
        ``(I, 1 + L)``, written.
    """
    slope = np.zeros(centre.shape)
    pull = (float(served) if limited else 0.0) + _weighted(
        start, rows, count, gradient, sigma_slope, weight, slope
    )
    _price(centre, t, slope, prices)
    sigma = sigma_centre - t * pull if limited else 0.0
    height = np.empty(gradient.shape[0])
    model = 0.0
    for _ in range(sweeps):
        gap = 0.0
        model = sigma * served if limited else 0.0
        for b in range(len(count)):
            high = -1
            for exchange in range(EXCHANGES):
                # After the first exchange only cuts with weight are evaluated again.
                high, low, mean = _extremes(
                    b, start, rows, count, gradient, sigma_slope, constant, weight, prices, sigma,
                    exchange > 0, high, height,
                )  # fmt: skip
                if exchange == 0:
                    gap += height[high] - mean
                    model += height[high]
                rise = height[high] - height[low]
                if high == low or rise <= 1e-9 * abs(height[high]):
                    break
                step = _exchange(
                    b, high, low, rise, centre, t, start, rows, gradient, sigma_slope, weight,
                    slope, prices,
                )  # fmt: skip
                if limited:
                    pull += step * (sigma_slope[b, high] - sigma_slope[b, low])
                    sigma = sigma_centre - t * pull
        if gap <= 0.05 * (value - model):
            break
    return model, sigma


@njit_inline
def _extremes(
    b, start, rows, count, gradient, sigma_slope, constant, weight, prices, sigma,
    weighted_only, last_high, height,
):  # fmt: skip
    """Write the heights of a block's cuts; return the highest, the lowest of weight, the mean.

    With ``weighted_only`` cuts without weight are left out, the last highest one excepted.
    """
    first, end, width = start[b], start[b + 1], prices.shape[1]
    high, low, mean = -1, -1, 0.0
    for k in range(count[b]):
        if weighted_only and weight[b, k] <= 0.0 and k != last_high:
            continue
        h = constant[b, k] + sigma_slope[b, k] * sigma
        for r in range(first, end):
            i = rows[r]
            for j in range(width):
                h += gradient[k, r, j] * prices[i, j]
        height[k] = h
        mean += weight[b, k] * h
        if high < 0 or h > height[high]:
            high = k
        if weight[b, k] > 0.0 and (low < 0 or h < height[low]):
            low = k
    return high, low, mean


@njit_inline
def _exchange(
    b, high, low, rise, centre, t, start, rows, gradient, sigma_slope, weight, slope, prices,
):  # fmt: skip
    """Move weight from the lowest cut to the highest, and the prices with it; return how much."""
    first, end, width = start[b], start[b + 1], centre.shape[1]
    bend = (sigma_slope[b, high] - sigma_slope[b, low]) ** 2
    for r in range(first, end):
        for j in range(width):
            bend += (gradient[high, r, j] - gradient[low, r, j]) ** 2
    step = min(weight[b, low], rise / (t * bend + 1e-300))
    weight[b, high] += step
    weight[b, low] -= step
    if weight[b, low] < 1e-14:
        weight[b, low] = 0.0
    for r in range(first, end):
        i = rows[r]
        for j in range(width):
            slope[i, j] += step * (gradient[high, r, j] - gradient[low, r, j])
            moved = centre[i, j] - t * slope[i, j]
            prices[i, j] = moved if j == 0 or moved > 0.0 else 0.0
    return step
