"""The compiled simulator: one request after the other, no Python object touched."""

from __future__ import annotations

import math

from qkdopt.physics.compiled_keyrate import error_rate
from qkdopt.problem.bits import count_bits
from qkdopt.runtime.compiled import njit_noalloc
from qkdopt.simulation.assignment import (
    place_and_retune,
    place_synergistic,
    replace_one,
    route_pair,
)
from qkdopt.simulation.departures import depart, enter
from qkdopt.simulation.light import about, link_skr
from qkdopt.simulation.policies import HARM, WEIGHTED_HARM, update_bottleneck_weights
from qkdopt.simulation.state import ACTIVE, ARRIVALS, SWITCHES
from qkdopt.simulation.tally import (
    GUARD_BAND,
    LINK_LIGHT,
    LINK_NO_KEY,
    LINK_QBER,
    LINK_SKR,
    MOVED,
    NO_FREE_CHANNEL,
    NO_KEY,
    NO_RECEIVER,
    OFFERED,
    SAMPLED_DEMANDS,
    SAMPLED_NO_KEY,
    SAMPLED_SKR,
    SAMPLES,
    SERVED,
    SKR,
    SWITCHED,
)

# From one draw to the next of the same arrival: multiples of the golden ratio fill [0, 1) evenly,
# so that each re-placement takes another demand.
GOLDEN_STEP = 0.6180339887498949


@njit_noalloc
def run(
    net, mode, state, times, holding, pairs, lightpath_counts, draws, tally, link_tally, policy
):
    """Serve requests in order of time and add what happened to the tallies.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    times, holding
        ``(n,)`` arrival, never falling, and duration [mean holding times].
    pairs
        ``(n,)`` ordered pair of nodes of each request, source x nodes + target.
    lightpath_counts
        ``(n,)`` lightpaths of each request.
    draws
        ``(n,)`` uniform in [0, 1), for the random order of channels and for re-placements.
    tally
        ``(COLUMNS,)``, see :mod:`qkdopt.simulation.tally`; added to in place.
    link_tally
        ``(E, LINK_COLUMNS)``; added to in place.
    policy
        Position in :data:`qkdopt.simulation.options.POLICIES`, as in ``mode``; None for the first
        route with room: numba compiles that without the synergistic code.
    """
    switches = state.counters[SWITCHES]
    for i in range(len(times)):
        depart(net, mode, state, times[i])
        if mode.keys and state.counters[ARRIVALS] % mode.sample_every == 0:
            sample(net, mode, state, tally, link_tally)
        state.counters[ARRIVALS] += 1
        tally[OFFERED] += 1
        pair, width = pairs[i], lightpath_counts[i]
        slot = state.active_slot[state.counters[ACTIVE]]
        if policy is None:
            route = place_and_retune(net, mode, state, pair, width, slot, draws[i])
        else:
            if policy in (HARM, WEIGHTED_HARM):
                update_bottleneck_weights(net, mode, state, times[i])
            route = place_synergistic(net, mode, state, pair, width, slot)
        if route < 0:
            tally[cause_of_blocking(net, state, pair, width)] += 1
            continue
        state.slot_route[slot] = route
        state.slot_width[slot] = width
        enter(state, slot, times[i] + holding[i])
        tally[SERVED] += 1
        if mode.keys:
            rate = demand_skr(net, mode, state, route, pair)
            tally[SKR] += rate
            tally[NO_KEY] += rate <= 0.0
        if policy is not None:
            for k in range(mode.replacements):
                draw = (draws[i] + k * GOLDEN_STEP) % 1.0
                tally[MOVED] += replace_one(net, mode, state, draw)
    tally[SWITCHED] += state.counters[SWITCHES] - switches


