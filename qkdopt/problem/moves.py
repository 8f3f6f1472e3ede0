"""Which demands in place a plan moves, and whether it may."""

from __future__ import annotations

import math

from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, Assessment, Plan, tune_working_channels

# Objectives that differ by no more than this share, or by this much [bit/s], are equal.
EQUAL, EQUAL_BPS = 1e-9, 1e-6
# A rate within this share of the least one is the least one.
ROUNDING = 1e-9


def moved_demands(problem: Problem, plan: Plan) -> tuple[int, ...]:
    """Return the positions of the movable demands that a plan does not leave in place."""
    return tuple(
        r
        for r in problem.movables
        if plan.routes[r] != 0 or tuple(plan.channels[r]) != problem.movable[r]
    )


def keeps_in_place(problem: Problem, plan: Plan, exact: Assessment) -> bool:
    """Whether a plan serves every demand in place with its least key rate, and moves few enough.

    Parameters
    ----------
    problem
        The problem.
    plan
        Plan of the problem.
    exact
        Its assessment.
    """
    if not problem.in_place and not problem.movable:
        return True
    for r in (*problem.staying, *problem.movables):
        least = problem.instance.demands[r].min_skr_bps or 0.0
        if plan.routes[r] == BLOCKED or exact.demand_skr_bps[r] < least * (1.0 - ROUNDING):
            return False
    for r in problem.staying:
        if plan.routes[r] != 0 or tuple(plan.channels[r]) != problem.in_place[r]:
            return False
    limit = problem.moves_limit
    return limit is None or len(moved_demands(problem, plan)) <= limit


def equal_rates(first_bps: float, second_bps: float) -> bool:
    """Whether two objectives are equal but for rounding."""
    return math.isclose(first_bps, second_bps, rel_tol=EQUAL, abs_tol=EQUAL_BPS)


def plan_in_place(problem: Problem) -> Plan:
    """Return the plan of the demands in place alone, none of them moved."""
    routes = [BLOCKED] * len(problem.routes)
    channels: list[tuple[int, ...]] = [()] * len(problem.routes)
    for source in (problem.in_place, problem.movable):
        for r, lit in enumerate(source):
            if lit is not None:
                routes[r], channels[r] = 0, lit
    return tune_working_channels(problem, routes, channels)


def moved_back(problem: Problem, plan: Plan, r: int) -> Plan | None:
    """Return a plan with one demand back in place; None where its channels are taken.

    Parameters
    ----------
    problem
        The problem.
    plan
        Plan that moves the demand.
    r
        Its position.
    """
    own = problem.movable[r]
    assert own is not None  # it is movable
    home = {(hop.link, hop.fibre) for hop in problem.routes[r][0].hops}
    for other, number in enumerate(plan.routes):
        if other == r or number == BLOCKED or not set(plan.channels[other]) & set(own):
            continue
        if home & {(hop.link, hop.fibre) for hop in problem.routes[other][number].hops}:
            return None
    routes, channels = list(plan.routes), list(plan.channels)
    routes[r], channels[r] = 0, own
    return tune_working_channels(problem, routes, channels)
