"""Routes over links with QKD alone, where a demand requires key and no candidate route is one."""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.conflicts.groups import Groups, numbers
from qkdopt.conflicts.phrases import names_of, route_name
from qkdopt.instance import Instance
from qkdopt.problem import Problem
from qkdopt.problem.routes import Route, RouteFinder

# Largest number of candidate routes that an instance may have.
MAX_ROUTES = 100


def advice_of(problem: Problem, conflict: Groups) -> Iterator[str]:
    """Yield, for each demand of a conflict that requires key, the ``routes.k`` that reaches it.

    Only where every candidate route crosses a link without QKD though another route does not.
    """
    instance = problem.instance
    if instance.qkd.relay == "widest":
        return  # key does not go along the lightpath's route
    for r in sorted(numbers(conflict, "floor")):
        own = problem.routes[r]
        if not own or any(_has_qkd(instance, route) for route in own):
            continue
        demand = instance.demands[r]
        routes = RouteFinder(instance).shortest(demand.source, demand.target, MAX_ROUTES)
        for k, route in enumerate(routes, start=1):
            if _has_qkd(instance, route):
                yield (
                    f"route {route_name(route)} of {route.length_km:g} km keeps to links with QKD: "
                    f"with routes.k = {k} in place of {instance.routes.k} it is a candidate of "
                    f"{names_of(problem, [r])}"
                )
                break
        else:
            if len(routes) < MAX_ROUTES:
                yield f"no route of {names_of(problem, [r])} keeps to links with QKD"


def _has_qkd(instance: Instance, route: Route) -> bool:
    return all(instance.network.links[e].qkd for e in route.links)
