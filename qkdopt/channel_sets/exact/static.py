"""The value of a set on a list of demands: that of the best assignment of a short search."""

from __future__ import annotations

from typing import NamedTuple

from qkdopt.heuristics import ds_qkd_synergistic, local_search
from qkdopt.instance import Instance
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import BLOCKED, Plan, assess

# Moves of one chunk of the compiled search: some tens of milliseconds.
MOVES = 20_000


class StaticValue(NamedTuple):
    """Value of a set on a list of demands; mean per request is ``skr_sum_bps / requests``.

    Parameters
    ----------
    requests, served
        Demands in the list, and served by the assignment found.
    skr_sum_bps
        Sum of the served demands' key rates [bit/s].
    without_key
        Served demands without key.
    """

    requests: int
    served: int
    skr_sum_bps: float
    without_key: int


def static_value(instance: Instance, *, seed: int, moves: int = MOVES) -> StaticValue:
    """Assign the demands of an instance as well as so many moves allow.

    The same seed and number of moves give the same value, on every machine.

    Parameters
    ----------
    instance
        Network, candidates and demands.
    seed
        Of the search.
    moves
        Moves of the search.
    """
    return assigned_value(build_problem(instance), seed=seed, moves=moves)


def assigned_value(problem: Problem, *, seed: int, moves: int = MOVES) -> StaticValue:
    """Assign the demands of a problem as well as so many moves allow.

    Parameters
    ----------
    problem
        The problem.
    seed
        Of the search.
    moves
        Moves of the search.
    """
    plan = static_plan(problem, seed=seed, moves=moves)
    exact = assess(problem, plan)
    served = [r for r, route in enumerate(plan.routes) if route != BLOCKED]
    rates = exact.demand_skr_bps[served]
    return StaticValue(
        requests=len(plan.routes),
        served=len(served),
        skr_sum_bps=float(rates.sum()),
        without_key=int((rates <= 0.0).sum()),
    )


def static_plan(problem: Problem, *, seed: int, moves: int = MOVES) -> Plan:
    """Assign by least harm, demand by demand, and improve that by the compiled search.

    Parameters
    ----------
    problem
        The problem.
    seed
        Of the search.
    moves
        Moves of the search.
    """
    return local_search(problem, seed=seed, moves=moves, start=ds_qkd_synergistic(problem))
