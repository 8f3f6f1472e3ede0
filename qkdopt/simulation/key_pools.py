"""What requests that draw on the links' keys change: pools of key, and who shares a link's rate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qkdopt.instance import Instance, Traffic
from qkdopt.problem.coefficients import IntArray
from qkdopt.simulation.network import CompiledNetwork
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.state import State
from qkdopt.units import FloatArray

# Positions of KeyPools.clock: the time up to which all is counted, and one before which no pool
# runs empty.
NOW, EARLIEST = 0, 1
# Positions of KeyPools.sums: units of all requests, the same times their shares, and how many
# requests have less than their need.
UNITS, SHARED, SHORT = 0, 1, 2
# A member of a link: slot, and in the lowest bits which hop of its route the link is.
HOP_BITS = 16


class KeyPools(NamedTuple):
    """Pools of ``E`` links and the needs of requests in ``S`` slots.

    Times are mean holding times. What a pool holds is bits over the seconds of a mean holding time:
    key rates and needs [bit/s] fill and drain it by their own numbers.

    Parameters
    ----------
    need_bps
        Key that a *unit* of a request asks for [bit/s]: its whole, or each of its lightpaths.
    per_lightpath
        Whether every lightpath is a unit.
    by_key
        Whether requests are admitted only where links keep up with what is drawn.
    bridge
        Time for which a pool is counted upon at admission; 0 for none.
    capacity
        ``(E,)`` most that each pool holds.
    level, since
        ``(E,)`` what each held at a time, and that time.
    rate_bps
        ``(E,)`` key rate of each link since then [bit/s]; of a full pool that stays so perhaps a
        bound below it.
    units
        ``(E,)`` units that draw on each link since then.
    share
        ``(E,)`` what a link gives of each need since then: 1, or less beside an empty pool.
    empty_at
        ``(E,)`` time at which each pool will run empty if nothing changes; infinite where it will
        not, or is.
    member_count, members
        ``(E,)``, ``(E, M)`` requests whose route crosses each link, see ``HOP_BITS``.
    member_index
        ``(S, H)`` where a request stands among the members of each link of its route.
    slot_units, slot_share
        ``(S,)`` units of each request, and what it gets of its need: the least of its links.
    leaving
        ``(S,)`` scratch: requests that depart between two arrivals.
    working
        ``(E,)`` scratch: working candidates before a request's light.
    clock, sums
        See the positions above.
    """

    need_bps: float
    per_lightpath: bool
    by_key: bool
    bridge: float
    capacity: FloatArray
    level: FloatArray
    since: FloatArray
    rate_bps: FloatArray
    units: IntArray
    share: FloatArray
    empty_at: FloatArray
    member_count: IntArray
    members: IntArray
    member_index: IntArray
    slot_units: IntArray
    slot_share: FloatArray
    leaving: IntArray
    working: IntArray
    clock: FloatArray
    sums: FloatArray


def pool_capacity(instance: Instance) -> FloatArray:
    """``(E,)`` key that each link can store, over the seconds of a mean holding time [bit/s]."""
    holding_s = (instance.traffic or Traffic()).holding_s
    bits = [instance.pool_bits(link) for link in instance.network.links]
    return np.array(bits, dtype=np.float64) / holding_s


def new_pools(
    instance: Instance, net: CompiledNetwork, state: State, options: SimulationOptions
) -> KeyPools:
    """Return full pools that nobody draws on.

    Parameters
    ----------
    instance
        With ``traffic.key``.
    net, state
        The network that is dark but for light in place.
    options
        How requests are served; read are ``admission`` and ``bridge_s``.
    """
    traffic = instance.traffic
    assert traffic is not None
    assert traffic.key is not None
    capacity = pool_capacity(instance)
    links, slots = len(capacity), len(state.slot_time)
    hops = int(np.diff(net.route_hop).max(initial=1))
    # Every request that crosses a link lights at least one channel of one of its fibres.
    members = 2 * len(net.order) + 1
    return KeyPools(
        need_bps=traffic.key.stated_bps,
        per_lightpath=traffic.key.per == "lightpath",
        by_key=options.admission == "key",
        bridge=options.bridge_s / traffic.holding_s,
        capacity=capacity,
        level=capacity.copy(),
        since=np.zeros(links),
        rate_bps=np.zeros(links),
        units=np.zeros(links, dtype=np.int64),
        share=np.ones(links),
        empty_at=np.full(links, np.inf),
        member_count=np.zeros(links, dtype=np.int64),
        members=np.zeros((links, members), dtype=np.int64),
        member_index=np.zeros((slots, hops), dtype=np.int64),
        slot_units=np.zeros(slots, dtype=np.int64),
        slot_share=np.ones(slots),
        leaving=np.zeros(slots, dtype=np.int64),
        working=np.zeros(links, dtype=np.int64),
        clock=np.array([0.0, np.inf]),
        sums=np.zeros(3),
    )


__all__ = ["KeyPools", "new_pools", "pool_capacity"]
