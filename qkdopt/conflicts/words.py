"""A conflict in a planner's words; every number is recomputed from the tables."""

from __future__ import annotations

from qkdopt.conflicts.cut import SECONDS, fibres_on, find_cut
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, ask
from qkdopt.conflicts.floors import FloorCase, rooms_of
from qkdopt.conflicts.groups import Groups, in_reading_order, text_of
from qkdopt.conflicts.limits import Fibre, Limits, most_channels
from qkdopt.conflicts.phrases import (
    channels_left,
    cut_words,
    fibre_name,
    listed,
    names_of,
    routes_of,
)
from qkdopt.problem import Problem


def words_of(
    problem: Problem,
    limits: Limits,
    conflict: Groups,
    *,
    irreducible: bool,
    seconds: float = SECONDS,
) -> str:
    """Say a conflict in one sentence, with numbers where a count by hand proves it.

    ``seconds`` limit the search for what can be counted by hand.
    """
    question = ask(problem, conflict, whole_routes=True)
    unroutable = [r for r, own in enumerate(question.problem.routes) if not own]
    if unroutable:
        demand = question.problem.instance.demands[unroutable[0]]
        name = names_of(question.problem, unroutable[:1])
        return f"{name} has no route: nothing joins {demand.source} and {demand.target}"
    cut = find_cut(question.problem, question.problem.routes, rooms_of(question), seconds)
    if cut is not None:
        return cut_words(question, cut)
    if len(question.demands) == 1:
        wide = _too_wide(question)
        if wide is not None:
            return wide
    wanting = [r for r, floor in enumerate(question.floors) if floor]
    if len(wanting) == 1 and problem.instance.qkd.relay == "lightpath":
        told = FloorCase(question, limits, wanting[0]).words()
        if told is not None:
            return told
    return _listed(problem, conflict, irreducible=irreducible)


def _too_wide(question: FeasibilityQuery) -> str | None:
    """Say that a demand has more lightpaths than the channels of a link on every route."""
    problem, width = question.problem, question.widths[0]
    narrow: list[Fibre] = []
    for route in problem.routes[0]:
        fibres = sorted(fibres_on(problem, route))
        narrow += [f for f in fibres if most_channels(question, f) < width][:1] or [(-1, -1)]
    if (-1, -1) in narrow:
        return None
    links = [
        f"{fibre_name(problem, fibre)} with {most_channels(question, fibre)} "
        f"({channels_left(question, fibre)})"
        for fibre in sorted(set(narrow))
    ]
    return (
        f"{names_of(problem, [0])} needs {width} channels, and {routes_of(problem, 0)} crosses a "
        f"link with fewer: {listed(links)}"
    )


def _listed(problem: Problem, conflict: Groups, *, irreducible: bool) -> str:
    """Name the groups where no count by hand shows the conflict."""
    named = "; ".join(text_of(problem, group) for group in in_reading_order(conflict))
    spare = " (without any one of them a plan exists)" if irreducible else ""
    return f"no plan keeps all of these rules{spare}: {named}"
