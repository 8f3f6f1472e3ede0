"""Departures in order of time: a binary heap on two arrays."""

from __future__ import annotations

from qkdopt.compiled import njit


@njit
def push(times, slots, size, time, slot):
    """Add a departure to a heap of ``size`` entries."""
    k = size
    while k > 0:
        above = (k - 1) >> 1
        if times[above] <= time:
            break
        times[k] = times[above]
        slots[k] = slots[above]
        k = above
    times[k] = time
    slots[k] = slot


@njit
def pop(times, slots, size):
    """Return the slot of the earliest of ``size`` departures and take it out."""
    first = slots[0]
    last = size - 1
    time, slot = times[last], slots[last]
    k, child = 0, 1
    while child < last:
        if child + 1 < last and times[child + 1] < times[child]:
            child += 1
        if times[child] >= time:
            break
        times[k] = times[child]
        slots[k] = slots[child]
        k = child
        child = 2 * k + 1
    times[k] = time
    slots[k] = slot
    return first
