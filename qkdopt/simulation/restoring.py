"""Restoration: demands whose light was torn down, tried on their K routes again."""

from __future__ import annotations

from qkdopt.runtime.compiled import njit_noalloc
from qkdopt.simulation.assignment import place_and_retune, place_synergistic, route_pair
from qkdopt.simulation.departures import enter
from qkdopt.simulation.failure_state import LOST, RESTORED, TORN_DOWN
from qkdopt.simulation.kernel import GOLDEN_STEP
from qkdopt.simulation.state import ACTIVE


@njit_noalloc
def restore_all(net, mode, state, failures, noted, draw, tally, policy):
    """Place every demand torn down by the rule of arrivals, those that stay longest first.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    failures
        See :class:`qkdopt.simulation.failure_state.FailureState`; the slot of a demand torn down
        becomes its new one, or ``LOST`` without room.
    noted
        How many demands :func:`qkdopt.simulation.rates_around_event.note_demands` has noted.
    draw
        Uniform in [0, 1), for the random order of channels alone.
    tally
        ``(EVENT_COLUMNS,)``, see :mod:`qkdopt.simulation.failure_state`; ``RESTORED`` is added to.
    policy
        See :func:`qkdopt.simulation.kernel.run`; None for the first route with room.
    """
    tried = 0
    while True:
        longest = -1
        for k in range(noted):
            if failures.slot[k] == TORN_DOWN and (
                longest < 0 or failures.until[k] > failures.until[longest]
            ):
                longest = k
        if longest < 0:
            return
        # The draw is for a random order of channels alone.
        one = (draw + tried * GOLDEN_STEP) % 1.0
        failures.slot[longest] = _restore(net, mode, state, failures, longest, one, policy)
        tally[RESTORED] += failures.slot[longest] >= 0
        tried += 1


@njit_noalloc
def _restore(net, mode, state, failures, k, draw, policy):
    """Place one demand until its departure; its slot, or ``LOST`` without room."""
    slot = state.active_slot[state.counters[ACTIVE]]
    pair, width = route_pair(net, failures.route[k]), failures.width[k]
    if policy is None:
        route = place_and_retune(net, mode, state, pair, width, slot, draw)
    else:
        route = place_synergistic(net, mode, state, pair, width, slot)
    if route < 0:
        return LOST
    state.slot_route[slot] = route
    state.slot_width[slot] = width
    enter(state, slot, failures.until[k])
    return slot
