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
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.classes import Relaxation
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit
from qkdopt.units import FloatArray

# Relative margin on the sum of a few thousand terms in double precision.
MARGIN = 1e-9


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
    slot_item, slot_start
        Items repeated once per lightpath they can stand for, per link and direction.
    """

    relaxation: Relaxation
    level_widths: FloatArray
    share: FloatArray
    state_value: FloatArray
    loads: IntArray
    state_start: IntArray
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
    return DualData(
        relaxation=relaxation,
        level_widths=level_widths,
        share=share,
        state_value=state_value,
        loads=np.concatenate([states.loads for states in relaxation.states]).astype(np.int64),
        state_start=np.cumsum([0, *(len(s.rate_bps) for s in relaxation.states)]).astype(np.int64),
        slot_item=slot_item.astype(np.int64),
        slot_start=first[relaxation.item_start].astype(np.int64),
    )


@dataclass
class DualPoint:
    """Value and subgradient of the dual at one set of prices.

    Parameters
    ----------
    value_bps
        The bound on the total key rate, rounded up by ``MARGIN``.
    used, taken
        ``(I,)`` lightpaths that the routes send, and that the links accept.
    drawn, offered
        ``(I, L)`` demands' share of each level, and what the chosen states offer.
    state
        ``(E,)`` the chosen state of each link, numbered over all links.
    flow
        ``(P,)`` demands on each route.
    """

    value_bps: float
    used: FloatArray
    taken: FloatArray
    drawn: FloatArray
    offered: FloatArray
    state: IntArray
    flow: FloatArray


def evaluate(
    data: DualData, served: int, pi: FloatArray, nu: FloatArray, allowed: NDArray[np.bool_]
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
    """
    rel = data.relaxation
    used, taken = np.zeros(rel.items), np.zeros(rel.items)
    drawn, offered = np.zeros(nu.shape), np.zeros(nu.shape)
    flow = np.zeros(len(rel.route_class))
    state = np.full(len(rel.states), -1, dtype=np.int64)
    demand_part = _demand_part(
        rel.route_start, rel.route_item, rel.route_key, rel.class_route, rel.class_count,
        rel.class_channels, data.level_widths, served, pi, nu, used, drawn, flow,
    )  # fmt: skip
    link_part = _link_part(
        data.state_start, data.loads, data.share, data.state_value, data.slot_item, data.slot_start,
        rel.item_class, rel.class_channels, allowed, pi, nu, taken, offered, state,
    )  # fmt: skip
    if not np.isfinite(demand_part) or not np.isfinite(link_part):
        return None
    size = abs(demand_part) + abs(link_part)
    value = demand_part + link_part + MARGIN * size
    return DualPoint(value, used, taken, drawn, offered, state, flow)


@njit
def _demand_part(
    route_start, route_item, route_key, class_route, class_count,
    class_channels, level_widths, served, pi, nu, used, drawn, flow,
):  # fmt: skip
    """Send the S demands with the best reward over their best routes; -inf if fewer exist.

    The first sum of ``B``; arrays as in :class:`Relaxation` and :class:`DualPoint`, of which
    ``used``, ``drawn`` and ``flow`` are written.
    """
    classes, levels = len(class_count), len(level_widths)
    best = np.full(classes, -np.inf)
    chosen = np.full(classes, -1)
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
            if reward > best[c]:
                best[c] = reward
                chosen[c] = p
    total, remaining = 0.0, served
    order = np.arange(classes)
    _sort_down(best.copy(), order, 0, classes)
    for k in range(classes):
        c = order[k]
        count = min(remaining, class_count[c])
        if count == 0 or chosen[c] < 0:
            continue
        remaining -= count
        total += count * best[c]
        p = chosen[c]
        flow[p] += count
        items = route_item[route_start[p] : route_start[p + 1]]
        for i in items:
            used[i] += count * class_channels[c]
        if route_key[p]:
            for level in range(levels):
                left = level_widths[level]
                for i in items:
                    left -= nu[i, level]
                if left > 0.0:
                    for i in items:
                        drawn[i, level] += count
    return total if remaining == 0 else -np.inf


@njit
def _link_part(
    state_start, loads, share, state_value, slot_item, slot_start,
    item_class, class_channels, allowed, pi, nu, taken, offered, state,
):  # fmt: skip
    """Give every link its best state and the lightpaths of most value in it; -inf if none.

    The second sum of ``B``; arrays as in :class:`DualData` and :class:`DualPoint`, of which
    ``taken``, ``offered`` and ``state`` are written.
    """
    total = 0.0
    levels = share.shape[1]
    width = 0
    for e in range(len(slot_start)):
        width = max(width, slot_start[e, 2] - slot_start[e, 0])
    order = np.empty(width, dtype=np.int64)
    profit = np.empty(width)
    best_order = np.empty(width, dtype=np.int64)
    for e in range(len(slot_start)):
        first, middle, end = slot_start[e, 0], slot_start[e, 1], slot_start[e, 2]
        n0, n1 = middle - first, end - middle
        for k in range(n0 + n1):
            order[k] = first + k
        best, chosen = -np.inf, -1
        for s in range(state_start[e], state_start[e + 1]):
            if not allowed[s]:
                continue
            m0, m1 = loads[s, 0], loads[s, 1]
            for k in range(n0 + n1):
                i = slot_item[order[k]]
                drawn = 0.0
                for level in range(levels):
                    if share[s, level] <= 0.0:
                        break
                    drawn += nu[i, level] * share[s, level]
                profit[k] = pi[i] + drawn / class_channels[item_class[i]]
            # The order of the last state is nearly right: insertion sort is nearly linear.
            _sort_down(profit, order, 0, n0)
            _sort_down(profit, order, n0, n0 + n1)
            value = state_value[s]
            for k in range(m0):
                value += profit[k]
            for k in range(n0, n0 + m1):
                value += profit[k]
            if value > best:
                best, chosen = value, s
                for k in range(m0):
                    best_order[k] = order[k]
                for k in range(m1):
                    best_order[m0 + k] = order[n0 + k]
        if chosen < 0:
            return -np.inf
        total += best
        state[e] = chosen
        for k in range(loads[chosen, 0] + loads[chosen, 1]):
            i = slot_item[best_order[k]]
            taken[i] += 1.0
            for level in range(levels):
                offered[i, level] += share[chosen, level] / class_channels[item_class[i]]
    return total


@njit
def _sort_down(key, order, first, end):
    """Sort ``key[first:end]`` by insertion, falling, moving ``order`` along."""
    for k in range(first + 1, end):
        value, item = key[k], order[k]
        j = k - 1
        while j >= first and key[j] < value:
            key[j + 1], order[j + 1] = key[j], order[j]
            j -= 1
        key[j + 1], order[j + 1] = value, item
