"""Why a demand cannot get its key rate: a reason for each of its routes."""

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
    fibres_of,
    is_quantum,
    room,
    room_at,
)
from qkdopt.conflicts.phrases import (
    at_most_kbps,
    channels_left,
    fibre_name,
    lightpaths,
    listed,
    names_of,
    rooms_each,
    route_name,
    routes_of,
)
from qkdopt.problem.routes import Route


@dataclass(frozen=True)
class Reason:
    """Why a route does not give a rate.

    Parameters
    ----------
    links, demands
        Positions of the links and of the demands that it is about.
    text
        In words, after the name of the route.
    """

    links: frozenset[int]
    demands: frozenset[int]
    text: str


def rooms_of(question: FeasibilityQuery) -> dict[Fibre, int]:
    """Lightpaths that each fibre carries, where a channel carries only one."""
    fibres = fibres_of(question.problem.tables)
    return {fibre: room(question, fibre) for fibre in fibres if fibre[0] not in question.shared}


@dataclass(frozen=True)
class FloorCase:
    """One demand's least key rate against everything else that is asked.

    Parameters
    ----------
    question
        What is asked, with whole routes; the key takes the demand's own.
    limits
        Noise limits of the whole problem.
    demand
        Position of the demand in the question.
    """

    question: FeasibilityQuery
    limits: Limits
    demand: int

    @property
    def floor(self) -> float:
        """The key rate asked for [bit/s]."""
        return self.question.floors[self.demand]

    @property
    def routes(self) -> Sequence[Route]:
        """Routes of the demand."""
        return self.question.problem.routes[self.demand]

    @cached_property
    def reasons(self) -> tuple[Reason, ...] | None:
        """A reason for each route, the same where one does; None when a route has none."""
        slow = [self._slow_links(route) for route in self.routes]
        common = set.intersection(*(set(links) for links in slow)) if slow else set()
        for e in sorted(common):
            if len({links[e] for links in slow}) == 1:
                return tuple(links[e] for links in slow)
        found = []
        for route, links in zip(self.routes, slow, strict=True):
            simplest = sorted(links.values(), key=lambda reason: len(reason.demands))
            reason = simplest[0] if simplest else self._crowding(route)
            if reason is None:
                return None
            found.append(reason)
        return tuple(found)

    def words(self) -> str | None:
        """Say why no route gives the rate; None when a count by hand does not show it."""
        if not self.reasons:
            return None
        name = names_of(self.question.problem, [self.demand])
        head = f"{name} cannot get {exact_kbps(self.floor)}: "
        if len(set(self.reasons)) == 1 and len(self.reasons[0].links) == 1:
            which = routes_of(self.question.problem, self.demand)
            return head + f"{which} {self.reasons[0].text}"
        pairs = zip(self.routes, self.reasons, strict=True)
        return head + "; ".join(f"its route {route_name(p)} {why.text}" for p, why in pairs)

    def _slow_links(self, route: Route) -> dict[int, Reason]:
        """Links of a route that lack the rate under the light that must be there."""
        problem = self.question.problem
        found = {}
        for e in route.links:
            text, demands = None, list[int]()
            if not problem.tables.candidate_count[e]:
                text = "which has no QKD"
            elif e not in self.question.silent:
                demands = self._forced(route, e)
                text = self._light(e, demands)
            if text is not None:
                name = f"crosses link {problem.instance.network.links[e].id}"
                found[e] = Reason(frozenset([e]), frozenset(demands), f"{name}, {text}")
        return found

    def _forced(self, route: Route, link: int) -> list[int]:
        """Demands that light the link's quantum fibre on all their routes, this one on its own."""
        problem = self.question.problem
        quantum = {f for f in fibres_of(problem.tables) if f[0] == link}
        quantum = {f for f in quantum if is_quantum(problem.tables, f)}
        options = dict(enumerate(problem.routes)) | {self.demand: (route,)}
        return [r for r in options if all(fibres_on(problem, p) & quantum for p in options[r])]

    def _light(self, link: int, demands: list[int]) -> str | None:
        """Say that these demands' light leaves too little key; None when it does not."""
        count = sum(self.question.widths[r] for r in demands)
        rate = best_rate(self.question, link, count)
        if rate is None or rate >= self.floor:
            return None
        most = at_most_kbps(rate, self.floor)
        if not demands:
            return f"which even in the dark gives {most}"
        if demands == [self.demand]:
            return f"where its own light leaves {most}"
        verb = "leaves" if count == 1 else "leave"
        names = names_of(self.question.problem, demands)
        return f"where the {lightpaths(count)} of {names} {verb} {most}"

    def _crowding(self, route: Route) -> Reason | None:
        """Demands without room once this route's links are held to the rate."""
        problem = self.question.problem
        routes = list(problem.routes)
        routes[self.demand] = (route,)
        cut = find_cut(problem, routes, rooms_of(self.question) | self._rooms_at(route))
        if cut is None:
            return None
        links = frozenset(e for e, _ in cut.fibres)
        return Reason(links, frozenset(cut.demands), self._cut_text(route, cut))

    def _rooms_at(self, route: Route) -> dict[Fibre, int]:
        """Room of a route's links in the quantum fibre, at the rate."""
        tables = self.question.problem.tables
        return {
            fibre: max(0, room_at(self.question, self.limits, fibre[0], self.floor))
            for fibre in fibres_of(tables)
            if fibre[0] in route.links and fibre[0] not in self.question.silent
            if is_quantum(tables, fibre)
        }

    def _cut_text(self, route: Route, cut: Cut) -> str:
        """Say that a route's key rate leaves the other demands without room."""
        problem = self.question.problem
        slow = self._rooms_at(route)
        named = [fibre_name(problem, fibre) for fibre in cut.fibres]
        rooms = [
            f"{slow[fibre]} (at that rate)"
            if fibre in slow
            else f"{room(self.question, fibre)} ({channels_left(self.question, fibre)})"
            for fibre in cut.fibres
        ]
        who = f"{names_of(problem, cut.demands)} ({lightpaths(cut.need)})"
        crossed = f"leaves no room: every candidate route of {who} crosses {listed(named, 'or')}"
        if len(named) == 1:
            return f"{crossed}, with room for {rooms[0]}"
        return f"{crossed}, with room for {cut.room} together: {rooms_each(named, rooms)}"
