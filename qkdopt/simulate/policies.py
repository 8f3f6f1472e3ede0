"""Where the synergistic strategies put a demand: (route, position) of most worth.

Each returns (-1, -1) where no route has room.
"""

from __future__ import annotations

import math

from qkdopt.compiled import inlined, njit_bare
from qkdopt.simulate.bits import lowest_bit
from qkdopt.simulate.light import NEVER, link_skr, on_curve
from qkdopt.simulate.options import POLICIES
from qkdopt.simulate.positions import free_positions
from qkdopt.simulate.state import ACTIVE, LAST_SMOOTHED

HARM = POLICIES.index("bottleneck-harm")
EQUALISATION = POLICIES.index("equalisation")
# Mean holding times over which the demands that a link limits are averaged.
MEMORY = 5.0


@njit_bare
def place_by_policy(net, mode, state, first, end):
    """Choose among the routes from ``first`` to ``end``."""
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
        if mode.policy != HARM and best_route >= 0:
            break
    return best_route, best_position


@inlined
def _worth(net, mode, state, route, position, best):
    """Return what a policy sees in lighting a position along a route."""
    if mode.policy == EQUALISATION:
        return -_added_noise(net, route, position)
    own, harm = math.inf, 0.0
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e = net.hop_link[h]
        after = rate_after(net, mode, state, e, net.hop_side[h], position)
        own = min(own, after)
        if mode.policy == HARM:
            harm += state.pressure[e] * (link_skr(net, state, e) - after)
        if own - harm <= best:
            # Further hops only lower it.
            break
    return own - harm


@njit_bare
def _added_noise(net, route, position):
    """Noise that light adds to the links' candidates, averaged over each link's."""
    total = 0.0
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e, side = net.hop_link[h], net.hop_side[h]
        added = 0.0
        for q in range(net.candidates[e]):
            added += net.noise[e, side, position, q]
        total += added / max(1, net.candidates[e])
    return total


@inlined
def rate_after(net, mode, state, e, side, position):
    """Key rate of a link [bit/s] were one more position lit, from the tabulated curves."""
    if net.candidates[e] == 0:
        return 0.0
    if mode.retune == NEVER:
        return _rate_of_working(net, state, e, side, position)
    if not net.alike[e]:
        return _highest_rate(net, state, e, side, position)
    least = math.inf
    for q in range(net.candidates[e]):
        if mode.working_only and state.blockers[e, q] + net.blocks[e, side, position, q] > 0:
            continue
        least = min(least, state.noise[e, q] + net.noise[e, side, position, q])
    return on_curve(net, e, 0, least)


@njit_bare
def _rate_of_working(net, state, e, side, position):
    """Key rate of a link that stays on its working candidate."""
    q = state.working[e]
    if state.blockers[e, q] + net.blocks[e, side, position, q] > 0:
        return 0.0
    noise = state.noise[e, q] + net.noise[e, side, position, q]
    return on_curve(net, e, 0 if net.curve.shape[1] == 1 else q, noise)


@njit_bare
def _highest_rate(net, state, e, side, position):
    """Key rate of a link whose candidates differ in transmittance."""
    highest = 0.0
    for q in range(net.candidates[e]):
        if state.blockers[e, q] + net.blocks[e, side, position, q] == 0:
            noise = state.noise[e, q] + net.noise[e, side, position, q]
            highest = max(highest, on_curve(net, e, q, noise))
    return highest


@njit_bare
def feel_pressure(net, state, now):
    """Count the active demands that each link limits, and smooth the counts over time."""
    state.limited[:] = 0.0
    for k in range(state.counters[ACTIVE]):
        route = state.slot_route[state.active_slot[k]]
        lowest, limit = math.inf, -1
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            rate = link_skr(net, state, net.hop_link[h])
            if rate < lowest:
                lowest, limit = rate, net.hop_link[h]
        state.limited[limit] += 1.0
    share = -math.expm1(-(now - state.clock[LAST_SMOOTHED]) / MEMORY)
    state.clock[LAST_SMOOTHED] = now
    for e in range(len(state.limited)):
        state.pressure[e] += share * (state.limited[e] - state.pressure[e])
