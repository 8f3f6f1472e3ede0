"""Key rates of demands, and what the objective makes of them."""

from __future__ import annotations

import math

from qkdopt.state.compiled import inner, outlined
from qkdopt.state.network import LINK_SUM, MAX_MIN, MEAN, Network
from qkdopt.state.search_state import (
    ENERGY,
    REFERENCE,
    SCALE,
    SCORE,
    SERVED,
    UNSERVED,
    Move,
    State,
)

# The softened minimum forgets demands a few sixteenths of the rate scale above it.
_SHARPNESS = 16.0
# Plans of equal worst rate are told apart by their mean.
_MEAN_SHARE = 1e-3


@inner
def lightpath_rate_bps(network: Network, state: State, demand: int) -> float:
    """Least link rate [bit/s] along the demand's own path."""
    path = state.path[demand]
    if path == UNSERVED:
        return 0.0
    rate = state.rate_bps[network.path_link[path, 0]]
    for h in range(1, network.path_hops[path]):
        rate = min(rate, state.rate_bps[network.path_link[path, h]])
    return rate


@outlined
def fill_widest_relay(network: Network, state: State, move: Move) -> None:
    """Rate [bit/s] of the relay route with the best bottleneck, between all nodes.

    Links join parts of the network from the fastest down (Kruskal): the link that first
    joins two parts is the bottleneck between every node of one and every node of the other.
    """
    _sort_links(state, move)
    for node in range(network.nodes):
        move.part[node] = node
    for k in range(len(move.order)):
        e = move.order[k]
        kept, merged = move.part[network.link_ends[e, 0]], move.part[network.link_ends[e, 1]]
        if kept == merged:
            continue
        for i in range(network.nodes):
            if move.part[i] != merged:
                continue
            for j in range(network.nodes):
                if move.part[j] == kept:
                    move.relay_bps[i, j] = state.rate_bps[e]
                    move.relay_bps[j, i] = state.rate_bps[e]
        for i in range(network.nodes):
            if move.part[i] == merged:
                move.part[i] = kept


@inner
def _sort_links(state: State, move: Move) -> None:
    """Sort the link order by falling rate; the last order is nearly right already."""
    for k in range(1, len(move.order)):
        e, j = move.order[k], k
        while j > 0 and state.rate_bps[move.order[j - 1]] < state.rate_bps[e]:
            move.order[j] = move.order[j - 1]
            j -= 1
        move.order[j] = e


@inner
def utility(network: Network, state: State, rate_bps: float) -> float:
    """Contribution of a served demand's rate to the energy that the search climbs.

    The rate itself for the mean; for the worst demand an exponential whose slope is 1 at
    the reference rate, so that the sum is a softened minimum.
    """
    if network.objective == LINK_SUM:
        return 0.0
    if network.objective == MEAN:
        return rate_bps
    width = state.totals[SCALE] / _SHARPNESS
    return -width * math.exp(min(40.0, (state.totals[REFERENCE] - rate_bps) / width))


@outlined
def rescore(network: Network, state: State) -> None:
    """Set the score that plans which serve equally many demands are compared by."""
    state.totals[SCORE] = state.totals[ENERGY]
    if network.objective == MAX_MIN:
        worst, total = math.inf, 0.0
        for r in range(len(state.path)):
            if state.path[r] != UNSERVED:
                worst = min(worst, state.demand_bps[r])
                total += state.demand_bps[r]
        served = max(1, state.counts[SERVED])
        state.totals[SCORE] = worst + _MEAN_SHARE * total / served if total > 0.0 else 0.0
