"""Serving as many demands as possible: put in, swap in, or throw others out and go on."""

from __future__ import annotations

import math

from qkdopt.state.annealing import anneal
from qkdopt.state.compiled import inner, outlined
from qkdopt.state.kempe import add_ejection, add_random_lightpaths, find_open_channels, kempe_move
from qkdopt.state.links import path_is_free
from qkdopt.state.moving import ILLEGAL, add_change, apply, begin, keep, take_back
from qkdopt.state.network import Network
from qkdopt.state.prng import SeedArray, below, uniform
from qkdopt.state.search_state import DARK, UNSERVED, Move, State
from qkdopt.units import FloatArray

_SWAP_TRIES = 100
_EJECTION_TRIES = 12
_SAMPLES_PER_PATH = 8
_SHAKE_MOVES = 300


@outlined
def serve(
    network: Network, state: State, move: Move, random: SeedArray,
    stubborn: FloatArray, attempts: int, temperature: float,
) -> None:  # fmt: skip
    """Serve unserved demands, at most ``attempts`` tries; the best plan is remembered.

    Parameters
    ----------
    stubborn
        ``(R,)`` how often each demand found no place, at least 1 at the start: whom to
        throw out is chosen by the least sum of these, so that no demand is given up.
    temperature
        Of the shaking between ejections [bit/s].

    Notes
    -----
    The ejection rule of Y. Nagata and O. Braysy, Operations Research Letters 37, 333
    (2009), carried over from vehicles to demands.
    """
    for _ in range(attempts):
        demand = _random_unserved(network, state, random)
        if demand == UNSERVED:
            return
        if _put_in(network, state, move, random, demand):
            continue
        if _swap_in(network, state, move, random, demand):
            continue
        stubborn[demand] += 1.0
        _force_in(network, state, move, random, stubborn, demand)
        anneal(network, state, move, random, _SHAKE_MOVES, temperature, temperature)


@inner
def _random_unserved(network: Network, state: State, random: SeedArray) -> int:
    """Pick an unserved demand that has a route; ``UNSERVED`` if there is none."""
    seen, chosen = 0, UNSERVED
    for r in range(len(state.path)):
        if state.path[r] == UNSERVED and network.paths[r] > 0:
            seen += 1
            if below(random, seen) == 0:
                chosen = r
    return chosen


@outlined
def _put_in(
    network: Network, state: State, move: Move, random: SeedArray, demand: int
) -> bool:
    """Serve a demand where it costs the others least; false if no place is legal."""
    if network.width[demand] > 1:
        return _put_in_wide(network, state, move, random, demand)
    best, best_path, best_channel = ILLEGAL, 0, 0
    for path in _paths_of(network, demand):
        for channel in range(network.path_open.shape[1]):
            if not network.path_open[path, channel]:
                continue
            if not path_is_free(network, state, path, channel, DARK):
                continue
            begin(move)
            add_change(move, demand, 0, UNSERVED, 0, path, channel)
            gain = apply(network, state, move)
            if gain == ILLEGAL:
                continue
            take_back(network, state, move)
            if gain > best:
                best, best_path, best_channel = gain, path, channel
    if best == ILLEGAL:
        return False
    begin(move)
    add_change(move, demand, 0, UNSERVED, 0, best_path, best_channel)
    keep(network, state, move, apply(network, state, move))
    return True


@inner
def _paths_of(network: Network, demand: int) -> range:
    first = network.first_path[demand]
    return range(first, first + network.paths[demand])


@inner
def _put_in_wide(
    network: Network, state: State, move: Move, random: SeedArray, demand: int
) -> bool:
    """Serve a demand of several channels on the first legal one of some random sets."""
    for path in _paths_of(network, demand):
        for _ in range(_SAMPLES_PER_PATH):
            found = find_open_channels(network, state, move, path, DARK, DARK)
            begin(move)
            if not add_random_lightpaths(network, state, move, random, demand, path, found):
                break
            gain = apply(network, state, move)
            if gain != ILLEGAL:
                keep(network, state, move, gain)
                return True
    return False


