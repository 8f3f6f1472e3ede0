"""First fit in compiled code: a demand on the first route with room, and a whole list of them."""

from __future__ import annotations

from qkdopt.heuristics.channel_choice import FIRST_FIT, choose
from qkdopt.problem.network_state import free_positions, switch_hop, switch_positions
from qkdopt.runtime.compiled import njit_inline, njit_noalloc


@njit_inline
def place_first_fit(net, mode, state, order, group, lightpaths, positions, slot, draw):
    """Light a demand on the first route of a group with room; return the route, or -1.

    Parameters
    ----------
    net, mode, state
        See :mod:`qkdopt.problem.network_state`; the state changes in place.
    order
        Number of the order of channels in :data:`qkdopt.heuristics.channel_choice.ORDERS`.
    group
        Number of the group of routes, an index of ``net.group_route``.
    lightpaths
        Number of lightpaths of the demand, at least 1.
    positions
        ``(S, B)``; the positions taken are written to row ``slot``.
    slot
        Row of ``positions``.
    draw
        Random number in [0, 1) for the random order; without meaning for the others.
    """
    for route in range(net.group_route[group], net.group_route[group + 1]):
        first, end = net.route_hop[route], net.route_hop[route + 1]
        lit = 0
        while lit < lightpaths and free_positions(net, mode, state, route):
            position = choose(order, state, draw)
            positions[slot, lit] = position
            lit += 1
            for h in range(first, end):
                switch_hop(net, mode, state, h, position, 1)
        if lit == lightpaths:
            return route
        if lit > 0:
            switch_positions(net, mode, state, route, lit, positions, slot, -1)
    return -1


@njit_noalloc
def place_demands(net, mode, state, first, lightpaths, routes, positions):
    """Place demands from number ``first`` on, each by first fit where the ones before left room.

    Parameters
    ----------
    net, mode, state
        See :mod:`qkdopt.problem.network_state`; group r of the routes is demand r.
    first
        Number of the first demand.
    lightpaths
        ``(N,)`` lightpaths of each demand.
    routes, positions
        ``(N,)`` and ``(N, B)``: where they are written; route -1 without room.
    """
    for r in range(len(lightpaths)):
        routes[r] = place_first_fit(
            net, mode, state, FIRST_FIT, first + r, lightpaths[r], positions, r, 0.0
        )
