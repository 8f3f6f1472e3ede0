"""Links hit and repaired in place, between two requests: compiled, apart from the hot loop.

Restoration tries demands whose light was torn down on their K routes again. It alone is compiled
once a kind of policy.
"""

from __future__ import annotations

from qkdopt.problem.network_state import switch_positions, update_receivable
from qkdopt.runtime.compiled import njit_noalloc
from qkdopt.simulation.assignment import place_and_retune, place_synergistic, route_pair
from qkdopt.simulation.departures import enter, leave_early, release_departed
from qkdopt.simulation.failure_state import CUT, LOST, NOISE, RESTORED, TORN, TORN_DOWN
from qkdopt.simulation.kernel import GOLDEN_STEP
from qkdopt.simulation.light import retune
from qkdopt.simulation.rates_around_event import keep_rates, note_demands
from qkdopt.simulation.state import ACTIVE


@njit_noalloc
def fail(net, mode, state, failures, failure_mode, now, e, draw, tally):
    """Hit a link and let the others retune; return how many demands were there.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state and ``net.background_noise`` change in place.
    failures, failure_mode
        See :class:`qkdopt.simulation.failure_state.FailureState`, which changes in place, and
        :class:`qkdopt.simulation.failure_state.FailureMode`.
    now
        Time [mean holding times]; demands whose departure has come leave first.
    e
        Position of the link.
    draw
        Uniform in [0, 1), for the candidate.
    tally
        ``(EVENT_COLUMNS,)``, see :mod:`qkdopt.simulation.failure_state`; ``TORN`` is added to.
    """
    release_departed(net, mode, state, now)
    noted = note_demands(net, state, failures)
    keep_rates(net, mode, state, failures, noted, failures.before)
    if failure_mode.kind == CUT:
        tally[TORN] += _cut(net, mode, state, failures, failure_mode, e, noted)
    elif net.candidates[e] > 0:
        q = state.working[e] if failure_mode.on_working else int(draw * net.candidates[e])
        failures.hit[e] = q
        _degrade(net, mode, state, failure_mode, e, q)
    keep_rates(net, mode, state, failures, noted, failures.at_event)
    for link in range(len(net.candidates)):
        retune(net, mode, state, link, False)
    return noted


@njit_noalloc
def repair(net, mode, state, failures, failure_mode, now, e):
    """Repair a link, so that nothing of its failure remains.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state and ``net.background_noise`` change in place.
    failures, failure_mode
        See :class:`qkdopt.simulation.failure_state.FailureState`, which changes in place, and
        :class:`qkdopt.simulation.failure_state.FailureMode`.
    now
        Time [mean holding times]; demands whose departure has come leave first.
    e
        Position of the link.
    """
    release_departed(net, mode, state, now)
    first, end = failures.hit[e], failures.hit[e] + 1
    if failure_mode.kind == CUT:
        first, end = 0, net.candidates[e]
        for fibre in range(state.free.shape[1]):
            for k in range(state.free.shape[2]):
                state.free[e, fibre, k] = net.usable[e, fibre, k]
    elif first < 0:
        return
    for q in range(first, end):
        net.background_noise[e, q] = failures.background_noise[e, q]
        state.noise[e, q] = _noise_from_light(net, state, e, q)
        if failure_mode.kind != NOISE:
            state.blockers[e, q] -= 1
    failures.hit[e] = -1
    _refresh(net, mode, state, e)
    retune(net, mode, state, e, False)


@njit_noalloc
def _degrade(net, mode, state, failure_mode, e, q):
    """Add the noise of an event to a candidate, and its failure if it is one.

    The floor rises too: a link that goes dark restarts from it.
    """
    net.background_noise[e, q] += failure_mode.clicks
    state.noise[e, q] += failure_mode.clicks
    if failure_mode.kind != NOISE:
        # As light in its guard band: nobody tunes to it.
        state.blockers[e, q] += 1
    _refresh(net, mode, state, e)


@njit_noalloc
def _cut(net, mode, state, failures, failure_mode, e, noted):
    """Tear down every lightpath on a link and let no light onto it; how many demands lost it."""
    torn = 0
    for k in range(noted):
        if _crosses(net, failures.route[k], e):
            switch_positions(
                net, mode, state, failures.route[k], failures.width[k], state.slot_position,
                failures.slot[k], -1,
            )  # fmt: skip
            leave_early(state, failures.slot[k])
            failures.slot[k] = TORN_DOWN
            torn += 1
    for fibre in range(state.free.shape[1]):
        for k in range(state.free.shape[2]):
            state.free[e, fibre, k] = 0
    for q in range(net.candidates[e]):
        _degrade(net, mode, state, failure_mode, e, q)
    return torn


@njit_noalloc
def _crosses(net, route, e):
    """Whether a route uses a link."""
    found = False
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        found = found or net.hop_link[h] == e
    return found


@njit_noalloc
def _refresh(net, mode, state, e):
    """Bring what follows from a link's candidates up to date."""
    state.fresh[e] = 0
    if mode.working_only and net.candidates[e] > 0:
        update_receivable(net, mode, state, e)


@njit_noalloc
def _noise_from_light(net, state, e, q):
    """Noise of a candidate [clicks per gate] from scratch: round-off does not add up."""
    noise = net.background_noise[e, q]
    for k in range(state.counters[ACTIVE]):
        slot = state.active_slot[k]
        route = state.slot_route[slot]
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            if net.hop_link[h] == e:
                for j in range(state.slot_width[slot]):
                    noise += net.noise[e, net.hop_direction[h], state.slot_position[slot, j], q]
    return noise


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
        longest = _stays_longest(failures, noted)
        if longest < 0:
            return
        # The draw is for a random order of channels alone.
        one = (draw + tried * GOLDEN_STEP) % 1.0
        failures.slot[longest] = _restore(net, mode, state, failures, longest, one, policy)
        tally[RESTORED] += failures.slot[longest] >= 0
        tried += 1


@njit_noalloc
def _stays_longest(failures, noted):
    """Of the demands torn down, the one that would stay longest; -1 for none left."""
    longest = -1
    for k in range(noted):
        if failures.slot[k] == TORN_DOWN and (
            longest < 0 or failures.until[k] > failures.until[longest]
        ):
            longest = k
    return longest


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
