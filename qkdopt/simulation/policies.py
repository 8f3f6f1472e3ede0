"""Where the synergistic strategies put a demand: (route, position) of most worth.

Each returns (-1, -1) where no route has room.
"""

from __future__ import annotations

import math

from qkdopt.problem.bits import lowest_bit
from qkdopt.problem.network_state import free_positions
from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.light import link_skr, on_curve
from qkdopt.simulation.options import POLICIES
from qkdopt.simulation.state import ACTIVE, LAST_SMOOTHED

HARM = POLICIES.index("bottleneck-harm")
WEIGHTED_HARM = POLICIES.index("rate-weighted-harm")
EQUALISATION = POLICIES.index("equalisation")
# Mean holding times over which the demands that a link limits are averaged.
MEMORY = 5.0
WEIGHTED_MEMORY = 15.0
# Share of its dark rate below which a link's demands count for less.
FULL_WEIGHT = 0.5


@njit_noalloc
def place_by_policy(net, mode, state, first, end):
    """Choose a place among routes; return route and position, both -1 where none has room.

    Policies that weigh harm compare all the routes; the others take the first one with room.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`. Nothing is lit: of the state only ``mask`` and the links'
        key rates change.
    first, end
        Positions of the first route and of the one after the last.
    """
    best, best_route, best_position = -math.inf, -1, -1
    for route in range(first, end):
        if not free_positions(net, mode, state, route):
            continue
        for k in range(len(state.mask)):
            word = state.mask[k]
            while word != 0:
                position = (k << 6) + lowest_bit(word)
                word &= word - 1
                worth = _worth(net, mode, state, route, position, best)
                if worth > best:
                    best, best_route, best_position = worth, route, position
        if not _weighs_harm(mode) and best_route >= 0:
            break
    return best_route, best_position


@njit_inline
def _weighs_harm(mode):
    """Whether the policy looks at all routes, and at what light takes from other demands."""
    return mode.policy in (HARM, WEIGHTED_HARM)


@njit_inline
def _worth(net, mode, state, route, position, best):
    """Return what a policy sees in lighting a position along a route."""
    if mode.policy == EQUALISATION:
        return -_added_noise(net, route, position)
    own, harm = math.inf, 0.0
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e = net.hop_link[h]
        after = rate_after(net, mode, state, e, net.hop_direction[h], position)
        own = min(own, after)
        if _weighs_harm(mode):
            harm += state.bottleneck_weight[e] * (link_skr(net, state, e) - after)
        if own - harm <= best:
            # Further hops only lower it.
            break
    return own - harm


@njit_noalloc
def _added_noise(net, route, position):
    """Noise that light adds to the links' candidates, averaged over each link's."""
    total = 0.0
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e, side = net.hop_link[h], net.hop_direction[h]
        added = 0.0
        for q in range(net.candidates[e]):
            added += net.noise[e, side, position, q]
        total += added / max(1, net.candidates[e])
    return total


@njit_inline
def rate_after(net, mode, state, e, side, position):
    """Return a link's key rate [bit/s] were one more position lit, from the tabulated curves.

    The link is taken to work on its best candidate then, or, where links never retune, on the
    working one. It is 0 without QKD, and where light lies in the guard band of each of these.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`.
    e
        Position of the link.
    side
        Direction of the light: 0 in the link's file order a -> b, 1 against it.
    position
        Position of the channel in the order of channels.
    """
    if net.candidates[e] == 0:
        return 0.0
    if mode.keeps_working:
        return _rate_of_working(net, state, e, side, position)
    if not net.alike[e]:
        return _highest_rate(net, state, e, side, position)
    least = math.inf
    for q in range(net.candidates[e]):
        if mode.working_only and state.blockers[e, q] + net.blocks[e, side, position, q] > 0:
            continue
        least = min(least, state.noise[e, q] + net.noise[e, side, position, q])
    return on_curve(net, e, 0, least)


@njit_noalloc
def _rate_of_working(net, state, e, side, position):
    """Key rate of a link that stays on its working candidate."""
    q = state.working[e]
    if state.blockers[e, q] + net.blocks[e, side, position, q] > 0:
        return 0.0
    noise = state.noise[e, q] + net.noise[e, side, position, q]
    return on_curve(net, e, 0 if net.curve.shape[1] == 1 else q, noise)


@njit_noalloc
def _highest_rate(net, state, e, side, position):
    """Key rate of a link whose candidates differ in transmittance."""
    highest = 0.0
    for q in range(net.candidates[e]):
        if state.blockers[e, q] + net.blocks[e, side, position, q] == 0:
            noise = state.noise[e, q] + net.noise[e, side, position, q]
            highest = max(highest, on_curve(net, e, q, noise))
    return highest


@njit_noalloc
def update_bottleneck_weights(net, mode, state, now):
    """Count the active demands that each link limits, and smooth the counts over time.

    By ``rate-weighted-harm`` a demand counts in full as long as its bottleneck keeps half of its
    dark rate, below that in proportion to the rate, and without key not at all. The weight of a
    link that loses its key then falls: more light is placed on it, and less on other links, as
    the search of a snapshot does. Counted in full, demands without key to lose would keep light
    off a link that is about to lose its key.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    now
        Time [mean holding times]; not before that of the last call.
    """
    weighted = mode.policy == WEIGHTED_HARM
    state.limited[:] = 0.0
    for k in range(state.counters[ACTIVE]):
        route = state.slot_route[state.active_slot[k]]
        lowest, limit = math.inf, -1
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            rate = link_skr(net, state, net.hop_link[h])
            if rate < lowest:
                lowest, limit = rate, net.hop_link[h]
        if not weighted:
            state.limited[limit] += 1.0
        elif lowest > 0.0:
            full = FULL_WEIGHT * net.dark_skr[limit, state.working[limit]]
            state.limited[limit] += min(1.0, lowest / full)
    memory = WEIGHTED_MEMORY if weighted else MEMORY
    share = -math.expm1(-(now - state.clock[LAST_SMOOTHED]) / memory)
    state.clock[LAST_SMOOTHED] = now
    for e in range(len(state.limited)):
        state.bottleneck_weight[e] += share * (state.limited[e] - state.bottleneck_weight[e])
