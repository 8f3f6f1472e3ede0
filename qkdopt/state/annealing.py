"""Annealing: random moves, taken by Metropolis' rule at a falling temperature."""

from __future__ import annotations

import math

from qkdopt.state.compiled import inner, outlined
from qkdopt.state.kempe import exchange_move, kempe_move, reroute_move, slot_of
from qkdopt.state.moving import ILLEGAL, apply, keep, take_back
from qkdopt.state.network import Network
from qkdopt.state.prng import SeedArray, below, uniform
from qkdopt.state.search_state import SERVED, TRIED, UNSERVED, Move, State

# Share of moves that draw a route too, not only a channel.
_REROUTE_SHARE = 0.5


@outlined
def anneal(
    network: Network, state: State, move: Move, random: SeedArray,
    moves: int, hot: float, cold: float,
) -> None:  # fmt: skip
    """Try moves while the temperature [bit/s] falls geometrically from hot to cold.

    A move that serves one demand more is always taken: served counts first.
    """
    demands = len(state.path)
    temperature, factor = hot, (cold / hot) ** (1.0 / max(1, moves))
    for _ in range(moves):
        temperature *= factor
        state.counts[TRIED] += 1
        served = state.counts[SERVED]
        if not _propose(network, state, move, random, below(random, demands)):
            continue
        lowest = temperature * math.log(max(uniform(random), 1e-300))
        gain = apply(network, state, move)
        if gain == ILLEGAL:
            continue
        if gain >= lowest or state.counts[SERVED] > served:
            keep(network, state, move, gain)
        else:
            take_back(network, state, move)


@inner
def _propose(network: Network, state: State, move: Move, random: SeedArray, demand: int) -> bool:
    """Write a random move that starts from a demand; false if there is none this time."""
    if network.paths[demand] == 0:
        return False
    if state.path[demand] == UNSERVED:
        served = below(random, len(state.path))
        if state.path[served] == UNSERVED:
            return False
        return exchange_move(network, state, move, random, demand, served)
    return _shift(network, state, move, random, demand)


@inner
def _shift(network: Network, state: State, move: Move, random: SeedArray, demand: int) -> bool:
    """Write a random move of a served demand to other channels, or to another path."""
    path, slot = state.path[demand], 0
    reroute = uniform(random) < _REROUTE_SHARE
    if network.width[demand] > 1:
        if reroute:
            return reroute_move(network, state, move, random, demand)
        slot = below(random, network.width[demand])
    elif reroute:
        path = network.first_path[demand] + below(random, network.paths[demand])
    channel = below(random, network.path_open.shape[1])
    if path == state.path[demand] and slot_of(network, state, demand, channel) >= 0:
        return False
    partner = state.channel[demand, slot]
    return kempe_move(network, state, move, demand, slot, path, channel, partner)
