r"""The Lagrangian dual of the load-state relaxation: any prices give a valid bound.

Prices ``pi[i]`` link the lightpaths that routes send over item ``i`` with those the link
accepts; prices ``nu[i, l] >= 0`` link the key rate that demands draw with the rate that
the link's state offers, one per rate level ``l`` of width ``D_l``. Then

.. math::
    B(\pi, \nu) = \max_{n} \sum_p n_p \Bigl[\sum_l \bigl(D_l - \sum_{i \in p} \nu_{il}\bigr)^+
        - b \sum_{i \in p} \pi_i\Bigr]
        + \sum_e \max_{(m_0, m_1), v} \sum_i v_i \Bigl[\pi_i
        + \tfrac1b \sum_l \nu_{il} f_l(g_e(m_0, m_1))\Bigr]

with ``f_l(g)`` the share of level ``l`` below ``g``, exactly ``S`` demands served, and
exactly ``m_0`` and ``m_1`` lightpaths in ``v`` of each direction. Both maxima are found
exactly by sorting, so ``B`` bounds the total key rate of every plan whatever the prices:
they only decide how tight it is. For the objective ``link-sum`` there are no levels and
the value of a state is its own rate.

Where any path counts, the first maximum is over all of them (:mod:`qkdopt.bounds.paths`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.classes import Relaxation
from qkdopt.bounds.paths import Paths, best_paths
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit, njit_inline
from qkdopt.units import FloatArray

# Relative margin on the sum of a few thousand terms in double precision.
MARGIN = 1e-9
# States of a link that are looked at together: of nearly equal rates, for one sorting bounds all.
BAND = 24


@dataclass(frozen=True)
class DualData:
    """The relaxation as flat arrays for the compiled evaluation.

    Parameters
    ----------
    relaxation
        Items, routes and classes.
    level_widths
        ``(L,)`` width of each rate level [bit/s].
    share
        ``(N, L)`` share of each level below the rate of each state, all links in a row.
    state_value
        ``(N,)`` what a state adds by itself [bit/s]: its rate for ``link-sum``, else 0.
    loads
        ``(N, 2)`` lightpaths of each state.
    state_start
        ``(E + 1,)`` states of link e are ``state_start[e]:state_start[e + 1]``.
    by_rate
        ``(N,)`` states of each link in turn, the highest rate first.
    slot_item, slot_start
        Items repeated once per lightpath they can stand for, per link and direction.
    """

    relaxation: Relaxation
    level_widths: FloatArray
    share: FloatArray
    state_value: FloatArray
    loads: IntArray
    state_start: IntArray
    by_rate: IntArray
    slot_item: IntArray
    slot_start: IntArray


def dual_data(relaxation: Relaxation, edges: FloatArray | None) -> DualData:
    """Flatten a relaxation for rate levels with these edges [bit/s].

    Without edges the links' own rates are summed in place of the demands'.
    """
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    if edges is None:
        level_widths, share, state_value = np.zeros(1), np.zeros((len(rates), 1)), rates
    else:
        level_widths, state_value = np.diff(edges), np.zeros(len(rates))
        share = np.clip((rates[:, None] - edges[None, :-1]) / level_widths[None, :], 0.0, 1.0)
    slot_item = np.repeat(np.arange(relaxation.items), relaxation.item_limit)
    first = np.concatenate([[0], np.cumsum(relaxation.item_limit)])
    start = np.cumsum([0, *(len(s.rate_bps) for s in relaxation.states)]).astype(np.int64)
    by_rate = [
        first + np.argsort(-states.rate_bps, kind="stable")
        for first, states in zip(start[:-1], relaxation.states, strict=True)
    ]
    return DualData(
        relaxation=relaxation,
        level_widths=level_widths,
        share=share,
        state_value=state_value,
        loads=np.concatenate([states.loads for states in relaxation.states]).astype(np.int64),
        state_start=start,
        by_rate=np.concatenate(by_rate).astype(np.int64),
        slot_item=slot_item.astype(np.int64),
        slot_start=first[relaxation.item_start].astype(np.int64),
    )


@dataclass
class DualPoint:
    """Value of the dual at one set of prices, and what the links do there.

    Parameters
    ----------
    value_bps
        The bound on the total key rate, rounded up by ``MARGIN``.
    taken
        ``(I,)`` lightpaths that the links accept.
    state
        ``(E,)`` the chosen state of each link, numbered over all links.
    paths
        The best path of each class, where any path counts.
    """

    value_bps: float
    taken: FloatArray
    state: IntArray
    paths: Paths | None = None


def evaluate(
    data: DualData,
    served: int,
    pi: FloatArray,
    nu: FloatArray,
    allowed: NDArray[np.bool_],
    slot_order: IntArray | None = None,
) -> DualPoint | None:
    """Evaluate the dual; return None when no allowed states fit the demands.

    Parameters
    ----------
    data
        The relaxation.
    served
        ``S``, how many demands plans serve.
    pi
        ``(I,)`` prices of lightpaths [bit/s].
    nu
        ``(I, L)`` prices of the rate levels, not negative.
    allowed
        ``(N,)`` load states to choose from.
    slot_order
        ``first_slot_order(data)`` or what the last evaluation left of it, changed in place: the
        slots of each link and direction in an order that is nearly right; None to begin anew.
    """
    rel = data.relaxation
    if slot_order is None:
        slot_order = first_slot_order(data)
    taken = np.zeros(rel.items)
    state = np.full(len(rel.states), -1, dtype=np.int64)
    paths = None
    if rel.arcs is None:
        demand_part = _demand_part(
            rel.route_start, rel.route_item, rel.route_key, rel.class_route, rel.class_count,
            rel.class_channels, data.level_widths, served, pi, nu,
        )  # fmt: skip
    else:
        paths = best_paths(rel.arcs, rel.class_channels, data.level_widths, pi, nu)
        demand_part = _serve(paths.reward, rel.class_count, served)
    link_part = _link_part(
        data.state_start, data.by_rate, data.loads, data.share, data.state_value, data.slot_item,
        data.slot_start, slot_order, rel.item_class, rel.class_channels, allowed, pi, nu,
        taken, state,
    )  # fmt: skip
    if not np.isfinite(demand_part) or not np.isfinite(link_part):
        return None
    size = abs(demand_part) + abs(link_part)
    value = demand_part + link_part + MARGIN * size
    return DualPoint(value, taken, state, paths)


def first_slot_order(data: DualData) -> IntArray:
    """Slots in the order of their items."""
    return np.arange(len(data.slot_item), dtype=np.int64)


@njit
def _demand_part(
    route_start, route_item, route_key, class_route, class_count,
    class_channels, level_widths, served, pi, nu,
):  # fmt: skip
    """Send the S demands with the best reward over their best routes; -inf if fewer exist.

    The first sum of ``B``; arrays as in :class:`Relaxation`.
    """
    classes, levels = len(class_count), len(level_widths)
    best = np.full(classes, -np.inf)
    for c in range(classes):
        for p in range(class_route[c], class_route[c + 1]):
            reward = 0.0
            for i in route_item[route_start[p] : route_start[p + 1]]:
                reward -= class_channels[c] * pi[i]
            if route_key[p]:
                for level in range(levels):
                    left = level_widths[level]
                    for i in route_item[route_start[p] : route_start[p + 1]]:
                        left -= nu[i, level]
                    reward += max(left, 0.0)
            best[c] = max(best[c], reward)
    return _serve(best, class_count, served)


@njit
def _serve(best, class_count, served):
    """Serve the S demands of most reward, (C,) of each class; return their sum, -inf if fewer."""
    total, remaining = 0.0, served
    order = np.arange(len(best))
    _sort_down(best.copy(), order)
    for c in order:
        count = min(remaining, class_count[c])
        if count == 0 or best[c] == -np.inf:
            continue
        remaining -= count
        total += count * best[c]
    return total if remaining == 0 else -np.inf


@njit_inline
def _profits(s, share, slot_item, item_class, class_channels, pi, nu, order, first, end, profit):
    """Write what each slot of a link is worth in a state, in the present order of slots."""
    for k in range(first, end):
        i = slot_item[order[k]]
        drawn = 0.0
        for level in range(share.shape[1]):
            if share[s, level] <= 0.0:
                break
            drawn += nu[i, level] * share[s, level]
        profit[k - first] = pi[i] + drawn / class_channels[item_class[i]]


@njit
def _state_value(
    s, loads, share, state_value, slot_item, item_class, class_channels, pi, nu, order, first,
    middle, end, profit,
):  # fmt: skip
    """Return the value of a state with the lightpaths of most profit; the order then lists them."""
    _profits(s, share, slot_item, item_class, class_channels, pi, nu, order, first, end, profit)
    _sort_down(profit[: middle - first], order[first:middle])
    _sort_down(profit[middle - first : end - first], order[middle:end])
    value = state_value[s]
    for k in range(loads[s, 0]):
        value += profit[k]
    for k in range(middle - first, middle - first + loads[s, 1]):
        value += profit[k]
    return value


@njit_inline
def _may_be_best(band, band_end, by_rate, loads, state_value, allowed, first_sum, second_sum, best):
    """Whether an allowed state of a band could be worth more than the best, by these sums."""
    for k in range(band, band_end):
        s = by_rate[k]
        if allowed[s] and state_value[s] + first_sum[loads[s, 0]] + second_sum[loads[s, 1]] > best:
            return True
    return False


@njit
def _link_part(
    state_start, by_rate, loads, share, state_value, slot_item, slot_start, slot_order,
    item_class, class_channels, allowed, pi, nu, taken, state,
):  # fmt: skip
    """Give every link its best state and the lightpaths of most value in it; -inf if none.

    The second sum of ``B``; arrays as in :class:`DualData` and :class:`DualPoint`, of which
    ``taken`` and ``state`` are written. Prices of levels are not negative, so at the
    highest rate of a band every slot is worth at least what it is in any state of the band: states
    that could not be the best even so are left out.
    """
    total, width = 0.0, 0
    for e in range(len(slot_start)):
        width = max(width, slot_start[e, 2] - slot_start[e, 0])
    profit, first_sum, second_sum = np.empty(width), np.empty(width + 1), np.empty(width + 1)
    for e in range(len(slot_start)):
        first, middle, end = slot_start[e, 0], slot_start[e, 1], slot_start[e, 2]
        best, chosen = -np.inf, -1
        first_sum[:], second_sum[:] = np.inf, np.inf
        for band in range(state_start[e], state_start[e + 1], BAND):
            band_end, top = min(band + BAND, state_start[e + 1]), -1
            for k in range(band, band_end):
                if allowed[by_rate[k]]:
                    top = by_rate[k]
                    break
            # Sums at a higher rate bound those of this band: most bands end here, unsorted.
            if top < 0 or not _may_be_best(
                band, band_end, by_rate, loads, state_value, allowed, first_sum, second_sum, best
            ):
                continue
            _state_value(
                top, loads, share, state_value, slot_item, item_class, class_channels, pi, nu,
                slot_order, first, middle, end, profit,
            )  # fmt: skip
            first_sum[0], second_sum[0] = 0.0, 0.0
            for k in range(middle - first):
                first_sum[k + 1] = first_sum[k] + profit[k]
            for k in range(end - middle):
                second_sum[k + 1] = second_sum[k] + profit[middle - first + k]
            for k in range(band, band_end):
                s = by_rate[k]
                most = state_value[s] + first_sum[loads[s, 0]] + second_sum[loads[s, 1]]
                if not allowed[s] or most <= best:
                    continue
                value = _state_value(
                    s, loads, share, state_value, slot_item, item_class, class_channels, pi, nu,
                    slot_order, first, middle, end, profit,
                )  # fmt: skip
                if value > best:
                    best, chosen = value, s
        if chosen < 0:
            return -np.inf
        total += best
        state[e] = chosen
        _state_value(
            chosen, loads, share, state_value, slot_item, item_class, class_channels, pi, nu,
            slot_order, first, middle, end, profit,
        )  # fmt: skip
        for k in range(loads[chosen, 0]):
            taken[slot_item[slot_order[first + k]]] += 1.0
        for k in range(loads[chosen, 1]):
            taken[slot_item[slot_order[middle + k]]] += 1.0
    return total


@njit
def _sort_down(key, order):
    """Sort by insertion, falling, moving ``order`` along: nearly linear where nearly sorted."""
    for k in range(1, len(key)):
        value, item = key[k], order[k]
        j = k - 1
        while j >= 0 and key[j] < value:
            key[j + 1], order[j + 1] = key[j], order[j]
            j -= 1
        key[j + 1], order[j + 1] = value, item
