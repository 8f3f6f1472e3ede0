"""In which order the filter tries to drop groups: what has probably no part in it first."""

from __future__ import annotations

from collections.abc import Sequence

from qkdopt.explaining.cut import fibres_on, find_cut
from qkdopt.explaining.groups import Group, all_groups, numbers
from qkdopt.explaining.limits import fibres_of, room
from qkdopt.explaining.question import ask
from qkdopt.problem import Problem


def in_order(problem: Problem, asked: int | None) -> list[list[Group]]:
    """Chunks for the filter: what probably has no part in the conflict goes first.

    Floors before demands, demands before links: few demands make the questions about links
    small. A floor that was asked for goes on its own, to tell whether it matters at all.
    """
    groups = all_groups(problem)
    floors = [g for g in groups if g.kind == "floor" and g.number != asked]
    first = [g for g in groups if g.kind == "floor" and g.number == asked]
    served = [g for g in groups if g.kind == "served"]
    likely_demands, likely_links = _suspects(problem, groups)
    served.sort(key=lambda g: likely_demands[g.number])
    far = [g for g in served if not likely_demands[g.number]]
    near = [g for g in served if likely_demands[g.number]]
    links = [[g for g in groups if g.kind == kind] for kind in ("noise", "guard", "room")]
    idle = [g for kind in links for g in kind if g.number not in likely_links]
    busy = [[g for g in kind if g.number in likely_links] for kind in links]
    return [first, floors, far, near, idle, *busy]


def _suspects(problem: Problem, groups: Sequence[Group]) -> tuple[list[float], set[int]]:
    """How likely each demand has a part in the conflict (0: not at all), and which links."""
    question = ask(problem, frozenset(groups))
    rooms = {fibre: room(question, fibre) for fibre in fibres_of(problem.tables)}
    cut = find_cut(problem, problem.routes, rooms)
    if cut is not None:
        return [float(r in cut.demands) for r in range(len(problem.routes))], {
            e for e, _ in cut.fibres
        }
    wanting = numbers(groups, "floor")
    near = {f for r in wanting for route in problem.routes[r] for f in fibres_on(problem, route)}
    if not near:
        near = set(rooms)
    shares = [
        sum(bool(fibres_on(problem, route) & near) for route in own) / max(1, len(own))
        for own in problem.routes
    ]
    return [s + (r in wanting) for r, s in enumerate(shares)], {e for e, _ in near}
