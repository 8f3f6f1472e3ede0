"""What a run of the simulator changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.simulate.layout import Layout
from qkdopt.tables import IntArray
from qkdopt.units import FloatArray

# Positions of State.counters.
ACTIVE, ARRIVALS, SWITCHES = 0, 1, 2
# Positions of State.clock.
LAST_SMOOTHED = 0


class Mode(NamedTuple):
    """Codes of what the user chose, by position in the lists of ``simulate.options``."""

    keys: bool
    working_only: bool
    widest: bool
    retune: int
    order: int
    policy: int
    replacements: int
    sample_every: int


class State(NamedTuple):
    """A network in operation. A *slot* holds one active demand.

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
    skr, fresh
        ``(E,)`` key rate of each link [bit/s], and whether it is up to date.
    heap_time, heap_slot
        Departures, as a binary heap.
    slot_route, slot_width, slot_position
        ``(S,)``, ``(S,)``, ``(S, B)`` active demands: route, lightpaths, their positions.
    spare
        Stack of unused slots.
    usage
        ``(W,)`` links on which each position is lit.
    pressure, limited
        ``(E,)`` active demands that each link limits: smoothed over time, and now.
    reach
        ``(nodes,)`` scratch of the widest path.
    mask, trial
        ``(words,)`` scratch.
    counters, clock
        See the positions above.
    """

    free: IntArray
    receivable: IntArray
    light: IntArray
    noise: FloatArray
    blockers: NDArray[np.int32]
    working: IntArray
    skr: FloatArray
    fresh: IntArray
    heap_time: FloatArray
    heap_slot: IntArray
    slot_route: IntArray
    slot_width: IntArray
    slot_position: IntArray
    spare: IntArray
    usage: IntArray
    pressure: FloatArray
    limited: FloatArray
    reach: FloatArray
    mask: IntArray
    trial: IntArray
    counters: IntArray
    clock: FloatArray


def new_state(layout: Layout, widest_demand: int) -> State:
    """Return a dark network; ``widest_demand`` is the most lightpaths of one demand."""
    links, words = len(layout.candidates), layout.usable.shape[2]
    # Every active demand lights at least one channel of one fibre.
    slots = links * 2 * len(layout.order) + 1
    return State(
        free=layout.usable.copy(),
        receivable=np.repeat(layout.full[None], links, axis=0),
        light=np.zeros(links, dtype=np.int64),
        noise=layout.floor.copy(),
        blockers=np.zeros(layout.floor.shape, dtype=np.int32),
        working=np.where(layout.candidates > 0, 0, -1),
        skr=np.zeros(links),
        fresh=np.zeros(links, dtype=np.int64),
        heap_time=np.zeros(slots),
        heap_slot=np.zeros(slots, dtype=np.int64),
        slot_route=np.zeros(slots, dtype=np.int64),
        slot_width=np.zeros(slots, dtype=np.int64),
        slot_position=np.zeros((slots, widest_demand), dtype=np.int64),
        spare=np.arange(slots)[::-1].copy(),
        usage=np.zeros(len(layout.order), dtype=np.int64),
        pressure=np.zeros(links),
        limited=np.zeros(links),
        reach=np.zeros(layout.nodes),
        mask=np.zeros(words, dtype=np.int64),
        trial=np.zeros(words, dtype=np.int64),
        counters=np.zeros(3, dtype=np.int64),
        clock=np.zeros(1),
    )
