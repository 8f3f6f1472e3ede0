"""Light on one link: who holds a channel, noise and blockers of every candidate, key rate."""

from __future__ import annotations

from qkdopt.state.compiled import inner
from qkdopt.state.network import Network
from qkdopt.state.rate import key_rate_bps
from qkdopt.state.search_state import DARK, State

NO_LEGAL_CANDIDATE = -1.0


@inner
def path_is_free(network: Network, state: State, path: int, channel: int, demand: int) -> bool:
    """Whether a channel is dark, or held by ``demand``, on every hop of a path."""
    for h in range(network.path_hops[path]):
        e = network.path_link[path, h]
        fibre = network.fibre[network.path_way[path, h]]
        holder = state.holder[e, fibre, channel]
        if holder not in (DARK, demand):
            return False
    return True


@inner
def set_light(
    network: Network, state: State, path: int, channel: int, holder: int, sign: int
) -> None:
    """Light (``sign`` 1) or darken (-1) a channel along a path.

    Adds or takes its noise at every candidate of every link it disturbs, and counts it in
    or out of the guard bands it lies in.
    """
    channels = network.path_open.shape[1]
    for h in range(network.path_hops[path]):
        e, way = network.path_link[path, h], network.path_way[path, h]
        state.holder[e, network.fibre[way], channel] = holder
        if not network.disturbs[e, way]:
            continue
        for q in range(network.candidates[e]):
            state.noise[e, q] += sign * network.noise[e, way, channel, q]
        cell = e * channels + channel
        for i in range(network.guard_start[cell], network.guard_start[cell + 1]):
            state.blockers[e, network.guard_item[i]] += sign


@inner
def best_rate_bps(network: Network, state: State, e: int) -> float:
    """Key rate [bit/s] of a link at its best legal candidate.

    0 for a link without QKD, ``NO_LEGAL_CANDIDATE`` where light lies in the guard band of
    every candidate. Within a run of equal transmittance the least noise is the best.
    """
    count = network.candidates[e]
    if count == 0:
        return 0.0
    best, q = NO_LEGAL_CANDIDATE, 0
    for g in range(network.run_end.shape[1]):
        least, found = 0.0, False
        while q < network.run_end[e, g]:
            if state.blockers[e, q] == 0 and (not found or state.noise[e, q] < least):
                least, found = state.noise[e, q], True
            q += 1
        if found:
            rate = key_rate_bps(least, network.optics[e, g], network.protocol, network.rate_table)
            best = max(best, rate)
    return best
