"""Moves of the search, each written as a list of lightpath changes.

A Kempe move lights a channel that others hold by sending them to the channel the mover
leaves, whose holders come over in return, and so on until no clash is left: two channels
swap along one connected chain of lightpaths.
"""

from __future__ import annotations

from qkdopt.state.compiled import inner, outlined
from qkdopt.state.links import path_is_free
from qkdopt.state.moving import add_change, begin
from qkdopt.state.network import Network
from qkdopt.state.prng import SeedArray, below
from qkdopt.state.search_state import CHANGES, DARK, UNSERVED, Move, State

# Longer chains recolour half the network: they cost most and are almost never taken.
LONGEST_CHAIN = 24


@outlined
def kempe_move(
    network: Network, state: State, move: Move, demand: int, slot: int,
    path: int, channel: int, partner: int,
) -> bool:  # fmt: skip
    """Write the move of one lightpath to a path and channel; false if it cannot be closed.

    Parameters
    ----------
    demand, slot
        Whose lightpath; an unserved demand (of one channel) is put in.
    path, channel
        Where it goes. A demand of several channels keeps its path.
    partner
        The channel that swaps with ``channel``: its own one, if it is served.
    """
    begin(move)
    move.marked[demand] = move.stamp[0]
    before = state.path[demand]
    add_change(move, demand, slot, before, partner, path, channel)
    if channel == partner:
        open_there = network.path_open[path, channel]
        return open_there and path_is_free(network, state, path, channel, demand)
    if not _push_holders(network, state, move, path, channel, partner, demand):
        return False
    done = 1
    while done < move.size[CHANGES]:
        row = move.change[done]
        if move.size[CHANGES] > LONGEST_CHAIN:
            return False
        if not _push_holders(network, state, move, row[2], row[5], row[3], demand):
            return False
        done += 1
    return True


@inner
def _push_holders(
    network: Network, state: State, move: Move, path: int, channel: int, other: int, mover: int
) -> bool:
    """Send whoever holds the channel along a path to the other channel.

    False where one of them may not go there, or would meet the mover's new lightpath. The
    mover's own lightpath on the channel is leaving.
    """
    if not network.path_open[path, channel]:
        return False
    for h in range(network.path_hops[path]):
        e = network.path_link[path, h]
        fibre = network.fibre[network.path_way[path, h]]
        holder = state.holder[e, fibre, channel]
        if holder in (DARK, mover) or move.marked[holder] == move.stamp[0]:
            continue
        slot = slot_of(network, state, holder, channel)
        if network.width[holder] > 1 and slot_of(network, state, holder, other) >= 0:
            return False
        move.marked[holder] = move.stamp[0]
        home = state.path[holder]
        if other == move.change[0, 5] and _paths_meet(network, home, move.change[0, 4]):
            return False
        add_change(move, holder, slot, home, channel, home, other)
    return True


@inner
def _paths_meet(network: Network, one: int, other: int) -> bool:
    """Whether two paths use the same fibre of a link."""
    for h in range(network.path_hops[one]):
        for i in range(network.path_hops[other]):
            if network.path_link[one, h] == network.path_link[other, i]:
                way, other_way = network.path_way[one, h], network.path_way[other, i]
                if network.fibre[way] == network.fibre[other_way]:
                    return True
    return False


@inner
def slot_of(network: Network, state: State, demand: int, channel: int) -> int:
    """Which of a demand's lightpaths is on the channel; -1 if none."""
    for slot in range(network.width[demand]):
        if state.channel[demand, slot] == channel:
            return slot
    return -1


@outlined
def find_open_channels(
    network: Network, state: State, move: Move, path: int, one: int, other: int
) -> int:
    """List the channels along a path that only two given demands (or ``DARK``) hold."""
    count = 0
    for channel in range(network.path_open.shape[1]):
        if not network.path_open[path, channel]:
            continue
        free = True
        for h in range(network.path_hops[path]):
            fibre = network.fibre[network.path_way[path, h]]
            holder = state.holder[network.path_link[path, h], fibre, channel]
            if holder not in (DARK, one, other):
                free = False
                break
        if free:
            move.open_channels[count] = channel
            count += 1
    return count


@inner
def add_random_lightpaths(
    network: Network, state: State, move: Move, random: SeedArray,
    demand: int, path: int, found: int,
) -> bool:  # fmt: skip
    """Put all lightpaths of a demand on random ones of the channels just found."""
    width = network.width[demand]
    if found < width:
        return False
    before = state.path[demand]
    for slot in range(width):
        pick = slot + below(random, found - slot)
        chosen = move.open_channels[pick]
        move.open_channels[pick] = move.open_channels[slot]
        move.open_channels[slot] = chosen
        add_change(move, demand, slot, before, state.channel[demand, slot], path, chosen)
    return True


@inner
def add_ejection(network: Network, state: State, move: Move, demand: int) -> None:
    """Take a served demand out."""
    path = state.path[demand]
    for slot in range(network.width[demand]):
        channel = state.channel[demand, slot]
        add_change(move, demand, slot, path, channel, UNSERVED, channel)


@outlined
def reroute_move(
    network: Network, state: State, move: Move, random: SeedArray, demand: int
) -> bool:
    """Write the move of a whole demand to a random path and random free channels of it."""
    begin(move)
    path = network.first_path[demand] + below(random, network.paths[demand])
    found = find_open_channels(network, state, move, path, demand, demand)
    return add_random_lightpaths(network, state, move, random, demand, path, found)


@outlined
def exchange_move(
    network: Network, state: State, move: Move, random: SeedArray, unserved: int, served: int
) -> bool:
    """Write the move that serves one demand in place of another."""
    begin(move)
    path = network.first_path[unserved] + below(random, network.paths[unserved])
    found = find_open_channels(network, state, move, path, served, served)
    add_ejection(network, state, move, served)
    return add_random_lightpaths(network, state, move, random, unserved, path, found)
