"""Who leaves when: a calendar queue over slots, and the list of slots in use.

A departure goes to the day (bucket) of its time; each arrival looks through the days since the
last one (Brown, Communications of the ACM 31, 1220, 1988). Days are about two mean gaps long, so
that both steps take constant time. Departures between the same two arrivals come in no order of
time: none of them is seen by anyone in between.
"""

from __future__ import annotations

from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.assignment import release
from qkdopt.simulation.state import ACTIVE, DAYS_PER_TIME, TODAY


@njit_inline
def enter(state, slot, departure):
    """Put a slot in use until a time.

    Parameters
    ----------
    state
        See :class:`qkdopt.simulation.state.State`; changes in place.
    slot
        First unused slot: that at position ``state.counters[ACTIVE]`` of ``state.active_slot``.
    departure
        Time at which it is given back [mean holding times].
    """
    day = int(departure * state.clock[DAYS_PER_TIME]) & (len(state.day_first) - 1)
    state.slot_time[slot] = departure
    state.slot_next[slot] = state.day_first[day]
    state.day_first[day] = slot
    active = state.counters[ACTIVE]
    state.active_slot[active] = slot
    state.active_index[slot] = active
    state.counters[ACTIVE] = active + 1


@njit_inline
def depart(net, mode, state, now):
    """Release every demand whose departure has come, and give back its slot.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    now
        Time [mean holding times]; not before that of the last call.
    """
    days = len(state.day_first)
    today = int(now * state.clock[DAYS_PER_TIME])
    for day in range(max(state.counters[TODAY], today - days + 1), today + 1):
        before = -1
        slot = state.day_first[day & (days - 1)]
        while slot >= 0:
            following = state.slot_next[slot]
            if state.slot_time[slot] > now:
                # Later today, or in a later year of the calendar.
                before = slot
            else:
                if before < 0:
                    state.day_first[day & (days - 1)] = following
                else:
                    state.slot_next[before] = following
                leave(state, slot)
                release(net, mode, state, slot)
            slot = following
    state.counters[TODAY] = today


@njit_noalloc
def release_departed(net, mode, state, now):
    """Call :func:`depart`: compiled once for all who need no copy of their own."""
    depart(net, mode, state, now)


@njit_inline
def leave(state, slot):
    """Take a slot out of use: the last active one takes its place in the list.

    Parameters
    ----------
    state
        See :class:`qkdopt.simulation.state.State`; changes in place.
    slot
        A slot in use that is in no day of the calendar any more.
    """
    active = state.counters[ACTIVE] - 1
    last = state.active_slot[active]
    index = state.active_index[slot]
    state.active_slot[index] = last
    state.active_index[last] = index
    # Unused slots follow the active ones: the list is a permutation of all slots.
    state.active_slot[active] = slot
    state.counters[ACTIVE] = active


@njit_inline
def gather_departed(state, leaving, now):
    """Take the slots whose departure has come out of their days; return how many.

    They stay in use, and are written to ``leaving`` in order of departure.

    Parameters
    ----------
    state
        See :class:`qkdopt.simulation.state.State`; changes in place.
    leaving
        ``(S,)`` where the slots are written.
    now
        Time [mean holding times]; not before that of the last call.
    """
    days = len(state.day_first)
    today = int(now * state.clock[DAYS_PER_TIME])
    count = 0
    for day in range(max(state.counters[TODAY], today - days + 1), today + 1):
        before = -1
        slot = state.day_first[day & (days - 1)]
        while slot >= 0:
            following = state.slot_next[slot]
            if state.slot_time[slot] > now:
                before = slot
            else:
                if before < 0:
                    state.day_first[day & (days - 1)] = following
                else:
                    state.slot_next[before] = following
                # Days come nearly in order of time: few slots have to move.
                place = count
                while place > 0 and _departs_before(state, slot, leaving[place - 1]):
                    leaving[place] = leaving[place - 1]
                    place -= 1
                leaving[place] = slot
                count += 1
            slot = following
    state.counters[TODAY] = today
    return count


@njit_inline
def _departs_before(state, slot, other):
    """Whether a slot departs before another; by number where both do at the same time."""
    if state.slot_time[slot] == state.slot_time[other]:
        return slot < other
    return state.slot_time[slot] < state.slot_time[other]


@njit_noalloc
def leave_early(state, slot):
    """Take a slot in use out of its day and out of use, before its time."""
    day = int(state.slot_time[slot] * state.clock[DAYS_PER_TIME]) & (len(state.day_first) - 1)
    before, here = -1, state.day_first[day]
    while here != slot:
        before, here = here, state.slot_next[here]
    if before < 0:
        state.day_first[day] = state.slot_next[slot]
    else:
        state.slot_next[before] = state.slot_next[slot]
    leave(state, slot)
