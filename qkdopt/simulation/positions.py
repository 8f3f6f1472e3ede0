"""Which positions are free on a route, and which of them to take."""

from __future__ import annotations

from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.bits import count_bits, lowest_bit
from qkdopt.simulation.options import ORDERS

RANDOM = ORDERS.index("random")
MOST_USED = ORDERS.index("most-used")
LEAST_USED = ORDERS.index("least-used")


@njit_inline
def free_positions(net, mode, state, route):
    """Write the free positions of a route into ``state.mask``; whether there are any."""
    first, end = net.route_hop[route], net.route_hop[route + 1]
    found = False
    for k in range(len(state.mask)):
        word = net.full[k]
        for h in range(first, end):
            word &= state.free[net.hop_link[h], net.hop_fibre[h], k]
            if mode.working_only and net.hears[net.hop_link[h], net.hop_side[h]]:
                word &= state.receivable[net.hop_link[h], k]
        state.mask[k] = word
        found = found or word != 0
    return found


@njit_inline
def choose(mode, state, draw):
    """Return the position of ``state.mask`` that the order of channels takes."""
    if mode.order == RANDOM:
        return _random(state.mask, draw)
    if mode.order in (MOST_USED, LEAST_USED):
        return _by_usage(state.mask, state.usage, 1 if mode.order == MOST_USED else -1)
    for k in range(len(state.mask)):
        if state.mask[k] != 0:
            return (k << 6) + lowest_bit(state.mask[k])
    return -1


@njit_noalloc
def _random(mask, draw):
    count = 0
    for k in range(len(mask)):
        count += count_bits(mask[k])
    wanted = min(int(draw * count), count - 1)
    for k in range(len(mask)):
        word = mask[k]
        while word != 0:
            if wanted == 0:
                return (k << 6) + lowest_bit(word)
            wanted -= 1
            word &= word - 1
    return -1


@njit_noalloc
def _by_usage(mask, usage, sign):
    """Return the most (sign 1) or least (sign -1) used position; the first of equals."""
    best = -1
    for k in range(len(mask)):
        word = mask[k]
        while word != 0:
            position = (k << 6) + lowest_bit(word)
            if best < 0 or sign * usage[position] > sign * usage[best]:
                best = position
            word &= word - 1
    return best
