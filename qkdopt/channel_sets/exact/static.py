"""The value of a set on a list of demands: that of the best assignment of a short search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qkdopt.heuristics import ds_qkd_synergistic, local_search
from qkdopt.instance import Instance
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import BLOCKED, Assessment, Plan, assess

# Moves of one chunk of the compiled search: some tens of milliseconds.
MOVES = 20_000


class StaticValue(NamedTuple):
    """Value of a set on a list of demands; mean per request is ``skr_sum_bps / requests``.

    Parameters
    ----------
    requests, served
        Demands in the list, and served by the assignment found.
    skr_sum_bps
        Sum of the served demands' key rates [bit/s]; where keys are shared what the objective
        counts of all needs.
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
    shared = exact.asking is not None
    return StaticValue(
        requests=len(plan.routes),
        served=len(served),
        skr_sum_bps=_counted_bps(problem, plan, exact) if shared else float(rates.sum()),
        without_key=exact.without_key,
    )


def _counted_bps(problem: Problem, plan: Plan, exact: Assessment) -> float:
    """Value of shared keys [bit/s]: of a factor only what demands with lightpaths ask for counts.

    A set that serves fewer demands would gain by it otherwise.
    """
    if problem.objective != "key-factor":
        return exact.objective_bps
    served = np.array([route != BLOCKED for route in plan.routes], dtype=np.bool_)
    needs = problem.needs
    return exact.objective_bps * float(needs.rate_bps[served].sum()) / needs.total_bps


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
