"""A routing problem laid out for compiled code: demands, paths, and key rates by load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.heuristics.annealing.arrays import NONE, OBJECTIVE_CODE, need_arrays
from qkdopt.heuristics.route_annealing.triples import crossings
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray
from qkdopt.problem.load_states import LinkStates, co_direction
from qkdopt.problem.network_tables import hops_of
from qkdopt.problem.plan import BLOCKED, Plan
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class RoutingArrays:
    """Demands and their paths, and what a link's load lets it have.

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
        ``(H, 2)`` link, and 0 co-propagating or 1 counter-propagating with its quantum signal.
    crosses
        ``(P, 2 E)`` fibres that each path crosses.
    room
        Channels that may be lit anywhere.
    rate_of_load
        ``(E, M, M)`` best key rate of a link that carries (m0, m1) lightpaths [bit/s].
    excess_of_load
        ``(E, M, M)`` lightpaths by which a load is beyond what fits on the link.
    needs, order
        As in :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    objective
        Code of the objective.
    """

    demands: IntArray
    min_skr: FloatArray
    path_start: IntArray
    hops: IntArray
    crosses: BoolArray
    room: int
    rate_of_load: FloatArray
    excess_of_load: IntArray
    needs: FloatArray
    order: IntArray
    objective: int


def routing_arrays(problem: Problem) -> RoutingArrays:
    """Lay out a problem."""
    demands = problem.instance.demands
    ends = np.cumsum([0, *(len(routes) for routes in problem.routes)])
    lightpaths = [demand.channels for demand in demands]
    must_serve = [int(problem.must_serve(r)) for r in range(len(demands))]
    path_start, hops = hops_of(problem.routes)
    co = np.array([co_direction(problem.tables, e) for e in range(problem.tables.usable.shape[0])])
    direction = (hops[:, 1] != co[hops[:, 0]]).astype(np.int64)
    rate, excess = load_tables(problem)
    needs, order = need_arrays(problem)
    return RoutingArrays(
        demands=np.array([ends[:-1], ends[1:], lightpaths, must_serve], dtype=np.int64).T.copy(),
        min_skr=np.array([demand.min_skr_bps or 0.0 for demand in demands], dtype=np.float64),
        path_start=path_start,
        hops=np.column_stack([hops[:, 0], direction]).astype(np.int64),
        crosses=crossings(path_start, 2 * hops[:, 0] + hops[:, 2], 2 * len(co)),
        room=int(problem.tables.usable.any(axis=(0, 1)).sum()),
        rate_of_load=rate,
        excess_of_load=excess,
        needs=needs,
        order=order,
        objective=OBJECTIVE_CODE[problem.objective],
    )


def load_tables(problem: Problem) -> tuple[FloatArray, IntArray]:
    """``(E, M, M)`` best key rate of every link at every load [bit/s], and how far it is too high.

    The rates are those of :func:`qkdopt.problem.load_states.link_states`: no choice of channels
    gives the link more.
    """
    size = 1 + max(int(states.loads.max(initial=0)) for states in problem.load_states)
    rate = np.zeros((len(problem.load_states), size, size))
    excess = np.zeros(rate.shape, dtype=np.int64)
    for e, states in enumerate(problem.load_states):
        rate[e, states.loads[:, 0], states.loads[:, 1]] = states.rate_bps
        excess[e] = _excess(states, size)
    return rate, excess


def _excess(states: LinkStates, size: int) -> IntArray:
    """``(size, size)`` fewest lightpaths to take off until a load is a state of the link."""
    excess = np.full((size, size), 2 * size, dtype=np.int64)
    excess[states.loads[:, 0], states.loads[:, 1]] = 0
    for axis in (0, 1):
        rows = excess.swapaxes(0, axis)
        for m in range(1, size):
            np.minimum(rows[m], rows[m - 1] + 1, out=rows[m])
    return excess


def paths_of(plan: Plan, arrays: RoutingArrays) -> IntArray:
    """``(R,)`` path of each demand in a plan; -1 when blocked."""
    routes = np.array(plan.routes, dtype=np.int64)
    return np.where(routes == BLOCKED, NONE, arrays.demands[:, 0] + routes)
