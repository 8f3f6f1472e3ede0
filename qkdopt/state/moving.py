"""A move as a transaction: apply it, look at what it is worth, keep it or take it back."""

from __future__ import annotations

import math

from qkdopt.state.compiled import inner, outlined
from qkdopt.state.demands import fill_widest_relay, lightpath_rate_bps, rescore, utility
from qkdopt.state.links import best_rate_bps, path_is_free, set_light
from qkdopt.state.network import LINK_SUM, Network
from qkdopt.state.search_state import (
    BEST_SCORE,
    BEST_SERVED,
    CHANGES,
    DARK,
    DEMANDS,
    ENERGY,
    LINKS,
    PLACED,
    REFERENCE,
    SCORE,
    SERVED,
    TAKEN,
    UNSERVED,
    Move,
    State,
)

# What `apply` returns for a move that breaks a rule; it has been taken back already.
ILLEGAL = -math.inf


@inner
def begin(move: Move) -> None:
    """Start an empty move."""
    move.size[CHANGES] = 0
    move.stamp[0] += 1


@inner
def add_change(
    move: Move, demand: int, slot: int, path: int, channel: int, new_path: int, new_channel: int
) -> None:
    """Add one lightpath's change; a path of ``UNSERVED`` is no lightpath."""
    row = move.change[move.size[CHANGES]]
    row[0], row[1] = demand, slot
    row[2], row[3] = path, channel
    row[4], row[5] = new_path, new_channel
    move.size[CHANGES] += 1


@outlined
def apply(network: Network, state: State, move: Move) -> float:
    """Carry out the changes of a move.

    Returns
    -------
    float
        Gain in energy, or ``ILLEGAL`` where a channel is held twice, a link keeps no legal
        candidate or a served demand falls below its least rate: then nothing has changed.
    """
    move.size[LINKS] = move.size[DEMANDS] = move.size[PLACED] = 0
    _darken(network, state, move)
    if not _place(network, state, move) or not _retune(network, state, move):
        take_back(network, state, move)
        return ILLEGAL
    gain = _rerate(network, state, move)
    for k in range(move.size[DEMANDS]):
        r = move.rated[k]
        if state.path[r] != UNSERVED and state.demand_bps[r] < network.floor_bps[r]:
            take_back(network, state, move)
            return ILLEGAL
    return gain


@inner
def _touch(network: Network, state: State, move: Move, path: int) -> None:
    """Save the links of a path as they are before the move."""
    for h in range(network.path_hops[path]):
        e = network.path_link[path, h]
        if move.is_touched[e]:
            continue
        move.is_touched[e] = True
        move.touched[move.size[LINKS]] = e
        move.size[LINKS] += 1
        move.touched_before[e] = state.rate_bps[e]
        for q in range(network.candidates[e]):
            move.noise_before[e, q] = state.noise[e, q]
            move.blockers_before[e, q] = state.blockers[e, q]


@inner
def _darken(network: Network, state: State, move: Move) -> None:
    for i in range(move.size[CHANGES]):
        path, channel = move.change[i, 2], move.change[i, 3]
        if path != UNSERVED:
            _touch(network, state, move, path)
            set_light(network, state, path, channel, DARK, -1)


@inner
def _place(network: Network, state: State, move: Move) -> bool:
    """Light the new lightpaths; false at the first that meets another."""
    for i in range(move.size[CHANGES]):
        r, path, channel = move.change[i, 0], move.change[i, 4], move.change[i, 5]
        if path != UNSERVED:
            if not path_is_free(network, state, path, channel, DARK):
                return False
            _touch(network, state, move, path)
            set_light(network, state, path, channel, r, 1)
        _assign(state, move, i, path, channel)
        move.size[PLACED] += 1
    return True


@inner
def _assign(state: State, move: Move, i: int, path: int, channel: int) -> None:
    """Write a lightpath into its demand's slot and keep the count of served demands."""
    r, slot = move.change[i, 0], move.change[i, 1]
    if slot == 0:
        state.counts[SERVED] += int(path != UNSERVED) - int(state.path[r] != UNSERVED)
    state.path[r] = path
    state.channel[r, slot] = channel


@inner
def _retune(network: Network, state: State, move: Move) -> bool:
    """Tune every touched link anew; false where no candidate is legal."""
    for k in range(move.size[LINKS]):
        e = move.touched[k]
        rate = best_rate_bps(network, state, e)
        if rate < 0.0:
            return False
        state.rate_bps[e] = rate
    return True


@inner
def _rerate(network: Network, state: State, move: Move) -> float:
    """Rate the demands that the move reaches; return the gain in energy."""
    for i in range(move.size[CHANGES]):
        r = move.change[i, 0]
        _log(state, move, r, move.change[i, 2] != UNSERVED)
        state.demand_bps[r] = lightpath_rate_bps(network, state, r)
    gain = 0.0
    if network.widest:
        _rerate_all(network, state, move)
    for k in range(move.size[LINKS]):
        e = move.touched[k]
        if network.objective == LINK_SUM:
            gain += state.rate_bps[e] - move.touched_before[e]
        if not network.widest and state.rate_bps[e] != move.touched_before[e]:
            _rerate_crossing(network, state, move, e)
    for k in range(move.size[DEMANDS]):
        r = move.rated[k]
        if state.path[r] != UNSERVED:
            gain += utility(network, state, state.demand_bps[r])
        if move.was_served[r]:
            gain -= utility(network, state, move.rated_before[r])
    return gain


