"""A conflict in a planner's words; every number is recomputed from the tables."""

from __future__ import annotations

from qkdopt.explaining.cut import find_cut
from qkdopt.explaining.floors import FloorCase, rooms_of
from qkdopt.explaining.groups import Groups, in_reading_order, text_of
from qkdopt.explaining.limits import Limits
from qkdopt.explaining.phrases import cut_words, names_of
from qkdopt.explaining.question import ask
from qkdopt.problem import Problem


def words_of(problem: Problem, limits: Limits, conflict: Groups, *, irreducible: bool) -> str:
    """Say a conflict in one sentence, with numbers where a count by hand proves it."""
    question = ask(problem, conflict, whole_routes=True)
    homeless = [r for r, own in enumerate(question.problem.routes) if not own]
    if homeless:
        demand = question.problem.instance.demands[homeless[0]]
        name = names_of(question.problem, homeless[:1])
        return f"{name} has no route: nothing joins {demand.source} and {demand.target}"
    cut = find_cut(question.problem, question.problem.routes, rooms_of(question))
    if cut is not None:
        return cut_words(question, cut)
    wanting = [r for r, floor in enumerate(question.floors) if floor]
    if len(wanting) == 1 and problem.instance.qkd.relay == "lightpath":
        told = FloorCase(question, limits, wanting[0]).words()
        if told is not None:
            return told
    return _listed(problem, conflict, irreducible=irreducible)


def _listed(problem: Problem, conflict: Groups, *, irreducible: bool) -> str:
    """Name the groups where no count by hand shows the conflict."""
    named = "; ".join(text_of(problem, group) for group in in_reading_order(conflict))
    spare = " (without any one of them a plan exists)" if irreducible else ""
    return f"no plan keeps all of these rules{spare}: {named}"
