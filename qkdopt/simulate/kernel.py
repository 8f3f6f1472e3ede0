"""The compiled simulator: one request after the other, no Python object touched."""

from __future__ import annotations

import math

from qkdopt.compiled import njit
from qkdopt.search.rate import error_rate
from qkdopt.simulate import heap
from qkdopt.simulate.light import link_skr, retune, switch, update_receivable
from qkdopt.simulate.policies import feel_pressure, place_by_policy
from qkdopt.simulate.positions import choose, free_positions
from qkdopt.simulate.state import ACTIVE, ARRIVALS, SWITCHES
from qkdopt.simulate.tally import (
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


@njit
def prepare(net, mode, state):
    """Bring a dark network's receivable channels up to date."""
    if mode.keys and mode.working_only:
        for e in range(len(net.candidates)):
            if net.candidates[e] > 0:
                update_receivable(net, mode, state, e)


@njit
def run(net, mode, state, times, holding, pairs, widths, draws, tally, link_tally):
    """Serve requests in order of time and add what happened to the tallies.

    ``times`` and ``holding`` [mean holding times], ``pairs``, ``widths`` and ``draws``
    (uniform in [0, 1)) have one entry a request; ``tally`` is ``(COLUMNS,)`` and
    ``link_tally`` ``(E, LINK_COLUMNS)``.
    """
    switches = state.counters[SWITCHES]
    for i in range(len(times)):
        depart_until(net, mode, state, times[i])
        if mode.keys and state.counters[ARRIVALS] % mode.sample_every == 0:
            sample(net, mode, state, tally, link_tally)
        state.counters[ARRIVALS] += 1
        tally[OFFERED] += 1
        pair, width = pairs[i], widths[i]
        if mode.policy >= 0:
            feel_pressure(net, state, times[i])
        slot = state.spare[len(state.spare) - 1 - state.counters[ACTIVE]]
        route = place(net, mode, state, pair, width, slot, draws[i])
        if route < 0:
            tally[cause_of_blocking(net, mode, state, pair, width)] += 1
            continue
        admit(net, mode, state, slot, route, width, times[i] + holding[i])
        tally[SERVED] += 1
        if mode.keys:
            rate = demand_skr(net, mode, state, route, pair)
            tally[SKR] += rate
            tally[NO_KEY] += rate <= 0.0
            for _ in range(mode.replacements):
                tally[MOVED] += replace_one(net, mode, state, draws[i])
    tally[SWITCHED] += state.counters[SWITCHES] - switches


@njit
def depart_until(net, mode, state, time):
    """Darken every demand whose holding time ends by ``time``."""
    while state.counters[ACTIVE] > 0 and state.heap_time[0] <= time:
        active = state.counters[ACTIVE]
        slot = heap.pop(state.heap_time, state.heap_slot, active)
        state.spare[len(state.spare) - active] = slot
        state.counters[ACTIVE] = active - 1
        darken(net, mode, state, slot)


@njit
def darken(net, mode, state, slot):
    """Put out a demand's light and let its links retune."""
    route = state.slot_route[slot]
    first, end = net.route_hop[route], net.route_hop[route + 1]
    for j in range(state.slot_width[slot]):
        position = state.slot_position[slot, j]
        for h in range(first, end):
            switch(net, mode, state, net.hop_link[h], net.hop_side[h], position, -1)
    if mode.keys:
        for h in range(first, end):
            retune(net, mode, state, net.hop_link[h], False)


@njit
def place(net, mode, state, pair, width, slot, draw):
    """Light a demand of ``width`` lightpaths; its route, or -1 where none has room."""
    first, end = net.pair_route[pair], net.pair_route[pair + 1]
    if mode.policy < 0:
        for route in range(first, end):
            if light_route(net, mode, state, route, width, slot, draw, -1):
                return route
        return -1
    route, position = place_by_policy(net, mode, state, first, end)
    if route < 0:
        return -1
    if light_route(net, mode, state, route, width, slot, draw, position):
        return route
    # The route of most worth is too narrow for all lightpaths: another may have room.
    for other in range(first, end):
        if other != route and light_route(net, mode, state, other, width, slot, draw, -1):
            return other
    return -1


@njit
def light_route(net, mode, state, route, width, slot, draw, position):
    """Light ``width`` positions of a route, ``position`` first; dark again if too few."""
    first, end = net.route_hop[route], net.route_hop[route + 1]
    for j in range(width):
        if j > 0 and mode.policy >= 0:
            _, position = place_by_policy(net, mode, state, route, route + 1)
        elif position < 0 or j > 0:
            position = -1
            if free_positions(net, mode, state, route):
                position = choose(mode, state, draw)
        if position < 0:
            for i in range(j):
                for h in range(first, end):
                    e, side = net.hop_link[h], net.hop_side[h]
                    switch(net, mode, state, e, side, state.slot_position[slot, i], -1)
            return False
        state.slot_position[slot, j] = position
        for h in range(first, end):
            switch(net, mode, state, net.hop_link[h], net.hop_side[h], position, 1)
    if mode.keys:
        for h in range(first, end):
            retune(net, mode, state, net.hop_link[h], True)
    return True


@njit
def admit(net, mode, state, slot, route, width, departure):
    """Note a lit demand in its slot, and when it leaves."""
    state.slot_route[slot] = route
    state.slot_width[slot] = width
    heap.push(state.heap_time, state.heap_slot, state.counters[ACTIVE], departure, slot)
    state.counters[ACTIVE] += 1


@njit
def demand_skr(net, mode, state, route, pair):
    """End-to-end key rate [bit/s]: along the route, or along the widest one."""
    if mode.widest:
        return widest_skr(net, state, pair // net.nodes, pair % net.nodes)
    lowest = math.inf
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        lowest = min(lowest, link_skr(net, state, net.hop_link[h]))
    return lowest


@njit
def widest_skr(net, state, source, target):
    """Highest bottleneck of any path between two nodes, by relaxation until nothing rises."""
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


@njit
def sample(net, mode, state, tally, link_tally):
    """Look at the network as it stands: arrivals see time averages."""
    tally[SAMPLES] += 1
    tally[SAMPLED_DEMANDS] += state.counters[ACTIVE]
    for k in range(state.counters[ACTIVE]):
        route = state.slot_route[state.heap_slot[k]]
        pair = route_pair(net, route) if mode.widest else 0
        rate = demand_skr(net, mode, state, route, pair)
        tally[SAMPLED_SKR] += rate
        tally[SAMPLED_NO_KEY] += rate <= 0.0
    for e in range(len(net.candidates)):
        rate = link_skr(net, state, e)
        q = state.working[e]
        link_tally[e, LINK_SKR] += rate
        link_tally[e, LINK_NO_KEY] += rate <= 0.0
        link_tally[e, LINK_LIGHT] += state.light[e]
        if q >= 0:
            link_tally[e, LINK_QBER] += error_rate(
                state.noise[e, q], net.transmittance[e, q], net.rate
            )


@njit
def route_pair(net, route):
    """The ordered pair of nodes that a route joins."""
    first, last = net.route_hop[route], net.route_hop[route + 1] - 1
    source = net.ends[net.hop_link[first], net.hop_side[first]]
    target = net.ends[net.hop_link[last], 1 - net.hop_side[last]]
    return source * net.nodes + target


@njit
def cause_of_blocking(net, mode, state, pair, width):
    """Column of the cause: no dark channel, only reserved ones, or no candidate left."""
    cause = NO_FREE_CHANNEL
    for route in range(net.pair_route[pair], net.pair_route[pair + 1]):
        dark, usable = 0, 0
        for k in range(len(net.full)):
            lit, free = 0, net.full[k]
            for h in range(net.route_hop[route], net.route_hop[route + 1]):
                e, f = net.hop_link[h], net.fibre[net.hop_side[h]]
                lit |= net.usable[e, f, k] & ~state.free[e, f, k]
                free &= state.free[e, f, k]
            dark += count_bits(net.full[k] & ~lit)
            usable += count_bits(free)
        if usable >= width:
            return NO_RECEIVER
        if dark >= width:
            cause = GUARD_BAND
    return cause


@njit
def count_bits(word):
    """Number of bits set in a word."""
    count = 0
    while word != 0:
        word &= word - 1
        count += 1
    return count


@njit
def replace_one(net, mode, state, draw):
    """Move one active demand to where it is worth most; 1 if it moved."""
    active = state.counters[ACTIVE]
    slot = state.heap_slot[min(int(draw * active), active - 1)]
    trial = state.spare[len(state.spare) - 1 - active]
    old, width = state.slot_route[slot], state.slot_width[slot]
    darken(net, mode, state, slot)
    route = place(net, mode, state, route_pair(net, old), width, trial, draw)
    moved = route != old
    if route < 0:
        # Wide demands may not fit again by the policy's own steps: back to where it was.
        relight(net, mode, state, slot)
        return 0
    state.slot_route[slot] = route
    for j in range(width):
        moved = moved or state.slot_position[slot, j] != state.slot_position[trial, j]
        state.slot_position[slot, j] = state.slot_position[trial, j]
    return int(moved)


@njit
def relight(net, mode, state, slot):
    """Light a demand where its slot says."""
    route = state.slot_route[slot]
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e, side = net.hop_link[h], net.hop_side[h]
        for j in range(state.slot_width[slot]):
            switch(net, mode, state, e, side, state.slot_position[slot, j], 1)
        retune(net, mode, state, e, True)
