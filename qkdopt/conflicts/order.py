"""In which order the filter tries to drop groups: what has probably no part in it first."""

from __future__ import annotations

from qkdopt.conflicts.cut import fibres_on, find_cut
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, ask
from qkdopt.conflicts.floors import FloorCase, rooms_of
from qkdopt.conflicts.groups import Group, all_groups
from qkdopt.conflicts.limits import Limits
from qkdopt.problem import Problem

# Positions of the demands and of the links that a proof by hand is about.
Suspects = tuple[frozenset[int], frozenset[int]]


def in_order(problem: Problem, asked: int | None) -> list[list[Group]]:
    """Chunks for the filter.

    A floor that was asked for goes on its own, to tell whether it matters at all; then
    other floors, demands and links without a part in the proof by hand, and last those
    with one: few of these are left, so questions about them are small.
    """
    groups = all_groups(problem)
    demands, links = _suspects(problem, asked)
    first = [g for g in groups if g.kind == "floor" and g.number == asked]
    floors = [g for g in groups if g.kind == "floor" and g.number != asked]
    chunks = [first, floors]
    for near in (False, True):
        chunks.append([g for g in groups if g.kind == "served" and (g.number in demands) is near])
        about = [g for g in groups if not g.of_demand and (g.number in links) is near]
        by_kind = [[g for g in about if g.kind == kind] for kind in ("noise", "guard", "room")]
        chunks += by_kind if near else [[g for kind in by_kind for g in kind]]
    return chunks


def _suspects(problem: Problem, asked: int | None) -> Suspects:
    """Find a proof by hand; without one, suspect what demands with a floor may cross."""
    question = ask(problem, frozenset(all_groups(problem)), whole_routes=True)
    wanting = [r for r, floor in enumerate(question.floors) if floor]
    wanting.sort(key=lambda r: r != asked)
    cut = find_cut(problem, problem.routes, rooms_of(question))
    if cut is not None:
        return frozenset(cut.demands) | {*wanting[:1]}, frozenset(e for e, _ in cut.fibres)
    if problem.instance.qkd.relay == "lightpath":
        for r in wanting:
            reasons = FloorCase(question, Limits(problem), r).reasons
            if reasons:
                demands = frozenset[int]().union(*(reason.demands for reason in reasons))
                links = frozenset[int]().union(*(reason.links for reason in reasons))
                return demands | {r}, links
    return _neighbours(question, wanting)


def _neighbours(question: FeasibilityQuery, wanting: list[int]) -> Suspects:
    """Demands that share a fibre with some demands, and these fibres' links; all without any."""
    problem = question.problem
    every = range(len(problem.routes))
    around = wanting or every
    fibres = {f for r in around for p in problem.routes[r] for f in fibres_on(problem, p)}
    near = [r for r in every if any(fibres_on(problem, p) & fibres for p in problem.routes[r])]
    return frozenset(near), frozenset(e for e, _ in fibres)