@outlined
def _swap_in(
    network: Network, state: State, move: Move, random: SeedArray, demand: int
) -> bool:
    """Serve a demand of one channel by swapping two channels along a chain."""
    channels = network.path_open.shape[1]
    if network.width[demand] > 1 or channels < 2:
        return False
    for _ in range(_SWAP_TRIES):
        path = network.first_path[demand] + below(random, network.paths[demand])
        channel = below(random, channels)
        partner = (channel + 1 + below(random, channels - 1)) % channels
        if kempe_move(network, state, move, demand, 0, path, channel, partner):
            gain = apply(network, state, move)
            if gain != ILLEGAL:
                keep(network, state, move, gain)
                return True
    return False


@outlined
def _force_in(
    network: Network, state: State, move: Move, random: SeedArray,
    stubborn: FloatArray, demand: int,
) -> bool:  # fmt: skip
    """Serve a demand in place of those that are least stubborn together."""
    for attempt in range(_EJECTION_TRIES):
        # Later tries look further afield: the cheapest may be illegal again and again.
        noise = 0.25 * attempt * stubborn[demand]
        path = _cheapest_path(network, state, move, random, stubborn, demand, noise)
        if path == UNSERVED:
            return False
        begin(move)
        for slot in range(network.width[demand]):
            _eject_holders(network, state, move, path, move.chosen[slot])
        for slot in range(network.width[demand]):
            add_change(move, demand, slot, UNSERVED, 0, path, move.chosen[slot])
        gain = apply(network, state, move)
        if gain != ILLEGAL:
            keep(network, state, move, gain)
            return True
    return False


@inner
def _cheapest_path(
    network: Network, state: State, move: Move, random: SeedArray,
    stubborn: FloatArray, demand: int, noise: float,
) -> int:  # fmt: skip
    """Find the path whose cheapest channels cost least; they come in ``chosen``."""
    best, best_path = math.inf, UNSERVED
    for path in _paths_of(network, demand):
        _price_channels(network, state, move, random, stubborn, path, noise)
        cost = 0.0
        for slot in range(network.width[demand]):
            cheapest = move.cost.argmin()
            cost += move.cost[cheapest]
            move.cost[cheapest] = math.inf
            move.open_channels[slot] = cheapest
        if cost < best:
            best, best_path = cost, path
            for slot in range(network.width[demand]):
                move.chosen[slot] = move.open_channels[slot]
    return best_path


@inner
def _price_channels(
    network: Network, state: State, move: Move, random: SeedArray,
    stubborn: FloatArray, path: int, noise: float,
) -> None:  # fmt: skip
    """Price each channel along a path at the stubbornness of its holders, plus noise."""
    for channel in range(network.path_open.shape[1]):
        cost = noise * uniform(random) + 1e-6 * uniform(random)
        move.stamp[0] += 1
        for h in range(network.path_hops[path]):
            fibre = network.fibre[network.path_way[path, h]]
            holder = state.holder[network.path_link[path, h], fibre, channel]
            if holder != DARK and move.marked[holder] != move.stamp[0]:
                move.marked[holder] = move.stamp[0]
                cost += stubborn[holder]
        move.cost[channel] = cost if network.path_open[path, channel] else math.inf


@inner
def _eject_holders(network: Network, state: State, move: Move, path: int, channel: int) -> None:
    """Take out whoever holds the channel along a path and is not out yet."""
    for h in range(network.path_hops[path]):
        fibre = network.fibre[network.path_way[path, h]]
        holder = state.holder[network.path_link[path, h], fibre, channel]
        if holder != DARK and move.marked[holder] != move.stamp[0]:
            move.marked[holder] = move.stamp[0]
            add_ejection(network, state, move, holder)
