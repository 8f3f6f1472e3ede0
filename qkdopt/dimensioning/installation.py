"""The problem on any choice of links with QKD equipment, and what a choice costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, gcd

import networkx as nx

from qkdopt.instance import Instance
from qkdopt.instance.equipment import with_qkd_on
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.moves import keeps_in_place
from qkdopt.problem.open_channels import with_open_channels
from qkdopt.problem.plan import BLOCKED, NO_QKD, Plan, assess, tune_working_channels
from qkdopt.problem.routes import Route
from qkdopt.result.dimensioning import EquipmentPrices

# Links by their positions.
Links = frozenset[int]
# Prices that are whole numbers of a step no finer than this share of the highest one.
FINEST_STEP = 1e-4
# What may be lacking in a bound before it is rounded up to the next whole step.
STEP_MARGIN = 0.03


@dataclass(frozen=True)
class Lightpaths:
    """Route and channels of every demand, whatever numbers its routes have.

    Parameters
    ----------
    routes
        Route of each demand; None where it is blocked.
    channels
        Its channels, rising.
    """

    routes: tuple[Route | None, ...]
    channels: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, problem: Problem, plan: Plan) -> Lightpaths:
        """Return the lightpaths of a plan."""
        routes = tuple(
            None if number == BLOCKED else listed[number]
            for listed, number in zip(problem.routes, plan.routes, strict=True)
        )
        return cls(routes, plan.channels)

    def plan(self, problem: Problem) -> Plan:
        """Return the plan of a problem; demands whose route it does not list are blocked."""
        routes, channels = [], []
        for listed, route, lit in zip(problem.routes, self.routes, self.channels, strict=True):
            number = listed.index(route) if route in listed else BLOCKED
            routes.append(number)
            channels.append(() if number == BLOCKED else lit)
        return tune_working_channels(problem, routes, channels)


class Installation:
    """Choices of links with QKD equipment on one instance.

    Parameters
    ----------
    instance
        The instance, with its needs as they have to be met; its links with ``qkd`` may have
        equipment.
    prices
        What equipment costs.
    """

    def __init__(self, instance: Instance, prices: EquipmentPrices) -> None:
        self.instance, self.prices = instance, prices
        self.problem = build_problem(instance, "key-factor")
        self.links: Links = frozenset(
            e for e, candidates in enumerate(self.problem.tables.candidates) if candidates
        )
        self.asking = [r for r, need in enumerate(self.problem.needs.rate_bps) if need > 0.0]
        # Where a link has no equipment, its guard bands are free.
        self.open_problem = with_open_channels(self.problem)
        self._step = price_step(instance, prices)

    def names(self, chosen: Links) -> tuple[str, ...]:
        """Return the ids of links."""
        return tuple(self.instance.network.links[e].id for e in sorted(chosen))

    def price(self, chosen: Links) -> float:
        """Return what equipment on these links costs."""
        return self.prices.total(self.instance, self.names(chosen))

    def rounded_up(self, bound: float) -> float:
        """Return the least price there may be, of those that are no less than a bound."""
        if not self._step:
            return max(0.0, bound)
        steps = max(0, ceil(bound / float(self._step) - STEP_MARGIN))
        return float(steps * self._step)

    def problem_on(self, chosen: Links) -> Problem | None:
        """Return the problem with QKD on these links; None where no plan meets all needs.

        With the key on the lightpath's route, demands that ask for key have those routes only that
        have it.
        """
        if not self._reached(chosen):
            return None
        whole = self.problem
        instance = with_qkd_on(self.instance, self.names(chosen))
        columns = [
            range(len(candidates)) if e in chosen else ()
            for e, candidates in enumerate(whole.tables.candidates)
        ]
        routes = tuple(self._routes(r, chosen) for r in range(len(whole.routes)))
        if not all(routes):
            return None
        tables = whole.tables.restricted(columns, instance)
        return replace(whole, instance=instance, tables=tables, routes=routes)

    def _routes(self, r: int, chosen: Links) -> tuple[Route, ...]:
        listed = self.problem.routes[r]
        # The route in place of a demand that may be moved keeps its number.
        free = self.problem.instance.qkd.relay == "flow" or self.problem.is_movable(r)
        if free or not self.problem.needs.rate_bps[r]:
            return listed
        return tuple(route for route in listed if chosen.issuperset(route.links))

    def _reached(self, chosen: Links) -> bool:
        """Whether links with equipment join the ends of every demand that asks for key."""
        graph = nx.Graph()
        graph.add_nodes_from(node.id for node in self.instance.network.nodes)
        links, demands = self.instance.network.links, self.instance.demands
        graph.add_edges_from((links[e].a, links[e].b) for e in chosen)
        part = {
            node: number
            for number, nodes in enumerate(nx.connected_components(graph))
            for node in nodes
        }
        return all(part[demands[r].source] == part[demands[r].target] for r in self.asking)


def meets_all(problem: Problem, plan: Plan) -> bool:
    """Whether a plan serves all demands, breaks no rule and meets all needs, by exact rates."""
    if plan.served < len(problem.routes):
        return False
    with_qkd = problem.tables.candidate_count > 0
    if any(number == NO_QKD and with_qkd[e] for e, number in enumerate(plan.working)):
        return False
    exact = assess(problem, plan)
    asking = problem.needs.rate_bps > 0.0
    met = problem.needs.met(exact.demand_skr_bps)
    return bool(met[asking].all()) and keeps_in_place(problem, plan, exact)


def price_step(instance: Instance, prices: EquipmentPrices) -> Fraction | None:
    """Return what all prices are whole multiples of; None where it is too fine to tell."""
    links: Sequence[str] = [link.id for link in instance.network.links if link.qkd]
    every = {Fraction(repr(value)) for value in (prices.site, *map(prices.of_link, links))}
    positive = [value for value in every if value > 0]
    if not positive:
        return None
    denominator = 1
    for value in positive:
        denominator = denominator * value.denominator // gcd(denominator, value.denominator)
    step = Fraction(gcd(*(int(value * denominator) for value in positive)), denominator)
    return step if step >= FINEST_STEP * max(positive) else None
