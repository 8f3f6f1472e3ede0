"""Reasons why a demand cannot get its minimum key rate, one for each of its routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qkdopt.conflicts.cut import Cut, fibres_on, find_cut
from qkdopt.conflicts.feasibility_query import FeasibilityQuery
from qkdopt.conflicts.groups import exact_kbps
from qkdopt.conflicts.limits import (
    Fibre,
    Limits,
    best_rate,
    capacity,
    capacity_at,
    fibres_of,
    is_quantum,
)
from qkdopt.conflicts.phrases import (
    at_most_kbps,
    channels_left,
    fibre_name,
    lightpaths,
    list_capacities,
    listed,
    names_of,
    route_name,
    routes_of,
)
from qkdopt.problem.routes import Route


@dataclass(frozen=True)
class Reason:
    """Cause for which a route does not give a rate.

    Parameters
    ----------
    links, demands
        Positions of the links and of the demands that cause it.
    text
        In words, after the name of the route.
    """

    links: frozenset[int]
    demands: frozenset[int]
    text: str


def capacities_of(query: FeasibilityQuery) -> dict[Fibre, int]:
    """Return the lightpaths that each fibre carries, where a channel carries only one."""
    fibres = fibres_of(query.problem.tables)
    return {fibre: capacity(query, fibre) for fibre in fibres if fibre[0] not in query.shared}


@dataclass(frozen=True)
class MinSkrCase:
    """Minimum key rate of one demand against all other rules of a query.

    Parameters
    ----------
    query
        Kept groups of rules, with whole routes; the key takes the demand's own.
    limits
        Noise limits of the whole problem.
    demand
        Position of the demand in the query.
    """

    query: FeasibilityQuery
    limits: Limits
    demand: int

    @property
    def min_skr_bps(self) -> float:
        """Return the required key rate [bit/s]."""
        return self.query.min_skrs_bps[self.demand]

    @property
    def routes(self) -> Sequence[Route]:
        """Return the routes of the demand."""
        return self.query.problem.routes[self.demand]

    @cached_property
    def reasons(self) -> tuple[Reason, ...] | None:
        """Return a reason for each route, if possible the same; None when a route has none."""
        slow = [self._slow_links(route) for route in self.routes]
        common = set.intersection(*(set(links) for links in slow)) if slow else set()
        for e in sorted(common):
            if len({links[e] for links in slow}) == 1:
                return tuple(links[e] for links in slow)
        reasons = []
        for route, links in zip(self.routes, slow, strict=True):
            simplest = sorted(links.values(), key=lambda reason: len(reason.demands))
            reason = simplest[0] if simplest else self._congestion(route)
            if reason is None:
                return None
            reasons.append(reason)
        return tuple(reasons)

    def words(self) -> str | None:
        """Say why no route gives the rate; None when a count by hand does not show it."""
        if not self.reasons:
            return None
        name = names_of(self.query.problem, [self.demand])
        head = f"{name} cannot get {exact_kbps(self.min_skr_bps)}: "
        if len(set(self.reasons)) == 1 and len(self.reasons[0].links) == 1:
            which = routes_of(self.query.problem, self.demand)
            return head + f"{which} {self.reasons[0].text}"
        pairs = zip(self.routes, self.reasons, strict=True)
        return head + "; ".join(f"its route {route_name(p)} {reason.text}" for p, reason in pairs)

    def _slow_links(self, route: Route) -> dict[int, Reason]:
        """Return the links of a route that lack the rate under the lightpaths forced onto them."""
        problem = self.query.problem
        reasons = {}
        for e in route.links:
            text, demands = None, list[int]()
            if not problem.tables.candidate_count[e]:
                text = "which has no QKD"
            elif e not in self.query.unconstrained:
                demands = self._forced(route, e)
                text = self._noise_text(e, demands)
            if text is not None:
                name = f"crosses link {problem.instance.network.links[e].id}"
                reasons[e] = Reason(frozenset([e]), frozenset(demands), f"{name}, {text}")
        return reasons

    def _forced(self, route: Route, link: int) -> list[int]:
        """Return the demands that light a link's quantum fibre on each of their routes."""
        problem = self.query.problem
        quantum = {f for f in fibres_of(problem.tables) if f[0] == link}
        quantum = {f for f in quantum if is_quantum(problem.tables, f)}
        options = dict(enumerate(problem.routes)) | {self.demand: (route,)}
        return [r for r in options if all(fibres_on(problem, p) & quantum for p in options[r])]

    def _noise_text(self, link: int, demands: list[int]) -> str | None:
        """Say that the noise of these demands leaves too little key; None when it does not."""
        count = sum(self.query.lightpath_counts[r] for r in demands)
        rate = best_rate(self.query, link, count)
        if rate is None or rate >= self.min_skr_bps:
            return None
        max_rate = at_most_kbps(rate, self.min_skr_bps)
        if not demands:
            return f"which even in the dark gives {max_rate}"
        if demands == [self.demand]:
            return f"where its own light leaves {max_rate}"
        verb = "leaves" if count == 1 else "leave"
        names = names_of(self.query.problem, demands)
        return f"where the {lightpaths(count)} of {names} {verb} {max_rate}"

    def _congestion(self, route: Route) -> Reason | None:
        """Return the cut that lacks capacity once this route's links keep the rate."""
        problem = self.query.problem
        routes = list(problem.routes)
        routes[self.demand] = (route,)
        cut = find_cut(problem, routes, capacities_of(self.query) | self._capacities_at(route))
        if cut is None:
            return None
        links = frozenset(e for e, _ in cut.fibres)
        return Reason(links, frozenset(cut.demands), self._cut_text(route, cut))

    def _capacities_at(self, route: Route) -> dict[Fibre, int]:
        """Return the capacity of a route's links in the quantum fibre, at the rate."""
        tables = self.query.problem.tables
        return {
            fibre: max(0, capacity_at(self.query, self.limits, fibre[0], self.min_skr_bps))
            for fibre in fibres_of(tables)
            if fibre[0] in route.links and fibre[0] not in self.query.unconstrained
            if is_quantum(tables, fibre)
        }

    def _cut_text(self, route: Route, cut: Cut) -> str:
        """Say that a route's key rate leaves the other demands without capacity."""
        problem = self.query.problem
        slow = self._capacities_at(route)
        named = [fibre_name(problem, fibre) for fibre in cut.fibres]
        capacities = [
            f"{slow[fibre]} (at that rate)"
            if fibre in slow
            else f"{capacity(self.query, fibre)} ({channels_left(self.query, fibre)})"
            for fibre in cut.fibres
        ]
        who = f"{names_of(problem, cut.demands)} ({lightpaths(cut.required_count)})"
        crossed = f"leaves no room: every candidate route of {who} crosses {listed(named, 'or')}"
        if len(named) == 1:
            return f"{crossed}, with room for {capacities[0]}"
        each = list_capacities(named, capacities)
        return f"{crossed}, with room for {cut.capacity} together: {each}"
