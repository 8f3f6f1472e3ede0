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

import numpy as np

from qkdopt.runtime.compiled import njit, njit_inline

# Exchanges of weight in one block before the next block is looked at.
EXCHANGES = 20
# Passes over the blocks, of which one looks at all cuts and the others at those with weight.
FULL_EVERY = 3


@njit_inline
def _add(b, k, step, start, item, own, drawn, filled, level, slope):
    """Add ``step`` times the slope of a cut."""
    for n in range(start[b], start[b] + filled[b, k]):
        i = item[k, n]
        slope[i, 0] += step * own[k, n]
        for j in range(level.shape[2]):
            slope[i, 1 + j] += step * drawn[k, n] * level[b, k, j]


@njit_inline
def _price(b, k, centre, t, start, item, filled, slope, prices):
    """Write the prices of a cut's items a step against the slope from the centre."""
    for n in range(start[b], start[b] + filled[b, k]):
        i = item[k, n]
        prices[i, 0] = centre[i, 0] - t * slope[i, 0]
        for j in range(1, prices.shape[1]):
            prices[i, j] = max(0.0, centre[i, j] - t * slope[i, j])


@njit_inline
def _height(b, k, start, item, own, drawn, filled, level, sigma_slope, constant, prices, sigma):
    """Return the height of a cut at some prices."""
    height = constant[b, k] + sigma_slope[b, k] * sigma
    for n in range(start[b], start[b] + filled[b, k]):
        i = item[k, n]
        levels = 0.0
        for j in range(level.shape[2]):
            levels += level[b, k, j] * prices[i, 1 + j]
        height += own[k, n] * prices[i, 0] + drawn[k, n] * levels
    return height


@njit
def solve_master(
    centre, sigma_centre, t, limited, served, value, tolerance, start, item, own, drawn, filled,
    level, gram, sigma_slope, constant, weight, count, sweeps, prices,
):  # fmt: skip
    """Improve the weights, write the proposed prices; return (model value, sigma, duality gap).

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
    tolerance
        Duality gap at which it ends, beside the predicted decrease.
    start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight, count
        See :class:`qkdopt.bounds.cuts.Cuts`; ``weight`` is improved in place.
    sweeps
        Most passes over all blocks.
    prices
        ``(I, 1 + L)``, written.
    """
    slope = np.zeros(centre.shape)
    pull = float(served) if limited else 0.0
    for b in range(len(count)):
        for k in range(count[b]):
            if weight[b, k] > 0.0:
                pull += weight[b, k] * sigma_slope[b, k]
                _add(b, k, weight[b, k], start, item, own, drawn, filled, level, slope)
    for i in range(centre.shape[0]):
        prices[i, 0] = centre[i, 0] - t * slope[i, 0]
        for j in range(1, centre.shape[1]):
            prices[i, j] = max(0.0, centre[i, j] - t * slope[i, j])
    sigma = sigma_centre - t * pull if limited else 0.0
    capacity = weight.shape[1]
    height, active, moved = np.empty(capacity), np.empty(capacity, np.int64), np.empty(capacity)
    for sweep in range(sweeps):
        # Cuts without weight seldom get any: most passes leave them out.
        full = sweep % FULL_EVERY == 0
        gap, heights = 0.0, sigma * served if limited else 0.0
        for b in range(len(count)):
            n, top, mean = _look(
                b, full, start, item, own, drawn, filled, level, sigma_slope, constant, weight,
                count, prices, sigma, active, height,
            )  # fmt: skip
            gap += top - mean
            heights += top
            moved[:n] = 0.0
            _exchange(n, active, t, gram[b], weight[b], height, moved)
            for m in range(n):
                if moved[m] != 0.0:
                    k = active[m]
                    _add(b, k, moved[m], start, item, own, drawn, filled, level, slope)
                    pull += moved[m] * sigma_slope[b, k]
            for m in range(n):
                if moved[m] != 0.0:
                    _price(b, active[m], centre, t, start, item, filled, slope, prices)
            if limited:
                sigma = sigma_centre - t * pull
        # While weights move, blocks are seen at different prices: good enough to end by.
        if full and gap <= tolerance * (value - heights):
            break
    model, rough = sigma * served if limited else 0.0, 0.0
    for b in range(len(count)):
        _, top, mean = _look(
            b, True, start, item, own, drawn, filled, level, sigma_slope, constant, weight, count,
            prices, sigma, active, height,
        )  # fmt: skip
        model += top
        rough += top - mean
    return model, sigma, rough


@njit_inline
def _look(
    b, everything, start, item, own, drawn, filled, level, sigma_slope, constant, weight, count,
    prices, sigma, active, height,
):  # fmt: skip
    """List the cuts of a block, or those with weight, and their heights.

    Return how many they are, the highest height, and the mean by weight.
    """
    n, top, mean = 0, -np.inf, 0.0
    for k in range(count[b]):
        if everything or weight[b, k] > 0.0:
            active[n] = k
            height[n] = _height(
                b, k, start, item, own, drawn, filled, level, sigma_slope, constant, prices, sigma
            )
            mean += weight[b, k] * height[n]
            top = max(top, height[n])
            n += 1
    return n, top, mean


@njit_inline
def _exchange(n, active, t, gram, weight, height, moved):
    """Move weight from the lowest cuts of a block to the highest, until their heights are level.

    Heights are followed by the slopes' inner products, as if no price met its lower limit. So the
    master's dual is followed from below, and touched where the visit begins: what raises the one
    raises the other.

    Parameters
    ----------
    n, active
        How many cuts take part, and which.
    t
        Proximal weight.
    gram, weight
        Inner products and weights of the block's cuts; the weights are changed.
    height, moved
        Heights of the cuts that take part, and the weight that each has gained; both changed.
    """
    for _ in range(EXCHANGES):
        high, low = 0, -1
        for m in range(n):
            if height[m] > height[high]:
                high = m
            if weight[active[m]] > 0.0 and (low < 0 or height[m] < height[low]):
                low = m
        rise = height[high] - height[low]
        if high == low or rise <= 1e-9 * abs(height[high]):
            return
        rising, falling = active[high], active[low]
        bend = gram[rising, rising] + gram[falling, falling] - 2.0 * gram[rising, falling]
        step = min(weight[falling], rise / (t * max(bend, 0.0) + 1e-300))
        weight[rising] += step
        weight[falling] -= step
        moved[high] += step
        moved[low] -= step
        if weight[falling] < 1e-14:
            weight[falling] = 0.0
        for m in range(n):
            k = active[m]
            height[m] -= t * step * (gram[k, rising] - gram[k, falling])
