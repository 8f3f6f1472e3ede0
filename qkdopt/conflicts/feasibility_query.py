"""Feasibility queries: a problem in which only some groups of rules are kept.

Dropping a group only ever adds plans: a demand need not be served, a minimum rate is not
required, a link carries several lightpaths per channel, lights its guard band, or limits no key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qkdopt.conflicts.groups import Groups, numbers
from qkdopt.instance import Demand, InPlaceLightpath, Instance, NodeId
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import Tables
from qkdopt.problem.light_in_place import available_channels
from qkdopt.problem.plan import BLOCKED, NO_QKD, Plan, assess, lit_channels
from qkdopt.problem.relay import WidestRelay
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class FeasibilityQuery:
    """A problem with some groups dropped.

    Parameters
    ----------
    problem
        Only the demands to serve, with the minimum rates to keep; no guard band where dropped.
    demands
        Their positions in the whole problem.
    shared
        Links whose channels may carry several lightpaths.
    unconstrained
        Links that limit no key rate.
    """

    problem: Problem
    demands: tuple[int, ...]
    shared: frozenset[int]
    unconstrained: frozenset[int]

    @property
    def min_skrs_bps(self) -> tuple[float, ...]:
        """Return the minimum key rate of every demand [bit/s]; 0 where it has none."""
        return tuple(demand.min_skr_bps or 0.0 for demand in self.problem.instance.demands)

    @property
    def lightpath_counts(self) -> tuple[int, ...]:
        """Return the lightpaths of every demand."""
        return tuple(demand.channels for demand in self.problem.instance.demands)

    @property
    def shares_channels(self) -> bool:
        """Tell whether a channel may carry several lightpaths on a link that any route crosses."""
        routes = [route for own in self.problem.routes for route in own]
        return any(e in self.shared for route in routes for e in route.links)


def build_query(
    problem: Problem, groups: Groups, *, whole_routes: bool = False
) -> FeasibilityQuery:
    """Keep these groups of a problem and drop all others.

    A link without any rule left restricts no demand: unless ``whole_routes`` is set, routes are
    listed without it, and demands that have a route without links are left out, since they are
    served anyhow.

    Parameters
    ----------
    problem
        The problem with all its rules.
    groups
        Rules to keep.
    whole_routes
        Whether to keep every link of the routes.
    """
    with_min_rate = set(numbers(groups, "floor"))
    demands = tuple(sorted({*numbers(groups, "served"), *problem.staying}))
    routes = {r: problem.routes[r] for r in demands}
    if not whole_routes and not (with_min_rate and problem.instance.qkd.relay == "widest"):
        routes = _shortened(problem, groups, demands)
        demands = tuple(r for r in demands if all(p.links for p in routes[r]))
    links = range(len(problem.tables.candidates))
    unasked = {"min_skr_bps": None}
    kept: dict[NodeId, Demand | dict[str, None] | None] = {
        demand.id: None for demand in problem.instance.demands
    }
    for r in demands:
        demand = problem.instance.demands[r]
        kept[demand.id] = demand if r in with_min_rate else unasked
    return FeasibilityQuery(
        problem=replace(
            problem,
            instance=problem.instance.replace(
                demands=kept, lightpaths=_foreign(problem.instance), moves_limit=None
            ),
            in_place=tuple(problem.in_place[r] for r in demands) if problem.in_place else (),
            # All demands of a query have to be served, and any number may be moved.
            movable=(),
            routes=tuple(routes[r] for r in demands),
            tables=_unguarded(problem.tables, frozenset(links) - set(numbers(groups, "guard"))),
        ),
        demands=demands,
        shared=frozenset(links) - set(numbers(groups, "room")),
        unconstrained=frozenset(
            e for e in links if problem.tables.candidate_count[e]
        ) - set(numbers(groups, "noise")),
    )  # fmt: skip


def _foreign(instance: Instance) -> tuple[InPlaceLightpath, ...] | None:
    """Return foreign light alone: that of demands in place is in the problem."""
    if instance.lightpaths is None:
        return None
    return tuple(path for path in instance.lightpaths if path.demand is None)


def _shortened(
    problem: Problem, groups: Groups, served: tuple[int, ...]
) -> dict[int, tuple[Route, ...]]:
    """Return candidate routes of the demands to serve over the links that have rules, each once."""
    with_min_rate = numbers(groups, "floor")
    ruled = {group.number for group in groups if not group.of_demand}
    if with_min_rate:
        # A link without QKD has no rule to drop: no key passes it whatever is dropped.
        ruled.update(e for e, c in enumerate(problem.tables.candidate_count) if not c)
    return {
        r: tuple(dict.fromkeys(_restricted_to(p, ruled) for p in problem.routes[r])) for r in served
    }


def _restricted_to(route: Route, links: set[int]) -> Route:
    """Return a route's hops over given links only; routes with the same hops become equal."""
    hops = [hop for hop in route.hops if hop.link in links]
    if len(hops) == len(route.links):
        return route
    return Route(
        nodes=(route.nodes[0], route.nodes[-1]),
        links=tuple(hop.link for hop in hops),
        forward=tuple(hop.direction == 0 for hop in hops),
        length_km=0.0,
        pair=route.pair,
    )


def _unguarded(tables: Tables, links: frozenset[int]) -> Tables:
    """Let every available channel of these links be lit, whatever QKD channel works."""
    if not links:
        return tables
    blocks, usable = tables.blocks.copy(), tables.usable.copy()
    blocks[sorted(links)] = False
    usable[sorted(links)] = available_channels(tables.instance)[sorted(links)]
    return replace(tables, blocks=blocks, usable=usable)


def is_satisfied(query: FeasibilityQuery, plan: Plan) -> bool:
    """Tell whether a plan serves every demand and keeps every rule, by the exact rates."""
    problem, tables = query.problem, query.problem.tables
    if BLOCKED in plan.routes:
        return False
    lightpath_counts = [len(set(channels)) for channels in plan.channels]
    if lightpath_counts != list(query.lightpath_counts):
        return False
    lit = lit_channels(problem, plan)
    if (lit * ~tables.usable).any():
        return False
    single = tables.fibres[0] == tables.fibres[1]
    crowded = (lit.sum(axis=1) if single else lit.max(axis=1)).max(axis=1, initial=0) > 1
    if any(crowded[e] for e in range(len(crowded)) if e not in query.shared):
        return False
    working = zip(plan.working, tables.candidate_count, strict=True)
    if any(number == NO_QKD and count for number, count in working):
        return False
    return bool((demand_rates(query, plan) >= np.array(query.min_skrs_bps)).all())


def demand_rates(query: FeasibilityQuery, plan: Plan) -> FloatArray:
    """Return ``(R,)`` exact key rates of the demands [bit/s], infinite where unlimited."""
    problem = query.problem
    links = assess(problem, plan).link_skr_bps.copy()
    links[sorted(query.unconstrained)] = np.inf
    relay = WidestRelay(problem, links) if problem.instance.qkd.relay == "widest" else None
    rates = np.zeros(len(plan.routes))
    for r, number in enumerate(plan.routes):
        if number != BLOCKED:
            route = problem.routes[r][number]
            rates[r] = min(links[e] for e in (relay.links(route) if relay else route.links))
    return rates
