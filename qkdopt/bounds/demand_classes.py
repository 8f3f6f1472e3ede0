"""Demand classes: demands that every rule of the load-state relaxation treats alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from qkdopt.problem import Problem
from qkdopt.problem.routes import Route


@dataclass(frozen=True)
class DemandClass:
    """Demands that every rule treats alike: the same ends and number of channels.

    Parameters
    ----------
    demands
        Their positions in the instance.
    channels
        ``b``, lightpaths of each.
    routes
        Their common candidate routes.
    """

    demands: tuple[int, ...]
    channels: int
    routes: tuple[Route, ...]


def demand_classes(problem: Problem) -> tuple[DemandClass, ...]:
    """Group the demands with a route; one in place is a class of its own."""
    groups: dict[tuple[object, object, int, int | None], list[int]] = defaultdict(list)
    for r, demand in enumerate(problem.instance.demands):
        if problem.routes[r]:
            alone = r if problem.must_serve(r) else None
            groups[demand.source, demand.target, demand.channels, alone].append(r)
    return tuple(
        DemandClass(tuple(members), problem.instance.demands[members[0]].channels, routes)
        for members in groups.values()
        for routes in [problem.routes[members[0]]]
    )
