"""Which positions are free on a route, and which of them to take."""

from __future__ import annotations

import numpy as np

from qkdopt.compiled import njit
from qkdopt.simulate.layout import WORD
from qkdopt.simulate.options import ORDERS

RANDOM = ORDERS.index("random")
MOST_USED = ORDERS.index("most-used")
LEAST_USED = ORDERS.index("least-used")
# 2 generates the multiplicative group modulo 67: each power of two has its own remainder.
REMAINDERS = 67
_bit_of = np.zeros(REMAINDERS, dtype=np.int64)
for _k in range(WORD):
    _bit_of[(1 << _k) % REMAINDERS] = _k
BIT_OF = _bit_of


@njit
def lowest_bit(word):
    """Position of the lowest bit of a word that is not zero."""
    return BIT_OF[(word & -word) % REMAINDERS]


@njit
def free_positions(net, mode, state, route):
    """Write the free positions of a route into ``state.mask``; whether there are any."""
    first, end = net.route_hop[route], net.route_hop[route + 1]
    found = False
    for k in range(len(state.mask)):
        word = net.full[k]
        for h in range(first, end):
            e, side = net.hop_link[h], net.hop_side[h]
            word &= state.free[e, net.fibre[side], k]
            if mode.working_only and net.hears[e, side]:
                word &= state.receivable[e, k]
        state.mask[k] = word
        found = found or word != 0
    return found


@njit
def choose(mode, state, draw):
    """Return the position of ``state.mask`` that the order of channels takes."""
    if mode.order == RANDOM:
        return _random(state.mask, draw)
    if mode.order == MOST_USED or mode.order == LEAST_USED:
        return _by_usage(state.mask, state.usage, 1 if mode.order == MOST_USED else -1)
    for k in range(len(state.mask)):
        if state.mask[k] != 0:
            return k * WORD + lowest_bit(state.mask[k])
    return -1


@njit
def _random(mask, draw):
    count = 0
    for k in range(len(mask)):
        word = mask[k]
        while word != 0:
            word &= word - 1
            count += 1
    wanted = min(int(draw * count), count - 1)
    for k in range(len(mask)):
        word = mask[k]
        while word != 0:
            if wanted == 0:
                return k * WORD + lowest_bit(word)
            wanted -= 1
            word &= word - 1
    return -1


@njit
def _by_usage(mask, usage, sign):
    """The most (sign 1) or least (sign -1) used position; the first of equals."""
    best = -1
    for k in range(len(mask)):
        word = mask[k]
        while word != 0:
            position = k * WORD + lowest_bit(word)
            if best < 0 or sign * usage[position] > sign * usage[best]:
                best = position
            word &= word - 1
    return best
