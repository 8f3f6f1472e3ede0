"""The state of a network: lit channels, guard bands, noise per link and candidate; incremental.

One implementation for demand lists and for traffic. Functions take ``net`` (the fields of
:class:`qkdopt.problem.network_tables.NetworkTables`), ``mode`` (those of :class:`LightMode`) and
``state`` (those of :class:`NetworkState`); what a simulation keeps beside them they do not see.
The annealing kernel, whose occupancy must say which lightpath is where, calls :func:`add_noise`
and :func:`add_guards` on its own arrays.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.units import FloatArray


class LightMode(NamedTuple):
    """How light is switched.

    Parameters
    ----------
    keys
        Whether noise and guard bands are kept; without, only which channels are lit.
    working_only
        Whether only the guard band of the working candidate stays dark (``reserve = working``):
        lit channels in guard bands are then counted. With ``reserve = all`` no such channel is
        usable.
    keeps_working
        Whether links stay on their working candidate for ever.
    count_usage
        Whether the links on which each position is lit are counted.
    """

    keys: bool
    working_only: bool
    keeps_working: bool
    count_usage: bool


class NetworkState(NamedTuple):
    """What light changes. ``E`` links, ``P`` positions, ``Q`` candidates.

    Parameters
    ----------
    free
        ``(E, 2, words)`` bits of the usable dark channels, by fibre.
    receivable
        ``(E, words)`` bits of the channels that leave a link a candidate to work on.
    light
        ``(E,)`` lightpaths on a link.
    noise, blockers
        ``(E, Q)`` noise clicks per gate, and lit channels in the guard band.
    working
        ``(E,)`` candidate that each link works on; -1 without QKD.
    usage
        ``(P,)`` links on which each position is lit.
    fresh
        ``(E,)`` 0 where a link's light has changed since its key rate was computed.
    mask
        ``(words,)`` scratch: what :func:`free_positions` finds.
    """

    free: IntArray
    receivable: IntArray
    light: IntArray
    noise: FloatArray
    blockers: NDArray[np.int32]
    working: IntArray
    usage: IntArray
    fresh: IntArray
    mask: IntArray


def dark_state(net: Any) -> NetworkState:
    """Return the state of a network without light; :func:`prepare` makes it ready."""
    links, words = len(net.candidates), net.usable.shape[2]
    return NetworkState(
        free=net.usable.copy(),
        receivable=np.repeat(net.full[None], links, axis=0),
        light=np.zeros(links, dtype=np.int64),
        noise=net.background_noise.copy(),
        blockers=np.zeros(net.background_noise.shape, dtype=np.int32),
        working=np.where(net.candidates > 0, 0, -1),
        usage=np.zeros(len(net.order), dtype=np.int64),
        fresh=np.zeros(links, dtype=np.int64),
        mask=np.zeros(words, dtype=np.int64),
    )


def copy_state(state: NetworkState) -> NetworkState:
    """Return a copy that may go its own way."""
    return NetworkState(**{name: getattr(state, name).copy() for name in state._fields})


@njit_noalloc
def prepare(net, mode, state):
    """Bring a dark network's receivable channels up to date.

    Parameters
    ----------
    net, mode, state
        Fields of :class:`qkdopt.problem.network_tables.NetworkTables`, :class:`LightMode` and
        :class:`NetworkState`; ``state.receivable`` changes in place.
    """
    if mode.keys and mode.working_only:
        for e in range(len(net.candidates)):
            if net.candidates[e] > 0:
                update_receivable(net, mode, state, e)


@njit_inline
def add_noise(coefficients, noise, e, direction, channel, sign, candidates):
    """Add (sign 1) or take away (-1) a lightpath's noise at a link's candidates.

    Parameters
    ----------
    coefficients
        ``(E, 2, W, Q)`` noise clicks per gate at a candidate from one lightpath on a channel in a
        direction; ``(E, 2, P, Q)`` where channels are kept in positions.
    noise
        ``(E, Q)`` noise clicks per gate; row ``e`` changes in place.
    e
        Position of the link.
    direction
        Direction of the lightpath on the link: 0 for a -> b, 1 against it.
    channel
        Channel of the lightpath, or its position: index on the third axis of ``coefficients``.
    sign
        1 or -1.
    candidates
        How many candidates, from the first on, change.
    """
    for q in range(candidates):
        noise[e, q] += sign * coefficients[e, direction, channel, q]


@njit_inline
def add_guards(blocks, blockers, e, direction, channel, sign, candidates):
    """Count a lightpath in (sign 1) or out of (-1) the guard bands of a link's candidates.

    Parameters
    ----------
    blocks
        ``(E, 2, W, Q)`` 1 where a channel in a direction lies in a candidate's guard band, else 0;
        ``(E, 2, P, Q)`` where channels are kept in positions.
    blockers
        ``(E, Q)`` lit channels in each candidate's guard band; row ``e`` changes in place.
    e
        Position of the link.
    direction
        Direction of the lightpath on the link: 0 for a -> b, 1 against it.
    channel
        Channel of the lightpath, or its position: index on the third axis of ``blocks``.
    sign
        1 or -1.
    candidates
        How many candidates, from the first on, change.
    """
    for q in range(candidates):
        blockers[e, q] += sign * blocks[e, direction, channel, q]


@njit_inline
def switch_hop(net, mode, state, h, position, sign):
    """Light (sign 1) or release (-1) a position on one hop.

    Parameters
    ----------
    net, mode, state
        Fields of :class:`qkdopt.problem.network_tables.NetworkTables`, :class:`LightMode` and
        :class:`NetworkState`; the state changes in place.
    h
        Number of the hop, an index of ``net.hop_link``.
    position
        Position of the channel; dark on the hop with sign 1, lit with sign -1.
    sign
        1 or -1.
    """
    e, direction = net.hop_link[h], net.hop_direction[h]
    state.free[e, net.hop_fibre[h], position >> 6] ^= 1 << (position & 63)
    if mode.count_usage:
        state.usage[position] += sign
    if not mode.keys:
        return
    state.light[e] += sign
    state.fresh[e] = 0
    candidates = net.candidates[e]
    if state.light[e] == 0:
        # A dark link starts again from its floor: round-off does not add up.
        for q in range(candidates):
            state.noise[e, q] = net.background_noise[e, q]
    else:
        add_noise(net.noise, state.noise, e, direction, position, sign, candidates)
    if mode.working_only:
        add_guards(net.blocks, state.blockers, e, direction, position, sign, candidates)
        update_receivable(net, mode, state, e)


@njit_noalloc
def switch_route(net, mode, state, route, position, sign):
    """Light (sign 1) or release (-1) a position along a route.

    Parameters
    ----------
    net, mode, state
        See :func:`switch_hop`.
    route
        Number of the route, an index of ``net.route_hop``.
    position
        Position of the channel; dark on every hop with sign 1, lit with sign -1.
    sign
        1 or -1.
    """
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        switch_hop(net, mode, state, h, position, sign)


@njit_noalloc
def switch_positions(net, mode, state, route, count, positions, slot, sign):
    """Light (sign 1) or release (-1) the first ``count`` of ``positions[slot]`` along a route.

    Parameters
    ----------
    net, mode, state
        See :func:`switch_hop`.
    route
        Number of the route, an index of ``net.route_hop``.
    count
        How many positions of the row.
    positions
        ``(S, B)`` positions of the channels, one row per slot.
    slot
        Row of ``positions``.
    sign
        1 or -1.
    """
    for j in range(count):
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            switch_hop(net, mode, state, h, positions[slot, j], sign)


@njit_inline
def free_positions(net, mode, state, route):
    """Write the free positions of a route into ``state.mask``; return whether there are any.

    A free position is usable and dark on every hop. Where lit channels in guard bands are counted
    (``mode.working_only``), it also leaves a candidate to each link in whose quantum fibre it is.

    Parameters
    ----------
    net, mode, state
        Fields of :class:`qkdopt.problem.network_tables.NetworkTables`, :class:`LightMode` and
        :class:`NetworkState`; only ``state.mask`` changes.
    route
        Number of the route, an index of ``net.route_hop``.
    """
    first, end = net.route_hop[route], net.route_hop[route + 1]
    found = False
    for k in range(len(state.mask)):
        word = net.full[k]
        for h in range(first, end):
            word &= state.free[net.hop_link[h], net.hop_fibre[h], k]
            if mode.working_only and net.in_quantum_fibre[net.hop_link[h], net.hop_direction[h]]:
                word &= state.receivable[net.hop_link[h], k]
        state.mask[k] = word
        found = found or word != 0
    return found


@njit_noalloc
def find_free_positions(net, mode, state, route):
    """Call :func:`free_positions` from Python.

    Parameters
    ----------
    net, mode, state, route
        See :func:`free_positions`.
    """
    return free_positions(net, mode, state, route)


@njit_noalloc
def update_receivable(net, mode, state, e):
    """Find the positions that leave a link a candidate to work on.

    Parameters
    ----------
    net, mode, state
        Fields of :class:`qkdopt.problem.network_tables.NetworkTables`, :class:`LightMode` and
        :class:`NetworkState`; row ``e`` of ``state.receivable`` changes in place.
    e
        Position of the link.
    """
    words = state.receivable.shape[1]
    if mode.keeps_working:
        for k in range(words):
            state.receivable[e, k] = net.outside[e, state.working[e], k]
        return
    for k in range(words):
        state.receivable[e, k] = 0
    blocked = True
    for q in range(net.candidates[e]):
        if state.blockers[e, q] > 0:
            continue
        blocked = False
        complete = True
        for k in range(words):
            state.receivable[e, k] |= net.outside[e, q, k]
            complete = complete and state.receivable[e, k] == net.full[k]
        if complete:
            return
    if blocked:
        # Receivers have failed, or light alone would have left one. Data goes on; the working
        # candidate's guard band stays dark, so that key comes back with the repair.
        for k in range(words):
            state.receivable[e, k] = net.outside[e, state.working[e], k]
