"""Levels of the links' pools, and what requests get, from event to event; compiled and exact.

Between two changes of a link's light or needs its pool fills at the key rate and drains by the
needs of all requests that cross it, both constant: the level is a straight line between empty and
full, and the instant at which it is empty follows. While it is empty, every need on the link gets
the same share, key rate over drain. A request gets the least share of its links.
"""

from __future__ import annotations

import math

from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.key_pools import EARLIEST, HOP_BITS, NOW, SHARED, SHORT, UNITS
from qkdopt.simulation.light import about, link_skr
from qkdopt.simulation.state import ACTIVE
from qkdopt.simulation.tally import (
    DEMAND_TIME,
    ELAPSED,
    KEY_DELIVERED,
    KEY_NEEDED,
    LINK_EMPTY,
    SHORT_TIME,
)


@njit_inline
def level_at(pools, e, now):
    """Return what a link's pool holds at a time: not before ``pools.since[e]``, nor after an event.

    Parameters
    ----------
    pools
        See :class:`qkdopt.simulation.key_pools.KeyPools`.
    e
        Position of the link.
    now
        Time [mean holding times].
    """
    surplus = pools.rate_bps[e] - pools.need_bps * pools.units[e]
    level = pools.level[e] + surplus * (now - pools.since[e])
    return min(pools.capacity[e], max(0.0, level))


@njit_inline
def pass_time(net, state, pools, tally, link_tally, until):
    """Go on to a time and count: pools run empty on the way, each at its instant.

    Parameters
    ----------
    net, state, pools
        See :class:`qkdopt.simulation.network.CompiledNetwork`,
        :class:`qkdopt.simulation.state.State` and :class:`qkdopt.simulation.key_pools.KeyPools`;
        the pools change in place.
    tally, link_tally
        See :mod:`qkdopt.simulation.tally`; added to in place.
    until
        Time [mean holding times]; not before that of the last call.
    """
    if pools.clock[EARLIEST] <= until:
        _run_empty(net, state, pools, tally, link_tally, until)
    _count(state, pools, tally, until)


@njit_noalloc
def _run_empty(net, state, pools, tally, link_tally, until):
    """Let every pool that runs empty by a time do so."""
    while True:
        first, instant = -1, math.inf
        for e in range(len(pools.empty_at)):
            if pools.empty_at[e] < instant:
                first, instant = e, pools.empty_at[e]
        if instant > until or first < 0:
            pools.clock[EARLIEST] = instant
            return
        _count(state, pools, tally, instant)
        refresh_link(net, state, pools, link_tally, first, 0)


@njit_inline
def _count(state, pools, tally, until):
    """Add a time in which nothing changes to the tallies."""
    passed = until - pools.clock[NOW]
    pools.clock[NOW] = until
    tally[ELAPSED] += passed
    tally[DEMAND_TIME] += passed * state.counters[ACTIVE]
    tally[SHORT_TIME] += passed * pools.sums[SHORT]
    tally[KEY_NEEDED] += passed * pools.need_bps * pools.sums[UNITS]
    tally[KEY_DELIVERED] += passed * pools.need_bps * pools.sums[SHARED]


@njit_inline
def refresh_link(net, state, pools, link_tally, e, change):
    """Bring a link's pool up to date after its light or what is drawn have changed.

    Parameters
    ----------
    net, state, pools
        See :class:`qkdopt.simulation.network.CompiledNetwork`,
        :class:`qkdopt.simulation.state.State` and :class:`qkdopt.simulation.key_pools.KeyPools`;
        the link's rows, and the shares of the requests that cross it, change in place.
    link_tally
        ``(E, LINK_COLUMNS)``; added to in place.
    e
        Position of the link.
    change
        Units that draw on it more than before; negative for fewer.
    """
    now = pools.clock[NOW]
    # At its instant a pool is empty, whatever rounding leaves.
    level = 0.0 if pools.empty_at[e] <= now else level_at(pools, e, now)
    if pools.share[e] < 1.0:
        link_tally[e, LINK_EMPTY] += now - pools.since[e]
    pools.level[e] = level
    pools.since[e] = now
    pools.units[e] += change
    drain = pools.need_bps * pools.units[e]
    rate = -1.0
    if level >= pools.capacity[e]:
        # It stays full at whatever rate above the drain: a bound will do.
        tabulated, error = about(net, state, e)
        rate = tabulated - error
    if rate < drain:
        rate = link_skr(net, state, e)
    pools.rate_bps[e] = rate
    share = 1.0
    pools.empty_at[e] = math.inf
    if drain > rate:
        if level > 0.0:
            pools.empty_at[e] = now + level / (drain - rate)
            pools.clock[EARLIEST] = min(pools.clock[EARLIEST], pools.empty_at[e])
        else:
            share = rate / drain
    if share != pools.share[e]:
        _set_share(net, state, pools, e, share)


