"""Text of a conflict in the terms of planning; every number is recomputed from the tables.

And advice: routes over links with QKD alone, where a demand requires key and no candidate route is
one.
"""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.conflicts.cut import SECONDS, fibres_on, find_cut
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, build_query
from qkdopt.conflicts.groups import Groups, in_reading_order, numbers, text_of
from qkdopt.conflicts.limits import Fibre, Limits, max_channels
from qkdopt.conflicts.min_skr import MinSkrCase, capacities_of
from qkdopt.conflicts.phrases import (
    channels_left,
    cut_words,
    fibre_name,
    listed,
    names_of,
    route_name,
    routes_of,
)
from qkdopt.instance import Instance
from qkdopt.problem import Problem
from qkdopt.problem.routes import Route, RouteFinder

# Largest number of candidate routes that an instance may have.
MAX_ROUTES = 100


def words_of(
    problem: Problem,
    limits: Limits,
    conflict: Groups,
    *,
    irreducible: bool,
    seconds: float = SECONDS,
) -> str:
    """Say a conflict in one sentence, with numbers where a count by hand proves it.

    Parameters
    ----------
    problem
        The problem with all its rules.
    limits
        Its noise limits.
    conflict
        Groups of rules that cannot hold together.
    irreducible
        Whether the groups hold together without any one of them.
    seconds
        Time limit of the search for a count by hand [s].
    """
    query = build_query(problem, conflict, whole_routes=True)
    unroutable = [r for r, own in enumerate(query.problem.routes) if not own]
    if unroutable:
        demand = query.problem.instance.demands[unroutable[0]]
        name = names_of(query.problem, unroutable[:1])
        return f"{name} has no route: nothing joins {demand.source} and {demand.target}"
    cut = find_cut(query.problem, query.problem.routes, capacities_of(query), seconds)
    if cut is not None:
        return cut_words(query, cut)
    if len(query.demands) == 1:
        sentence = _too_many_lightpaths(query)
        if sentence is not None:
            return sentence
    with_min_rate = [r for r, min_skr_bps in enumerate(query.min_skrs_bps) if min_skr_bps]
    if len(with_min_rate) == 1 and problem.instance.qkd.relay == "lightpath":
        sentence = MinSkrCase(query, limits, with_min_rate[0]).words()
        if sentence is not None:
            return sentence
    return _listed(problem, conflict, irreducible=irreducible)


def _too_many_lightpaths(query: FeasibilityQuery) -> str | None:
    """Say that a demand has more lightpaths than the channels of a link on every route."""
    problem, count = query.problem, query.lightpath_counts[0]
    narrow: list[Fibre] = []
    for route in problem.routes[0]:
        fibres = sorted(fibres_on(problem, route))
        narrow += [f for f in fibres if max_channels(query, f) < count][:1] or [(-1, -1)]
    if (-1, -1) in narrow:
        return None
    links = [
        f"{fibre_name(problem, fibre)} with {max_channels(query, fibre)} "
        f"({channels_left(query, fibre)})"
        for fibre in sorted(set(narrow))
    ]
    return (
        f"{names_of(problem, [0])} needs {count} channels, and {routes_of(problem, 0)} crosses a "
        f"link with fewer: {listed(links)}"
    )


def _listed(problem: Problem, conflict: Groups, *, irreducible: bool) -> str:
    """Name the groups where no count by hand shows the conflict."""
    named = "; ".join(text_of(problem, group) for group in in_reading_order(conflict))
    spare = " (without any one of them a plan exists)" if irreducible else ""
    return f"no plan keeps all of these rules{spare}: {named}"


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
        if instance.routes.given_between(demand.source, demand.target):
            continue  # another k would not change them
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
