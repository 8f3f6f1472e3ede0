"""What a search changes: lit channels, noise, key rates, and the move being tried."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qkdopt.plan import BLOCKED, Plan, tuned
from qkdopt.problem import Problem
from qkdopt.state.network import Network
from qkdopt.tables import BoolArray, IntArray
from qkdopt.units import FloatArray

DARK = -1
UNSERVED = -1


class State(NamedTuple):
    """Lightpaths and everything that follows from them.

    Parameters
    ----------
    holder
        ``(E, 2, W)`` demand that lights the channel of a link's fibre, or ``DARK``.
    noise, blockers
        ``(E, Q)`` noise per gate, and lit channels in the guard band, of each candidate.
    rate_bps
        ``(E,)`` key rate of each link at its best legal candidate; 0 without QKD.
    path, channel
        ``(R,)`` and ``(R, B)`` route of each demand (or ``UNSERVED``) and its channels.
    demand_bps
        ``(R,)`` key rate of each served demand; 0 otherwise.
    best_path, best_channel
        The best lightpaths seen.
    totals
        ``(5,)``: energy, score, best score, reference and scale of the utility.
    counts
        ``(4,)``: demands served, served by the best, moves tried, moves taken.
    """

    holder: IntArray
    noise: FloatArray
    blockers: IntArray
    rate_bps: FloatArray
    path: IntArray
    channel: IntArray
    demand_bps: FloatArray
    best_path: IntArray
    best_channel: IntArray
    totals: FloatArray
    counts: IntArray


ENERGY, SCORE, BEST_SCORE, REFERENCE, SCALE = range(5)
SERVED, BEST_SERVED, TRIED, TAKEN = range(4)


class Move(NamedTuple):
    """One move as a list of lightpath changes, and what undoing it needs.

    Parameters
    ----------
    change
        ``(M, 6)`` demand, slot, path before, channel before, path after, channel after;
        the path before is ``UNSERVED`` for a lightpath that appears, the path after for
        one that goes.
    size
        ``(4,)``: changes, links touched, demands touched, changes placed.
    touched, touched_before
        ``(E,)`` links in order of touching; key rate before, by link.
    noise_before, blockers_before
        ``(E, Q)`` by link.
    is_touched
        ``(E,)`` whether the link is on the list.
    rated, rated_before, is_rated, was_served
        ``(R,)`` the same for demands and their key rates.
    marked
        ``(R,)`` stamp of the last move that put the demand into its chain.
    stamp
        ``(1,)`` number of the move.
    open_channels, chosen, cost
        ``(W,)`` scratch of a search for channels.
    relay_bps, part, order
        ``(N, N)``, ``(N,)``, ``(E,)`` scratch of the widest relay.
    """

    change: IntArray
    size: IntArray
    touched: IntArray
    touched_before: FloatArray
    noise_before: FloatArray
    blockers_before: IntArray
    is_touched: BoolArray
    rated: IntArray
    rated_before: FloatArray
    is_rated: BoolArray
    was_served: BoolArray
    marked: IntArray
    stamp: IntArray
    open_channels: IntArray
    chosen: IntArray
    cost: FloatArray
    relay_bps: FloatArray
    part: IntArray
    order: IntArray


CHANGES, LINKS, DEMANDS, PLACED = range(4)


def empty_state(network: Network) -> State:
    """State with no channel lit; link rates are left for the first refresh."""
    links, _, channels, candidates = network.noise.shape
    demands = len(network.width)
    widest = int(network.width.max(initial=1))
    return State(
        holder=np.full((links, 2, channels), DARK, dtype=np.int64),
        noise=network.floor.copy(),
        blockers=np.zeros((links, candidates), dtype=np.int64),
        rate_bps=np.zeros(links),
        path=np.full(demands, UNSERVED, dtype=np.int64),
        channel=np.zeros((demands, widest), dtype=np.int64),
        demand_bps=np.zeros(demands),
        best_path=np.full(demands, UNSERVED, dtype=np.int64),
        best_channel=np.zeros((demands, widest), dtype=np.int64),
        totals=np.array([0.0, -np.inf, -np.inf, 0.0, 1.0]),
        counts=np.array([0, -1, 0, 0], dtype=np.int64),
    )


def empty_move(network: Network) -> Move:
    """Scratch arrays for the moves of one search."""
    links, _, channels, candidates = network.noise.shape
    demands = len(network.width)
    return Move(
        change=np.zeros((int(network.width.sum()) + 1, 6), dtype=np.int64),
        size=np.zeros(4, dtype=np.int64),
        touched=np.zeros(links, dtype=np.int64),
        touched_before=np.zeros(links),
        noise_before=np.zeros((links, candidates)),
        blockers_before=np.zeros((links, candidates), dtype=np.int64),
        is_touched=np.zeros(links, dtype=np.bool_),
        rated=np.zeros(demands, dtype=np.int64),
        rated_before=np.zeros(demands),
        is_rated=np.zeros(demands, dtype=np.bool_),
        was_served=np.zeros(demands, dtype=np.bool_),
        marked=np.zeros(demands, dtype=np.int64),
        stamp=np.zeros(1, dtype=np.int64),
        open_channels=np.zeros(channels, dtype=np.int64),
        chosen=np.zeros(channels, dtype=np.int64),
        cost=np.zeros(channels),
        relay_bps=np.zeros((network.nodes, network.nodes)),
        part=np.zeros(network.nodes, dtype=np.int64),
        order=np.arange(links, dtype=np.int64),
    )


def load_plan(network: Network, state: State, plan: Plan) -> None:
    """Put the lightpaths of a plan into an empty state, the rates left for a refresh."""
    for r, (number, channels) in enumerate(zip(plan.routes, plan.channels, strict=True)):
        if number == BLOCKED:
            continue
        state.path[r] = network.first_path[r] + number
        state.channel[r, : len(channels)] = channels


def best_plan(problem: Problem, network: Network, state: State) -> Plan:
    """Return the best lightpaths seen as a plan, every link at its best candidate."""
    return _plan(problem, network, state.best_path, state.best_channel)


def current_plan(problem: Problem, network: Network, state: State) -> Plan:
    """Return the present lightpaths as a plan, every link at its best candidate."""
    return _plan(problem, network, state.path, state.channel)


def _plan(problem: Problem, network: Network, path: IntArray, channel: IntArray) -> Plan:
    routes: list[int] = []
    channels: list[tuple[int, ...]] = []
    for r, p in enumerate(path.tolist()):
        served = p != UNSERVED
        routes.append(p - int(network.first_path[r]) if served else BLOCKED)
        lit = sorted(channel[r, : network.width[r]].tolist()) if served else []
        channels.append(tuple(lit))
    return tuned(problem, routes, channels)
