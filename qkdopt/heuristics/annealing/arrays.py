"""A problem laid out for compiled code, and the state that a search changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.heuristics.annealing.key_score import KEY_DELIVERED, KEY_FACTOR, KEY_SERVED
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.network_tables import guard_blocks, hops_of
from qkdopt.problem.plan import BLOCKED, Plan, tune_working_channels
from qkdopt.result import Objective
from qkdopt.units import FloatArray

OBJECTIVE_CODE: dict[Objective, int] = {
    "mean": 0,
    "max-min": 1,
    "link-sum": 2,
    "key-factor": KEY_FACTOR,
    "key-delivered": KEY_DELIVERED,
    "key-served": KEY_SERVED,
}
NONE = -1


@dataclass(frozen=True)
class SearchArrays:
    """A problem as arrays. A *path* is one candidate route of one demand.

    Parameters
    ----------
    demands
        ``(R, 4)`` first path, end of paths, and channels of each demand, and 1 where it is in
        place and has to be served, else 0.
    min_skr
        ``(R,)`` minimum key rate of each demand [bit/s]; 0 without one.
    path_start
        ``(P + 1,)`` hops of path p are ``hops[path_start[p]:path_start[p + 1]]``.
    hops
        ``(H, 3)`` link, direction of travel, and row of the fibre in the occupancy.
    usable
        ``(P, W)`` the demand may light the channel on every hop of the path.
    noise
        ``(E, 2, W, Q)`` noise clicks per gate of one lightpath at each candidate.
    blocks
        ``(E, 2, W, Q)`` 1 where the channel lies in the guard band of the candidate.
    groups
        ``(E, Q)`` candidates of equal transmittance share a group: among them the least
        noise is the highest rate. -1 beyond a link's candidates.
    transmittance
        ``(E, G)`` of each group.
    background_noise
        ``(E, Q)`` noise clicks per gate with no channel lit.
    rate
        ``(E, 13)`` parameters of the key rate, for
        :func:`qkdopt.physics.compiled_keyrate.key_rate`.
    table
        ``(S, L, N)`` key rates in place of the equations, for the same; empty without any.
    needs
        ``(R, 2)`` key that each demand asks for, and what meeting that adds to the objective
        ``key-served`` [bit/s].
    order
        ``(R,)`` the order in which that objective meets demands: of least need over the fewest
        hops for what they are worth, first.
    objective
        Code of the objective.
    """

    demands: IntArray
    min_skr: FloatArray
    path_start: IntArray
    hops: IntArray
    usable: IntArray
    noise: FloatArray
    blocks: IntArray
    groups: IntArray
    transmittance: FloatArray
    background_noise: FloatArray
    rate: FloatArray
    table: FloatArray
    needs: FloatArray
    order: IntArray
    objective: int


def build_arrays(problem: Problem) -> SearchArrays:
    """Lay out a problem."""
    tables, instance = problem.tables, problem.instance
    counts = [len(routes) for routes in problem.routes]
    ends = np.cumsum([0, *counts])
    path_start, hops = hops_of(problem.routes)
    # The row of a fibre in the occupancy, in place of its number on the link.
    hops[:, 2] += 2 * hops[:, 0]
    usable = np.array(
        [
            problem.open_channels(r, path)
            for r, routes in enumerate(problem.routes)
            for path in routes
        ],
        dtype=np.int64,
    ).reshape(int(ends[-1]), tables.usable.shape[2])
    groups, transmittance = _groups(problem)
    rate, table = tables.key_rate_arguments()
    min_skr = [demand.min_skr_bps or 0.0 for demand in instance.demands]
    lightpath_counts = [demand.channels for demand in instance.demands]
    must_serve = [int(problem.must_serve(r)) for r in range(len(instance.demands))]
    needs, order = need_arrays(problem)
    return SearchArrays(
        demands=np.array(
            [ends[:-1], ends[1:], lightpath_counts, must_serve], dtype=np.int64
        ).T.copy(),
        min_skr=np.array(min_skr, dtype=np.float64),
        path_start=path_start,
        hops=hops,
        usable=usable,
        noise=np.ascontiguousarray(tables.noise),
        blocks=np.ascontiguousarray(guard_blocks(tables)).astype(np.int64),
        groups=groups,
        transmittance=transmittance,
        background_noise=np.ascontiguousarray(tables.background_noise),
        rate=rate,
        table=table,
        needs=needs,
        order=order,
        objective=OBJECTIVE_CODE[problem.objective],
    )


def need_arrays(problem: Problem) -> tuple[FloatArray, IntArray]:
    """``(R, 2)`` what demands ask for [bit/s], and ``(R,)`` the order in which they are met."""
    needs = problem.needs
    value = needs.weight * (needs.total_bps / max(float(needs.weight.sum()), 1e-300))
    hops = np.array([
        min((len(route.hops) for route in routes), default=0) for routes in problem.routes
    ])  # fmt: skip
    cost = needs.rate_bps * hops / np.maximum(value, 1e-300)
    return np.column_stack([needs.rate_bps, value]), np.argsort(cost, kind="stable")


def _groups(problem: Problem) -> tuple[IntArray, FloatArray]:
    tables = problem.tables
    shape = tables.transmittance.shape
    groups = np.full(shape, NONE, dtype=np.int64)
    transmittance = np.zeros(shape)
    for e in range(shape[0]):
        known: list[float] = []
        for c in range(tables.candidate_count[e]):
            eta = float(tables.transmittance[e, c])
            if eta not in known:
                known.append(eta)
            groups[e, c] = known.index(eta)
        transmittance[e, : len(known)] = known
    return groups, transmittance


@dataclass(frozen=True)
class SearchState:
    """What a search changes. A *lightpath* has the number ``demand * B + slot``.

    Parameters
    ----------
    path
        ``(R,)`` path of each demand; -1 when blocked.
    channel
        ``(R, B)`` channel of each slot; -1 where unused.
    occupant
        ``(2 E, W)`` lightpath on each channel of each fibre; -1 when dark.
    noise
        ``(E, Q)`` noise clicks per gate, kept incrementally.
    blockers
        ``(E, Q)`` lit channels in the guard band of each candidate.
    link_rate
        ``(E,)`` key rate at the best legal candidate [bit/s]; -1 where none is legal.
    drawn
        ``(E,)`` key that is drawn of each link [bit/s], for objectives about shared keys.
    best_path, best_channel
        The best lightpaths so far.
    figures
        ``(4,)`` current score and number served, best score and number served.
    random
        ``(1,)`` state of the random number generator.
    """

    path: IntArray
    channel: IntArray
    occupant: IntArray
    noise: FloatArray
    blockers: IntArray
    link_rate: FloatArray
    drawn: FloatArray
    best_path: IntArray
    best_channel: IntArray
    figures: FloatArray
    random: np.ndarray[tuple[int], np.dtype[np.uint64]]


def new_state(arrays: SearchArrays, plan: Plan, seed: int) -> SearchState:
    """Lay out the lightpaths of a plan; noise, occupancy and rates are those of none.

    :func:`qkdopt.heuristics.annealing.kernel.rebuild` computes them from the lightpaths.

    Parameters
    ----------
    arrays
        The problem as arrays.
    plan
        Plan of the same problem.
    seed
        Random seed of the moves.
    """
    links, _, width, candidates = arrays.noise.shape
    slots = int(arrays.demands[:, 2].max(initial=1))
    path = np.full(len(plan.routes), NONE, dtype=np.int64)
    channel = np.full((len(plan.routes), slots), NONE, dtype=np.int64)
    for r, number in enumerate(plan.routes):
        if number != BLOCKED:
            path[r] = arrays.demands[r, 0] + number
            channel[r, : len(plan.channels[r])] = plan.channels[r]
    return SearchState(
        path=path,
        channel=channel,
        occupant=np.full((2 * links, width), NONE, dtype=np.int64),
        noise=np.zeros((links, candidates)),
        blockers=np.zeros((links, candidates), dtype=np.int64),
        link_rate=np.zeros(links),
        drawn=np.zeros(links),
        best_path=path.copy(),
        best_channel=channel.copy(),
        figures=np.zeros(4),
        random=random_state(seed),
    )


def random_state(seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """``(1,)`` first state of the random number generator."""
    # SplitMix64's increment: seeds 0, 1, 2, ... start far apart and never at zero.
    mixed = ((seed + 1) * 0x9E3779B97F4A7C15) % 2**64 or 1
    return np.array([mixed], dtype=np.uint64)


def plan_of_state(problem: Problem, arrays: SearchArrays, state: SearchState) -> Plan:
    """Read the best lightpaths of a search as a plan.

    Parameters
    ----------
    problem
        The problem.
    arrays
        The same problem as arrays.
    state
        State of the search.
    """
    routes, channels = [], []
    for r in range(len(arrays.demands)):
        path = int(state.best_path[r])
        routes.append(BLOCKED if path == NONE else path - int(arrays.demands[r, 0]))
        used = state.best_channel[r, : arrays.demands[r, 2]] if path != NONE else ()
        channels.append(tuple(sorted(int(w) for w in used)))
    return tune_working_channels(problem, routes, channels)
