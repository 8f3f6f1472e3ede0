"""Key rates of the demands that an event meets, before it, at it and after the reaction."""

from __future__ import annotations

import math

from qkdopt.runtime.compiled import njit_noalloc
from qkdopt.simulation.assignment import route_pair
from qkdopt.simulation.failure_state import (
    AFFECTED,
    AFFECTED_AFTER,
    AFFECTED_AT_EVENT,
    AFFECTED_BEFORE,
    AFFECTED_WITH_KEY,
    AFTER,
    AT_EVENT,
    BEFORE,
    DEMANDS,
    HIT,
    WITHOUT_KEY,
)
from qkdopt.simulation.kernel import widest_skr
from qkdopt.simulation.light import link_skr
from qkdopt.simulation.state import ACTIVE

# A key rate that falls by less has not been touched: noise summed in another order.
ROUND_OFF = 1e-9


@njit_noalloc
def note_demands(net, state, failures):
    """Write the active demands into ``failures``; return how many there are.

    Parameters
    ----------
    net
        Not read.
    state
        See :class:`qkdopt.simulation.state.State`.
    failures
        See :class:`qkdopt.simulation.failure_state.FailureState`; slot, route, width and until
        change in place.
    """
    noted = state.counters[ACTIVE]
    for k in range(noted):
        slot = state.active_slot[k]
        failures.slot[k] = slot
        failures.route[k] = state.slot_route[slot]
        failures.width[k] = state.slot_width[slot]
        failures.until[k] = state.slot_time[slot]
    return noted


@njit_noalloc
def keep_rates(net, mode, state, failures, noted, rates):
    """Write the end-to-end key rates of the noted demands [bit/s]; 0 without light.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the links' key rates in the state are brought up to date.
    failures
        See :class:`qkdopt.simulation.failure_state.FailureState`; holds the noted demands.
        ``relay`` changes in place where keys are relayed along the widest path.
    noted
        How many demands :func:`note_demands` has noted.
    rates
        ``(S,)`` where the rates are written, from position 0 on.
    """
    if mode.widest:
        _relay(net, state, failures)
    for k in range(noted):
        rates[k] = _rate(net, mode, state, failures, k)


@njit_noalloc
def count(net, mode, state, failures, noted, tally):
    """Add one event to the tally, all reactions done.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the links' key rates in the state are brought up to date.
    failures
        See :class:`qkdopt.simulation.failure_state.FailureState`; holds the noted demands and their
        rates before and at the event. ``relay`` changes in place as in :func:`keep_rates`.
    noted
        How many demands :func:`note_demands` has noted.
    tally
        ``(EVENT_COLUMNS,)``, see :mod:`qkdopt.simulation.failure_state`; added to in place.
    """
    tally[HIT] += 1
    if mode.widest:
        _relay(net, state, failures)
    for k in range(noted):
        before, at_event = failures.before[k], failures.at_event[k]
        after = _rate(net, mode, state, failures, k)
        tally[DEMANDS] += 1
        tally[BEFORE] += before
        tally[AT_EVENT] += at_event
        tally[AFTER] += after
        tally[WITHOUT_KEY] += after <= 0.0
        if at_event < before * (1.0 - ROUND_OFF):
            tally[AFFECTED] += 1
            tally[AFFECTED_BEFORE] += before
            tally[AFFECTED_AT_EVENT] += at_event
            tally[AFFECTED_AFTER] += after
            tally[AFFECTED_WITH_KEY] += after > 0.0


@njit_noalloc
def _rate(net, mode, state, failures, k):
    """End-to-end key rate of a noted demand [bit/s]: along its route, or the widest path's."""
    slot = failures.slot[k]
    if slot < 0:
        return 0.0
    route = state.slot_route[slot]
    if mode.widest:
        pair = route_pair(net, route)
        return failures.relay[pair // net.nodes, pair % net.nodes]
    lowest = math.inf
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        lowest = min(lowest, link_skr(net, state, net.hop_link[h]))
    return lowest


@njit_noalloc
def _relay(net, state, failures):
    """Key rate of the widest path between any two nodes: along the best bottleneck tree."""
    for source in range(net.nodes):
        widest_skr(net, state, source, source)
        for target in range(net.nodes):
            failures.relay[source, target] = state.reach[target]
