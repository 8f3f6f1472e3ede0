"""What a run of the simulator changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.network_state import dark_state
from qkdopt.simulation.network import CompiledNetwork
from qkdopt.units import FloatArray

# Positions of State.counters.
ACTIVE, ARRIVALS, SWITCHES, TODAY = 0, 1, 2, 3
# Positions of State.clock.
LAST_SMOOTHED, DAYS_PER_TIME = 0, 1
# Days of the calendar per mean gap between arrivals, and mean holding times that it spans.
DAYS_PER_GAP = 0.5
CALENDAR_SPAN = 12.0


class Mode(NamedTuple):
    """Codes of what the user chose, by position in the lists of ``simulation.options``.

    The first are the fields of :class:`qkdopt.problem.network_state.LightMode`.
    """

    keys: bool
    working_only: bool
    keeps_working: bool
    count_usage: bool
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
    free, ..., mask
        The fields of :class:`qkdopt.problem.network_state.NetworkState`.
    skr
        ``(E,)`` key rate of each link [bit/s] where it is fresh.
    slot_route, slot_width, slot_position
        ``(S,)``, ``(S,)``, ``(S, B)`` active demands: route, lightpaths, their positions.
    slot_time, slot_next
        ``(S,)`` departure of each slot [mean holding times], and the next slot of the same day.
    day_first
        First slot of each day of the calendar; -1 for none.
    active_slot, active_index
        ``(S,)`` all slots, those in use first, and where each stands in that list.
    bottleneck_weight, limited
        ``(E,)`` active demands that each link limits: smoothed over time, and now; weighted
        by their rates under ``rate-weighted-harm``.
    reach
        ``(nodes,)`` scratch of the widest path.
    counters, clock
        See the positions above.
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
    skr: FloatArray
    slot_route: IntArray
    slot_width: IntArray
    slot_position: IntArray
    slot_time: FloatArray
    slot_next: IntArray
    day_first: IntArray
    active_slot: IntArray
    active_index: IntArray
    bottleneck_weight: FloatArray
    limited: FloatArray
    reach: FloatArray
    counters: IntArray
    clock: FloatArray


def new_state(net: CompiledNetwork, widest_demand: int, arrivals_per_time: float) -> State:
    """Return the state of a dark network.

    Parameters
    ----------
    net
        The network.
    widest_demand
        Most lightpaths of one demand.
    arrivals_per_time
        Expected arrivals per mean holding time. Sets the length of the calendar's days, and with it
        the speed alone.
    """
    links = len(net.candidates)
    # Every active demand lights at least one channel of one fibre.
    span = CALENDAR_SPAN * DAYS_PER_GAP * arrivals_per_time
    days = 1 << int(np.clip(np.ceil(np.log2(span + 1.0)), 4, 20))
    slots = links * 2 * len(net.order) + 1
    return State(
        **dark_state(net)._asdict(),
        skr=np.zeros(links),
        slot_route=np.zeros(slots, dtype=np.int64),
        slot_width=np.zeros(slots, dtype=np.int64),
        slot_position=np.zeros((slots, widest_demand), dtype=np.int64),
        slot_time=np.zeros(slots),
        slot_next=np.full(slots, -1, dtype=np.int64),
        day_first=np.full(days, -1, dtype=np.int64),
        active_slot=np.arange(slots),
        active_index=np.arange(slots),
        bottleneck_weight=np.zeros(links),
        limited=np.zeros(links),
        reach=np.zeros(net.nodes),
        counters=np.zeros(4, dtype=np.int64),
        clock=np.array([0.0, DAYS_PER_GAP * arrivals_per_time]),
    )
