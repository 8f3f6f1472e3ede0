"""Which of the free positions of a route to take: the orders of channels, compiled."""

from __future__ import annotations

from qkdopt.problem.bits import count_bits, lowest_bit
from qkdopt.runtime.compiled import njit_inline, njit_noalloc

ORDERS = ("first-fit", "last-fit", "raman-aware", "random", "most-used", "least-used")
FIRST_FIT = ORDERS.index("first-fit")
RANDOM = ORDERS.index("random")
MOST_USED = ORDERS.index("most-used")
LEAST_USED = ORDERS.index("least-used")


@njit_inline
def choose(order, state, draw):
    """Return the position of ``state.mask`` that an order of channels takes; -1 without any.

    Static orders are first fit on positions.

    Parameters
    ----------
    order
        Number of the order in ``ORDERS``.
    state
        Fields of :class:`qkdopt.problem.network_state.NetworkState`: its ``mask``, and its
        ``usage`` for the orders by usage.
    draw
        Random number in [0, 1) for the random order; without meaning for the others.
    """
    if order == RANDOM:
        return _random(state.mask, draw)
    if order in (MOST_USED, LEAST_USED):
        return _by_usage(state.mask, state.usage, 1 if order == MOST_USED else -1)
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
