"""The compiled simulator of requests that draw on the links' keys.

The loop of :mod:`qkdopt.simulation.kernel`, which is for requests without needs, with pools beside
it. Departures come in order of time here: what a pool holds depends on it.
"""

from __future__ import annotations

from qkdopt.problem.network_state import switch_positions
from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.assignment import (
    place_and_retune,
    place_synergistic,
    release,
    replace_one,
)
from qkdopt.simulation.departures import enter, gather_departed, leave
from qkdopt.simulation.kernel import GOLDEN_STEP, cause_of_blocking, demand_skr, sample
from qkdopt.simulation.key_pools import NOW
from qkdopt.simulation.light import about, link_skr
from qkdopt.simulation.policies import HARM, WEIGHTED_HARM, update_bottleneck_weights
from qkdopt.simulation.pool_levels import (
    join_links,
    leave_links,
    level_at,
    pass_time,
    refresh_route,
    settle_sums,
)
from qkdopt.simulation.state import ACTIVE, ARRIVALS, SWITCHES
from qkdopt.simulation.tally import (
    KEY_BLOCKED,
    MOVED,
    NO_KEY,
    OFFERED,
    SERVED,
    SKR,
    SWITCHED,
)


@njit_noalloc
def run_with_keys(
    net,
    mode,
    state,
    pools,
    times,
    holding,
    pairs,
    lightpath_counts,
    draws,
    tally,
    link_tally,
    policy,
):
    """Serve requests that draw on keys in order of time and add what happened to the tallies.

    Parameters
    ----------
    net, mode, state, times, holding, pairs, lightpath_counts, draws, tally, link_tally, policy
        See :func:`qkdopt.simulation.kernel.run`.
    pools
        See :class:`qkdopt.simulation.key_pools.KeyPools`; changes in place.
    """
    switches = state.counters[SWITCHES]
    for i in range(len(times)):
        _depart_in_order(net, mode, state, pools, times[i], tally, link_tally)
        pass_time(net, state, pools, tally, link_tally, times[i])
        if state.counters[ARRIVALS] % mode.sample_every == 0:
            sample(net, mode, state, tally, link_tally)
        state.counters[ARRIVALS] += 1
        tally[OFFERED] += 1
        pair, width = pairs[i], lightpath_counts[i]
        slot = state.active_slot[state.counters[ACTIVE]]
        before = state.counters[SWITCHES]
        if pools.by_key:
            for e in range(len(pools.working)):
                pools.working[e] = state.working[e]
        if policy is None:
            route = place_and_retune(net, mode, state, pair, width, slot, draws[i])
        else:
            if policy in (HARM, WEIGHTED_HARM):
                update_bottleneck_weights(net, mode, state, times[i])
            route = place_synergistic(net, mode, state, pair, width, slot)
        if route < 0:
            tally[cause_of_blocking(net, state, pair, width)] += 1
            continue
        if pools.by_key and not _links_keep_up(net, state, pools, route, width):
            _take_back(net, mode, state, pools, route, width, slot)
            state.counters[SWITCHES] = before
            tally[KEY_BLOCKED] += 1
            continue
        state.slot_route[slot] = route
        state.slot_width[slot] = width
        enter(state, slot, times[i] + holding[i])
        join_links(net, state, pools, link_tally, slot)
        tally[SERVED] += 1
        rate = demand_skr(net, mode, state, route, pair)
        tally[SKR] += rate
        tally[NO_KEY] += rate <= 0.0
        if policy is not None:
            for k in range(mode.replacements):
                draw = (draws[i] + k * GOLDEN_STEP) % 1.0
                tally[MOVED] += _replace_one(net, mode, state, pools, link_tally, draw)
    settle_sums(state, pools, link_tally)
    tally[SWITCHED] += state.counters[SWITCHES] - switches


@njit_noalloc
def begin_pools(net, state, pools):
    """Read the key rates of a network that nobody draws on yet.

    Parameters
    ----------
    net, state, pools
        See :func:`run_with_keys`.
    """
    for e in range(len(pools.rate_bps)):
        pools.rate_bps[e] = link_skr(net, state, e)


@njit_inline
def _depart_in_order(net, mode, state, pools, now, tally, link_tally):
    """Release every request whose departure has come, each at its time."""
    for k in range(gather_departed(state, pools.leaving, now)):
        slot = pools.leaving[k]
        pass_time(net, state, pools, tally, link_tally, state.slot_time[slot])
        _leave(net, mode, state, pools, link_tally, slot)


@njit_inline
def _leave(net, mode, state, pools, link_tally, slot):
    """Give back a request's slot, light and key."""
    route = state.slot_route[slot]
    leave_links(net, pools, slot, route)
    leave(state, slot)
    release(net, mode, state, slot)
    refresh_route(net, state, pools, link_tally, route, -pools.slot_units[slot])


@njit_inline
def _links_keep_up(net, state, pools, route, width):
    """Whether each link of a lit route gives all that will be drawn, with what its pool bridges."""
    units = width if pools.per_lightpath else 1
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e = net.hop_link[h]
        drain = pools.need_bps * (pools.units[e] + units)
        if pools.bridge > 0.0:
            drain -= level_at(pools, e, pools.clock[NOW]) / pools.bridge
        rate, error = about(net, state, e)
        if drain > rate - error and (drain > rate + error or drain > link_skr(net, state, e)):
            return False
    return True


@njit_noalloc
def _take_back(net, mode, state, pools, route, width, slot):
    """Release the light of a request that is refused: links are as if it had never come."""
    switch_positions(net, mode, state, route, width, state.slot_position, slot, -1)
    for h in range(net.route_hop[route], net.route_hop[route + 1]):
        e = net.hop_link[h]
        state.working[e] = pools.working[e]
        state.fresh[e] = 0


@njit_noalloc
def _replace_one(net, mode, state, pools, link_tally, draw):
    """Move one active demand with its need; return 1 if it moved."""
    active = state.counters[ACTIVE]
    slot = state.active_slot[min(int(draw * active), active - 1)]
    old = state.slot_route[slot]
    units = pools.slot_units[slot]
    leave_links(net, pools, slot, old)
    moved = replace_one(net, mode, state, draw)
    refresh_route(net, state, pools, link_tally, old, -units)
    join_links(net, state, pools, link_tally, slot)
    return moved
