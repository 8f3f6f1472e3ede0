"""The plan that a run starts from."""

from __future__ import annotations

from collections.abc import Sequence

from qkdopt.checker import check
from qkdopt.checker.lightpaths import validate_lightpaths
from qkdopt.errors import ResultError
from qkdopt.optimize.record import saved_plan_of
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan
from qkdopt.problem.routes import Route, route_over
from qkdopt.result import AnyPlan, Result


def plan_of_start(problem: Problem, start: AnyPlan) -> Plan:
    """Return the plan of an earlier result, every link at its best working channel.

    A run returns nothing worse than its start: one that breaks a rule would win for that.

    Raises
    ------
    ResultError
        The start is of another instance, takes routes that are no candidates, or breaks a rule.
    """
    instance = problem.instance
    saved = start.plan() if isinstance(start, Result) else start
    if saved.instance.sha256 == instance.sha256():
        _refuse(start, list(validate_lightpaths(instance, saved)))
    plan = plan_of_result(problem, saved)
    _refuse(start, check(instance, saved_plan_of(problem, plan)).faults)
    return plan


def with_routes_of(problem: Problem, result: AnyPlan) -> Problem:
    """Return the problem with a plan's routes listed too, where plans may take any route."""
    if not problem.any_route or result.instance.sha256 != problem.instance.sha256():
        return problem
    instance = problem.instance
    position = {demand.id: r for r, demand in enumerate(instance.demands)}
    link_number = {link.id: e for e, link in enumerate(instance.network.links)}
    more: dict[int, list[Route]] = {}
    for path in result.lightpaths:
        r = position.get(path.demand)
        if r is None or any(link not in link_number for link in path.links):
            continue
        route = route_over(instance, path.route, tuple(link_number[link] for link in path.links))
        ends = instance.demands[r].source, instance.demands[r].target
        fits = route is not None and (route.nodes[0], route.nodes[-1]) == ends
        if route is not None and fits and route not in problem.routes[r]:
            more.setdefault(r, []).append(route)
    return problem.with_routes(more)


def _refuse(start: AnyPlan, faults: Sequence[str]) -> None:
    if faults:
        raise ResultError(start.instance.name, list(faults))