@njit_inline
def _set_share(net, state, pools, e, share):
    """Give all requests that cross a link another share of their needs there."""
    before = pools.share[e]
    pools.share[e] = share
    gained, short = 0.0, 0
    if share < before:
        # Without a branch: which requests another link limits cannot be foreseen.
        for k in range(pools.member_count[e]):
            slot = pools.members[e, k] >> HOP_BITS
            got = pools.slot_share[slot]
            after = min(got, share)
            pools.slot_share[slot] = after
            gained += pools.slot_units[slot] * (after - got)
            short += got >= 1.0
    else:
        for k in range(pools.member_count[e]):
            slot = pools.members[e, k] >> HOP_BITS
            if pools.slot_share[slot] == before:
                after = _least_share(net, pools, state.slot_route[slot])
                pools.slot_share[slot] = after
                gained += pools.slot_units[slot] * (after - before)
                short -= after >= 1.0
    pools.sums[SHARED] += gained
    pools.sums[SHORT] += short


@njit_inline
def _least_share(net, pools, route):
    """Return the least share of the links of a route."""
    least = 1.0
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        least = min(least, pools.share[net.hop_link[h]])
    return least


@njit_inline
def join_links(net, state, pools, link_tally, slot):
    """Let an admitted request draw on the links of its route.

    Parameters
    ----------
    net, state, pools
        See :class:`qkdopt.simulation.network.CompiledNetwork`,
        :class:`qkdopt.simulation.state.State` and :class:`qkdopt.simulation.key_pools.KeyPools`;
        the pools change in place.
    link_tally
        ``(E, LINK_COLUMNS)``; added to in place.
    slot
        Slot of the request, which holds its route and lightpaths; they are lit.
    """
    route = state.slot_route[slot]
    units = state.slot_width[slot] if pools.per_lightpath else 1
    first = net.route_hop[route]
    for h in range(first, net.route_hop[route + 1]):
        refresh_link(net, state, pools, link_tally, net.hop_link[h], units)
    share = _least_share(net, pools, route)
    pools.slot_units[slot] = units
    pools.slot_share[slot] = share
    pools.sums[UNITS] += units
    pools.sums[SHARED] += units * share
    pools.sums[SHORT] += share < 1.0
    for h in range(first, net.route_hop[route + 1]):
        e = net.hop_link[h]
        place = pools.member_count[e]
        pools.members[e, place] = (slot << HOP_BITS) | (h - first)
        pools.member_index[slot, h - first] = place
        pools.member_count[e] = place + 1


@njit_inline
def leave_links(net, pools, slot, route):
    """Take a request out of the members of its links; their needs are the caller's to refresh.

    Parameters
    ----------
    net, pools
        See :class:`qkdopt.simulation.network.CompiledNetwork` and
        :class:`qkdopt.simulation.key_pools.KeyPools`, which changes in place.
    slot, route
        The request and its route.
    """
    first = net.route_hop[route]
    for h in range(first, net.route_hop[route + 1]):
        e = net.hop_link[h]
        place, last = pools.member_index[slot, h - first], pools.member_count[e] - 1
        moved = pools.members[e, last]
        pools.members[e, place] = moved
        pools.member_index[moved >> HOP_BITS, moved & ((1 << HOP_BITS) - 1)] = place
        pools.member_count[e] = last
    units = pools.slot_units[slot]
    pools.sums[UNITS] -= units
    pools.sums[SHARED] -= units * pools.slot_share[slot]
    pools.sums[SHORT] -= pools.slot_share[slot] < 1.0
    if pools.sums[SHORT] == 0.0:
        # Round-off does not add up.
        pools.sums[SHARED] = pools.sums[UNITS]


@njit_inline
def refresh_route(net, state, pools, link_tally, route, change):
    """Bring the pools of a route's links up to date.

    Parameters
    ----------
    net, state, pools, link_tally, change
        See :func:`refresh_link`.
    route
        Position of the route.
    """
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        refresh_link(net, state, pools, link_tally, net.hop_link[h], change)


@njit_noalloc
def settle_sums(state, pools, link_tally):
    """End a count: time beside empty pools so far, and sums over requests from scratch.

    Parameters
    ----------
    state, pools
        See :class:`qkdopt.simulation.state.State` and
        :class:`qkdopt.simulation.key_pools.KeyPools`, which changes in place.
    link_tally
        ``(E, LINK_COLUMNS)``; added to in place.
    """
    for e in range(len(pools.share)):
        if pools.share[e] < 1.0:
            link_tally[e, LINK_EMPTY] += pools.clock[NOW] - pools.since[e]
            pools.since[e] = pools.clock[NOW]
    shared = 0.0
    for k in range(state.counters[ACTIVE]):
        slot = state.active_slot[k]
        shared += pools.slot_units[slot] * pools.slot_share[slot]
    pools.sums[SHARED] = shared
