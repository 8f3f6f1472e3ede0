"""Why a demand cannot get its key rate: a reason for each of its routes."""

from __future__ import annotations

from dataclasses import dataclass

from qkdopt.explaining.cut import Cut, fibres_on, find_cut
from qkdopt.explaining.groups import exact_kbps
from qkdopt.explaining.limits import (
    Fibre,
    Limits,
    best_rate,
    fibres_of,
    is_quantum,
    room,
    room_at,
)
from qkdopt.explaining.phrases import (
    at_most_kbps,
    channels_left,
    fibre_name,
    lightpaths,
    listed,
    names_of,
    route_name,
)
from qkdopt.explaining.question import Question
from qkdopt.routes import Route


def rooms_of(question: Question) -> dict[Fibre, int]:
    """Lightpaths that each fibre carries, where a channel carries only one."""
    fibres = fibres_of(question.problem.tables)
    return {fibre: room(question, fibre) for fibre in fibres if fibre[0] not in question.shared}


@dataclass(frozen=True)
class FloorCase:
    """One demand's least key rate against everything else that is asked.

    Parameters
    ----------
    question
        What is asked; the key takes the demand's own route.
    limits
        Noise limits of the whole problem.
    demand
        Position of the demand in the question.
    """

    question: Question
    limits: Limits
    demand: int

    @property
    def floor(self) -> float:
        """The key rate asked for [bit/s]."""
        return self.question.floors[self.demand]

    def words(self) -> str | None:
        """Say why no route gives the rate; None when a count by hand does not show it."""
        problem = self.question.problem
        routes = problem.routes[self.demand]
        head = f"{names_of(problem, [self.demand])} cannot get {exact_kbps(self.floor)}: "
        slow = [self._slow_links(route) for route in routes]
        for e in sorted(set.intersection(*(set(links) for links in slow))):
            said = {links[e] for links in slow}
            if len(said) == 1:
                return head + f"every route crosses {said.pop()}"
        told = []
        for route, links in zip(routes, slow, strict=True):
            why = f"crosses {next(iter(links.values()))}" if links else self._crowding(route)
            if why is None:
                return None
            told.append(f"its route {route_name(route)} {why}")
        return head + "; ".join(told)

    def _slow_links(self, route: Route) -> dict[int, str]:
        """Links of a route that lack the rate under the light that must be there, and why."""
        problem = self.question.problem
        found = {}
        for e in route.links:
            name = f"link {problem.instance.network.links[e].id}"
            if not problem.tables.candidate_count[e]:
                found[e] = f"{name}, which has no QKD"
            elif e not in self.question.silent:
                demands = self._forced(route, e)
                count = sum(self.question.widths[r] for r in demands)
                rate = best_rate(self.question, e, count)
                if rate is not None and rate < self.floor:
                    own = demands == [self.demand]
                    most = self._most(rate, count, own=own)
                    found[e] = f"{name}, {self._light(demands, count)} {most}"
        return found

    def _forced(self, route: Route, link: int) -> list[int]:
        """Demands that light the link's quantum fibre on all their routes, this one on its own."""
        problem = self.question.problem
        quantum = {f for f in fibres_of(problem.tables) if f[0] == link}
        quantum = {f for f in quantum if is_quantum(problem.tables, f)}
        options = dict(enumerate(problem.routes)) | {self.demand: (route,)}
        return [r for r in options if all(fibres_on(problem, p) & quantum for p in options[r])]

    def _light(self, demands: list[int], count: int) -> str:
        if not demands:
            return "which even in the dark"
        if demands == [self.demand]:
            return "where its own light"
        names = names_of(self.question.problem, demands)
        return f"where the {lightpaths(count)} of {names}"

    def _most(self, rate_bps: float, count: int, *, own: bool) -> str:
        verb = "gives" if not count else "leaves" if own or count == 1 else "leave"
        return f"{verb} {at_most_kbps(rate_bps, self.floor)}"

    def _crowding(self, route: Route) -> str | None:
        """Demands without room once this route's links are held to the rate, in words."""
        problem = self.question.problem
        routes = list(problem.routes)
        routes[self.demand] = (route,)
        cut = find_cut(problem, routes, rooms_of(self.question) | self._rooms_at(route))
        return None if cut is None else self._cut_clause(route, cut)

    def _rooms_at(self, route: Route) -> dict[Fibre, int]:
        """Room of a route's links in the quantum fibre, at the rate."""
        tables = self.question.problem.tables
        return {
            fibre: max(0, room_at(self.question, self.limits, fibre[0], self.floor))
            for fibre in fibres_of(tables)
            if fibre[0] in route.links and fibre[0] not in self.question.silent
            if is_quantum(tables, fibre)
        }

    def _cut_clause(self, route: Route, cut: Cut) -> str:
        """Say that a route's key rate leaves the other demands without room."""
        problem = self.question.problem
        slow = self._rooms_at(route)
        named = [fibre_name(problem, fibre) for fibre in cut.fibres]
        each = [
            f"{name} for {slow[fibre]} (at that rate)"
            if fibre in slow
            else f"{name} for {room(self.question, fibre)} ({channels_left(self.question, fibre)})"
            for name, fibre in zip(named, cut.fibres, strict=True)
        ]
        who = f"{names_of(problem, cut.demands)} ({lightpaths(cut.need)})"
        together = "" if len(named) == 1 else f"{cut.room} together: "
        return (
            f"leaves no room: every route of {who} crosses {listed(named, 'or')}, with room "
            f"for {together}{listed(each)}"
        )