@inner
def _rerate_crossing(network: Network, state: State, move: Move, e: int) -> None:
    """Rate the demands that cross a link whose rate has changed."""
    before, now = move.touched_before[e], state.rate_bps[e]
    for fibre in range(network.fibre[1] + 1):
        for channel in range(network.path_open.shape[1]):
            r = state.holder[e, fibre, channel]
            if r == DARK:
                continue
            if now < state.demand_bps[r]:
                _log(state, move, r, True)
                state.demand_bps[r] = now
            elif before == state.demand_bps[r] and now > before:
                # The bottleneck has moved up: another link of the path may be one now.
                _log(state, move, r, True)
                state.demand_bps[r] = lightpath_rate_bps(network, state, r)


@inner
def _rerate_all(network: Network, state: State, move: Move) -> None:
    """Rate every served demand along the widest relay route."""
    fill_widest_relay(network, state, move)
    for r in range(len(state.path)):
        if state.path[r] != UNSERVED:
            rate = move.relay_bps[network.demand_ends[r, 0], network.demand_ends[r, 1]]
            if rate != state.demand_bps[r]:
                _log(state, move, r, True)
                state.demand_bps[r] = rate


@inner
def _log(state: State, move: Move, demand: int, was_served: bool) -> None:
    """Save a demand's rate before its first change in this move."""
    if not move.is_rated[demand]:
        move.is_rated[demand] = True
        move.was_served[demand] = was_served
        move.rated_before[demand] = state.demand_bps[demand]
        move.rated[move.size[DEMANDS]] = demand
        move.size[DEMANDS] += 1


@inner
def _forget(move: Move) -> None:
    """Clear the marks of the move just ended."""
    for k in range(move.size[LINKS]):
        move.is_touched[move.touched[k]] = False
    for k in range(move.size[DEMANDS]):
        move.is_rated[move.rated[k]] = False


@outlined
def keep(network: Network, state: State, move: Move, gain: float) -> None:
    """Make an applied move final, and remember the plan if it is the best one."""
    _forget(move)
    state.totals[ENERGY] += gain
    state.counts[TAKEN] += 1
    rescore(network, state)
    remember_best(state)


@outlined
def take_back(network: Network, state: State, move: Move) -> None:
    """Restore exactly what was before the move, to the last bit."""
    for i in range(move.size[PLACED]):
        if move.change[i, 4] != UNSERVED:
            _hold(network, state, move.change[i, 4], move.change[i, 5], DARK)
    for i in range(move.size[CHANGES]):
        r, path, channel = move.change[i, 0], move.change[i, 2], move.change[i, 3]
        if path != UNSERVED:
            _hold(network, state, path, channel, r)
        if i < move.size[PLACED]:
            _assign(state, move, i, path, channel)
    for k in range(move.size[LINKS]):
        e = move.touched[k]
        state.rate_bps[e] = move.touched_before[e]
        for q in range(network.candidates[e]):
            state.noise[e, q] = move.noise_before[e, q]
            state.blockers[e, q] = move.blockers_before[e, q]
    for k in range(move.size[DEMANDS]):
        state.demand_bps[move.rated[k]] = move.rated_before[move.rated[k]]
    _forget(move)


@inner
def _hold(network: Network, state: State, path: int, channel: int, holder: int) -> None:
    for h in range(network.path_hops[path]):
        fibre = network.fibre[network.path_way[path, h]]
        state.holder[network.path_link[path, h], fibre, channel] = holder


@inner
def remember_best(state: State) -> None:
    """Copy the lightpaths when they are the best: served first, then the score."""
    if state.counts[SERVED] < state.counts[BEST_SERVED]:
        return
    if state.counts[SERVED] == state.counts[BEST_SERVED]:
        if state.totals[SCORE] <= state.totals[BEST_SCORE]:
            return
    state.counts[BEST_SERVED] = state.counts[SERVED]
    state.totals[BEST_SCORE] = state.totals[SCORE]
    for r in range(len(state.path)):
        state.best_path[r] = state.path[r]
        for slot in range(state.channel.shape[1]):
            state.best_channel[r, slot] = state.channel[r, slot]


@outlined
def refresh(network: Network, state: State, move: Move) -> None:
    """Recompute everything from the lightpaths alone, so that rounding cannot build up."""
    _darken_all(network, state)
    for r in range(len(state.path)):
        if state.path[r] != UNSERVED:
            state.counts[SERVED] += 1
            for slot in range(network.width[r]):
                set_light(network, state, state.path[r], state.channel[r, slot], r, 1)
    for e in range(len(state.rate_bps)):
        state.rate_bps[e] = max(0.0, best_rate_bps(network, state, e))
    for r in range(len(state.path)):
        state.demand_bps[r] = lightpath_rate_bps(network, state, r)
    begin(move)
    move.size[DEMANDS] = 0
    if network.widest:
        _rerate_all(network, state, move)
        _forget(move)
    restart_energy(network, state)


@inner
def _darken_all(network: Network, state: State) -> None:
    state.counts[SERVED] = 0
    for e in range(len(state.rate_bps)):
        for channel in range(network.path_open.shape[1]):
            state.holder[e, 0, channel] = state.holder[e, 1, channel] = DARK
        for q in range(network.candidates[e]):
            state.noise[e, q] = network.floor[e, q]
            state.blockers[e, q] = 0


@inner
def restart_energy(network: Network, state: State) -> None:
    """Sum the energy anew, around the worst rate there is now."""
    worst = math.inf
    for r in range(len(state.path)):
        if state.path[r] != UNSERVED:
            worst = min(worst, state.demand_bps[r])
    state.totals[REFERENCE] = worst if worst < math.inf else 0.0
    energy = 0.0
    for r in range(len(state.path)):
        if state.path[r] != UNSERVED:
            energy += utility(network, state, state.demand_bps[r])
    if network.objective == LINK_SUM:
        for e in range(len(state.rate_bps)):
            energy += state.rate_bps[e]
    state.totals[ENERGY] = energy
    rescore(network, state)
