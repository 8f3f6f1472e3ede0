"""Where a demand goes, and its light on and off along whole routes."""

from __future__ import annotations

from qkdopt.heuristics.placement import place_first_fit
from qkdopt.problem.network_state import switch_hop, switch_positions
from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.light import retune
from qkdopt.simulation.policies import place_by_policy
from qkdopt.simulation.state import ACTIVE


@njit_inline
def place_and_retune(net, mode, state, pair, width, slot, draw):
    """Light a demand by first fit; return the route, or -1 without room.

    Its links retune when keys are simulated. The positions taken are written to
    ``state.slot_position[slot]``; the caller fills the rest of the slot.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    pair
        Ordered pair of nodes, source x nodes + target.
    width
        Lightpaths of the demand.
    slot
        Unused slot for it.
    draw
        Uniform in [0, 1), for the random order of channels alone.
    """
    route = place_first_fit(
        net, mode, state, mode.order, pair, width, state.slot_position, slot, draw
    )
    if route >= 0 and mode.keys:
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            retune(net, mode, state, net.hop_link[h], True)
    return route


@njit_noalloc
def place_synergistic(net, mode, state, pair, width, slot):
    """Light a demand where the policy says and let its links retune; return the route, or -1.

    All lightpaths take one route. Where the policy's choice is too narrow for them, the pair's
    routes are tried in their order. The positions taken are written to
    ``state.slot_position[slot]``; the caller fills the rest of the slot.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    pair
        Ordered pair of nodes, source x nodes + target.
    width
        Lightpaths of the demand.
    slot
        Unused slot for it.
    """
    first, end = net.group_route[pair], net.group_route[pair + 1]
    route, position = place_by_policy(net, mode, state, first, end)
    if route < 0:
        return -1
    if _light_from(net, mode, state, route, width, slot, position):
        return route
    # The route of most worth is too narrow for all lightpaths: another may have room.
    for other in range(first, end):
        _, position = place_by_policy(net, mode, state, other, other + 1)
        if position >= 0 and _light_from(net, mode, state, other, width, slot, position):
            return other
    return -1


@njit_noalloc
def _light_from(net, mode, state, route, width, slot, position):
    """Light ``width`` positions of a route, this one first; none if there are too few."""
    for j in range(width):
        if j > 0:
            _, position = place_by_policy(net, mode, state, route, route + 1)
        if position < 0:
            switch_positions(net, mode, state, route, j, state.slot_position, slot, -1)
            return False
        state.slot_position[slot, j] = position
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            switch_hop(net, mode, state, h, position, 1)
    retune_route(net, mode, state, route, True)
    return True


@njit_noalloc
def retune_route(net, mode, state, route, arrived):
    """Let every link of a route retune.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    route
        Position of the route in ``net.route_hop``.
    arrived
        Whether a demand has just been placed on the route, see
        :func:`qkdopt.simulation.light.retune`.
    """
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        retune(net, mode, state, net.hop_link[h], arrived)


@njit_inline
def release(net, mode, state, slot):
    """Release a leaving demand's channels; its links retune when keys are simulated.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    slot
        Slot of the demand, which still holds its route, lightpaths and positions.
    """
    route = state.slot_route[slot]
    first, end = net.route_hop[route], net.route_hop[route + 1]
    for h in range(first, end):
        for j in range(state.slot_width[slot]):
            switch_hop(net, mode, state, h, state.slot_position[slot, j], -1)
        if mode.keys:
            retune(net, mode, state, net.hop_link[h], False)


@njit_noalloc
def replace_one(net, mode, state, draw):
    """Move one active demand, drawn at random, to where it is worth most; return 1 if it moved.

    Without a place by the policy it stays where it is. At least one demand is active.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    draw
        Uniform in [0, 1), for the demand.
    """
    active = state.counters[ACTIVE]
    slot = state.active_slot[min(int(draw * active), active - 1)]
    trial = state.active_slot[active]
    old, width = state.slot_route[slot], state.slot_width[slot]
    switch_positions(net, mode, state, old, width, state.slot_position, slot, -1)
    route = place_synergistic(net, mode, state, route_pair(net, old), width, trial)
    if route < 0:
        # A wide demand may not fit again by the policy's own steps: back to where it was.
        switch_positions(net, mode, state, old, width, state.slot_position, slot, 1)
        return 0
    moved = route != old
    state.slot_route[slot] = route
    for j in range(width):
        moved = moved or state.slot_position[slot, j] != state.slot_position[trial, j]
        state.slot_position[slot, j] = state.slot_position[trial, j]
    if moved:
        retune_route(net, mode, state, old, False)
    return int(moved)


@njit_noalloc
def route_pair(net, route):
    """Return the ordered pair of nodes that a route joins."""
    first, last = net.route_hop[route], net.route_hop[route + 1] - 1
    source = net.ends[net.hop_link[first], net.hop_direction[first]]
    target = net.ends[net.hop_link[last], 1 - net.hop_direction[last]]
    return source * net.nodes + target
