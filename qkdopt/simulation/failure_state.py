"""What degradations keep beside a network's state, and what is counted of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qkdopt.problem.coefficients import IntArray
from qkdopt.simulation.events import EVENTS, EventOptions
from qkdopt.simulation.network import CompiledNetwork
from qkdopt.simulation.state import State
from qkdopt.units import FloatArray

NOISE, RECEIVER, CUT = (EVENTS.index(kind) for kind in ("noise", "receiver", "cut"))
# Columns of a tally of events: their number, and sums over the demands active just before each.
(
    HIT, DEMANDS, BEFORE, AT_EVENT, AFTER, WITHOUT_KEY,
    AFFECTED, AFFECTED_BEFORE, AFFECTED_AT_EVENT, AFFECTED_AFTER, AFFECTED_WITH_KEY,
    TORN, RESTORED,
) = range(13)  # fmt: skip
EVENT_COLUMNS = 13
# Noise of a failed receiver [clicks per gate]: one that clicks at every gate gives no key, and no
# other candidate has less of it than a healthy one.
FAILED = 1.0
# In place of the slot of a demand without light: torn down, and tried again in vain.
TORN_DOWN, LOST = -1, -2


class FailureMode(NamedTuple):
    """Codes of :class:`qkdopt.simulation.events.EventOptions`."""

    kind: int
    on_working: bool
    clicks: float
    restore: bool


class FailureState(NamedTuple):
    """What degradations keep. ``S`` slots, ``E`` links, ``Q`` candidates.

    Parameters
    ----------
    background_noise
        ``(E, Q)`` noise floors of the healthy network [clicks per gate].
    hit
        ``(E,)`` candidate that a degraded link was hit on; -1 for none.
    slot, route, width, until
        ``(S,)`` demands active just before an event: slot (negative without light), route,
        lightpaths, departure.
    before, at_event
        ``(S,)`` their end-to-end key rates [bit/s].
    relay
        ``(nodes, nodes)`` key rate of the widest path between nodes [bit/s].
    """

    background_noise: FloatArray
    hit: IntArray
    slot: IntArray
    route: IntArray
    width: IntArray
    until: FloatArray
    before: FloatArray
    at_event: FloatArray
    relay: FloatArray


def no_failures(net: CompiledNetwork, state: State) -> FailureState:
    """Return what a healthy network keeps."""
    slots, links = len(state.slot_route), len(net.candidates)
    return FailureState(
        background_noise=net.background_noise.copy(),
        hit=np.full(links, -1, dtype=np.int64),
        slot=np.full(slots, -1, dtype=np.int64),
        route=np.zeros(slots, dtype=np.int64),
        width=np.zeros(slots, dtype=np.int64),
        until=np.zeros(slots),
        before=np.zeros(slots),
        at_event=np.zeros(slots),
        relay=np.zeros((net.nodes, net.nodes)),
    )


def failure_mode_of(options: EventOptions) -> FailureMode:
    """Encode options for compiled code."""
    return FailureMode(
        kind=EVENTS.index(options.kind),
        on_working=options.target == "working",
        clicks=options.noise_per_gate if options.kind == "noise" else FAILED,
        restore=options.restore,
    )
