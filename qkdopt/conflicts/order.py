"""Order in which the filter tries to drop groups: those probably not in the conflict first."""

from __future__ import annotations

from qkdopt.conflicts.cut import fibres_on, find_cut
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, build_query
from qkdopt.conflicts.groups import Group, all_groups
from qkdopt.conflicts.limits import Limits
from qkdopt.conflicts.min_skr import MinSkrCase, capacities_of
from qkdopt.problem import Problem

# Positions of the demands and of the links that a proof by hand is about.
Suspects = tuple[frozenset[int], frozenset[int]]


def in_order(problem: Problem, what_if_demand: int | None) -> list[list[Group]]:
    """Order the groups in chunks for the filter.

    The minimum rate of a what-if analysis goes on its own, to tell whether it matters at all;
    then other minimum rates, demands and links without a part in the proof by hand, and last
    those with one: few of these are left, so queries about them are small.
    """
    groups = all_groups(problem)
    demands, links = _suspects(problem, what_if_demand)
    first = [g for g in groups if g.kind == "floor" and g.number == what_if_demand]
    min_rate_groups = [g for g in groups if g.kind == "floor" and g.number != what_if_demand]
    chunks = [first, min_rate_groups]
    for suspected in (False, True):
        chunks.append(
            [g for g in groups if g.kind == "served" and (g.number in demands) is suspected]
        )
        link_groups = [g for g in groups if not g.of_demand and (g.number in links) is suspected]
        by_kind = [
            [g for g in link_groups if g.kind == kind] for kind in ("noise", "guard", "room")
        ]
        chunks += by_kind if suspected else [[g for kind in by_kind for g in kind]]
    return chunks


def _suspects(problem: Problem, what_if_demand: int | None) -> Suspects:
    """Find a proof by hand; without one, suspect what demands with a minimum rate may cross."""
    query = build_query(problem, frozenset(all_groups(problem)), whole_routes=True)
    with_min_rate = [r for r, min_skr_bps in enumerate(query.min_skrs_bps) if min_skr_bps]
    with_min_rate.sort(key=lambda r: r != what_if_demand)
    cut = find_cut(problem, problem.routes, capacities_of(query))
    if cut is not None:
        return frozenset(cut.demands) | {*with_min_rate[:1]}, frozenset(e for e, _ in cut.fibres)
    if problem.instance.qkd.relay == "lightpath":
        for r in with_min_rate:
            reasons = MinSkrCase(query, Limits(problem), r).reasons
            if reasons:
                demands = frozenset[int]().union(*(reason.demands for reason in reasons))
                links = frozenset[int]().union(*(reason.links for reason in reasons))
                return demands | {r}, links
    return _neighbours(query, with_min_rate)


def _neighbours(query: FeasibilityQuery, with_min_rate: list[int]) -> Suspects:
    """Return demands that share a fibre with given demands, and their links; all without any."""
    problem = query.problem
    every = range(len(problem.routes))
    starts = with_min_rate or every
    fibres = {f for r in starts for p in problem.routes[r] for f in fibres_on(problem, p)}
    neighbours = [
        r for r in every if any(fibres_on(problem, p) & fibres for p in problem.routes[r])
    ]
    return frozenset(neighbours), frozenset(e for e, _ in fibres)
