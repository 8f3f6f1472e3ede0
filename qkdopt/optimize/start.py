"""A plan to start from, read back from an earlier result or a saved plan."""

from __future__ import annotations

from qkdopt.errors import ResultError
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, Plan, tune_working_channels
from qkdopt.result import AnyPlan


def plan_of_result(problem: Problem, result: AnyPlan) -> Plan:
    """Translate recorded lightpaths into a plan over the candidate routes.

    Raises
    ------
    ResultError
        The result is of another instance, or takes routes that are no candidates here.
    """
    instance = problem.instance
    if result.instance.sha256 != instance.sha256():
        raise ResultError(
            result.instance.name,
            [
                f"instance.sha256 = {result.instance.sha256[:12]}...; expected "
                f"{instance.sha256()[:12]}... of {instance.name} (start of another instance?)"
            ],
        )
    position = {demand.id: r for r, demand in enumerate(instance.demands)}
    routes = [BLOCKED] * len(position)
    channels: list[tuple[int, ...]] = [()] * len(position)
    faults = []
    for path in result.lightpaths:
        r = position.get(path.demand)
        names = [] if r is None else _route_names(problem, r)
        if r is None or path.links not in names:
            faults.append(f"lightpaths: demand {path.demand!r} takes no candidate route")
            continue
        routes[r] = names.index(path.links)
        channels[r] = tuple(sorted(path.channels))
    if faults:
        raise ResultError(result.instance.name, faults)
    return tune_working_channels(problem, routes, channels)


def _route_names(problem: Problem, demand: int) -> list[tuple[str, ...]]:
    links = problem.instance.network.links
    return [tuple(links[e].id for e in route.links) for route in problem.routes[demand]]