@njit_noalloc
def demand_skr(net, mode, state, route, pair):
    """Return the end-to-end key rate [bit/s]: along the route, or along the widest path.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the links' key rates in the state are brought up to date.
    route
        Position of the demand's route.
    pair
        Ordered pair of nodes, source x nodes + target; read for the widest path alone.
    """
    if mode.widest:
        return widest_skr(net, state, pair // net.nodes, pair % net.nodes)
    # Only links that may be the bottleneck, by their tabulated rates, are worth an exact one.
    ceiling = math.inf
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        rate, error = about(net, state, net.hop_link[h])
        ceiling = min(ceiling, rate + error)
    lowest = math.inf
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        rate, error = about(net, state, net.hop_link[h])
        if rate - error <= ceiling:
            lowest = min(lowest, link_skr(net, state, net.hop_link[h]))
    return lowest


@njit_noalloc
def widest_skr(net, state, source, target):
    """Return the highest bottleneck [bit/s] of any path between two nodes.

    Relaxation goes on until nothing rises. The rate is 0 where no path has key.

    Parameters
    ----------
    net
        See :class:`qkdopt.simulation.network.CompiledNetwork`.
    state
        See :class:`qkdopt.simulation.state.State`; the links' key rates are brought up to date, and
        ``reach`` then holds the rate from ``source`` to every node, infinite to itself.
    source, target
        Positions of the nodes.
    """
    state.reach[:] = 0.0
    state.reach[source] = math.inf
    risen = True
    while risen:
        risen = False
        for e in range(len(net.candidates)):
            rate = link_skr(net, state, e)
            a, b = net.ends[e, 0], net.ends[e, 1]
            for near, far in ((a, b), (b, a)):
                through = min(rate, state.reach[near])
                if through > state.reach[far]:
                    state.reach[far] = through
                    risen = True
    return state.reach[target]


@njit_noalloc
def sample(net, mode, state, tally, link_tally):
    """Add the network as it stands to the tallies: arrivals see time averages.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the links' key rates in the state are brought up to date.
    tally
        ``(COLUMNS,)``, see :mod:`qkdopt.simulation.tally`; added to in place.
    link_tally
        ``(E, LINK_COLUMNS)``; added to in place.
    """
    tally[SAMPLES] += 1
    tally[SAMPLED_DEMANDS] += state.counters[ACTIVE]
    for e in range(len(net.candidates)):
        rate = link_skr(net, state, e)
        q = state.working[e]
        link_tally[e, LINK_SKR] += rate
        link_tally[e, LINK_NO_KEY] += rate <= 0.0
        link_tally[e, LINK_LIGHT] += state.light[e]
        if q >= 0:
            link_tally[e, LINK_QBER] += error_rate(
                state.noise[e, q], net.transmittance[e, q], net.rate[e]
            )
    for k in range(state.counters[ACTIVE]):
        route = state.slot_route[state.active_slot[k]]
        if mode.widest:
            pair = route_pair(net, route)
            lowest = widest_skr(net, state, pair // net.nodes, pair % net.nodes)
        else:
            lowest = math.inf
            for h in range(net.route_hop[route], net.route_hop[route + 1]):
                lowest = min(lowest, state.skr[net.hop_link[h]])
        tally[SAMPLED_SKR] += lowest
        tally[SAMPLED_NO_KEY] += lowest <= 0.0


@njit_noalloc
def cause_of_blocking(net, state, pair, width):
    """Return the tally's column of the cause of a blocked request.

    ``NO_FREE_CHANNEL``: every route has too few dark channels. ``GUARD_BAND``: one has enough, but
    too few outside of reserved guard bands. ``NO_RECEIVER``: one has enough there, but too few that
    leave every link a candidate to work on.

    Parameters
    ----------
    net, state
        See :class:`qkdopt.simulation.network.CompiledNetwork` and
        :class:`qkdopt.simulation.state.State`.
    pair
        Ordered pair of nodes, source x nodes + target.
    width
        Lightpaths of the request.
    """
    cause = NO_FREE_CHANNEL
    for route in range(net.group_route[pair], net.group_route[pair + 1]):
        dark, usable = 0, 0
        for k in range(len(net.full)):
            lit, free = 0, net.full[k]
            for h in range(net.route_hop[route], net.route_hop[route + 1]):
                e, f = net.hop_link[h], net.hop_fibre[h]
                lit |= net.usable[e, f, k] & ~state.free[e, f, k]
                free &= state.free[e, f, k]
            dark += count_bits(net.full[k] & ~lit)
            usable += count_bits(free)
        if usable >= width:
            return NO_RECEIVER
        if dark >= width:
            cause = GUARD_BAND
    return cause
