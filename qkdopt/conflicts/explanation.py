"""Explain an instance: can all demands be served, and if not, what stands against it."""

from __future__ import annotations

import math
import threading
import time
from contextlib import nullcontext

from qkdopt.conflicts.conflict import conflict_of, is_irreducible
from qkdopt.conflicts.cut import SECONDS
from qkdopt.conflicts.feasibility import Feasibility, FeasibilityOracle, blocked_of
from qkdopt.conflicts.groups import Group, Groups, all_groups, in_reading_order, text_of
from qkdopt.conflicts.key_routes import advice_of
from qkdopt.conflicts.limits import Limits
from qkdopt.conflicts.order import in_order
from qkdopt.conflicts.phrases import names_of
from qkdopt.conflicts.report import Explanation, Rule
from qkdopt.conflicts.words import words_of
from qkdopt.errors import UsageError
from qkdopt.instance import Instance, NodeId
from qkdopt.problem import Problem, build_problem
from qkdopt.runtime.signals import graceful_sigint

# Shares of the time limit for the first question: local search, then each solver run.
FIRST_SEARCH, FIRST_SOLVER = 0.2, 0.5
# What the words of an answer may take beyond the limit.
WORDS_SECONDS = 0.4


def explain(
    instance: Instance,
    *,
    demand: NodeId | None = None,
    min_skr_bps: float | None = None,
    time_limit: float = 60.0,
    seed: int = 0,
    interruption: threading.Event | None = None,
) -> Explanation:
    """Say whether all demands can be served, each with its floor; if not, which rules conflict.

    Parameters
    ----------
    instance
        The validated instance.
    demand, min_skr_bps
        What if this demand asked for at least this key rate [bit/s]? In place of its own
        floor; both or neither.
    time_limit
        Seconds after which what is known is returned.
    seed
        Of the searches.
    interruption
        Is set by Ctrl-C, which then ends the run with what is known; without it Ctrl-C raises
        ``KeyboardInterrupt``.

    Returns
    -------
    Explanation
        The conflict is over the candidate routes and by the exact key rates.

    Raises
    ------
    UsageError
        Options that are out of range or do not fit together.
    """
    started = time.monotonic()
    _refuse_bad_options(instance, demand, min_skr_bps, time_limit)
    asked = instance if demand is None else _with_floor(instance, demand, min_skr_bps)
    problem = build_problem(asked)
    judge = FeasibilityOracle(
        problem, started + time_limit, seed, interruption or threading.Event()
    )
    with graceful_sigint(judge.interruption) if interruption is not None else nullcontext():
        return _explanation(judge, _position(instance, demand), started, time_limit)


def _explanation(
    judge: FeasibilityOracle, position: int | None, started: float, time_limit: float
) -> Explanation:
    """Decide the question, and look for the conflict where the answer is no."""
    problem = judge.problem
    groups = frozenset(all_groups(problem))
    verdict = judge.verdict(
        groups, search_seconds=FIRST_SEARCH * time_limit, solver_seconds=FIRST_SOLVER * time_limit
    )
    conflict, irreducible = Groups(), False
    if verdict is Feasibility.INFEASIBLE:
        conflict = conflict_of(judge, in_order(problem, position))
        irreducible = is_irreducible(judge, conflict)
    text = _text(judge, verdict, conflict, irreducible=irreducible, time_limit=time_limit)
    return Explanation(
        instance=problem.instance.name,
        feasible={Feasibility.FEASIBLE: True, Feasibility.INFEASIBLE: False}.get(verdict),
        irreducible=irreducible,
        groups=tuple(_rule(problem, group) for group in in_reading_order(conflict)),
        text=text,
        advice=tuple(advice_of(problem, conflict)),
        seconds=round(time.monotonic() - started, 3),
    )


def _refuse_bad_options(
    instance: Instance, demand: NodeId | None, min_skr_bps: float | None, time_limit: float
) -> None:
    faults = []
    if not time_limit > 0.0:
        faults.append(f"time limit = {time_limit:g}; expected more than 0 s")
    if (demand is None) != (min_skr_bps is None):
        faults.append("demand and min-skr go together; expected both or neither")
    if demand is not None and demand not in {known.id for known in instance.demands}:
        faults.append(f"demand = {demand!r}; expected the id of a demand of {instance.name}")
    if min_skr_bps is not None and not (min_skr_bps >= 0.0 and math.isfinite(min_skr_bps)):
        faults.append(f"min-skr = {min_skr_bps:g}; expected a key rate of at least 0 bit/s")
    if faults:
        raise UsageError("; ".join(faults))


def _with_floor(instance: Instance, demand: NodeId, min_skr_bps: float | None) -> Instance:
    demands = tuple(
        one.model_copy(update={"min_skr_bps": min_skr_bps}) if one.id == demand else one
        for one in instance.demands
    )
    return instance.replace(demands=demands)


def _position(instance: Instance, demand: NodeId | None) -> int | None:
    """Position of the demand that the question is about."""
    return next((r for r, one in enumerate(instance.demands) if one.id == demand), None)


def _rule(problem: Problem, group: Group) -> Rule:
    instance = problem.instance
    return Rule(
        kind=group.kind,
        demand=instance.demands[group.number].id if group.of_demand else None,
        link=None if group.of_demand else instance.network.links[group.number].id,
        text=text_of(problem, group),
    )


def _text(
    judge: FeasibilityOracle,
    verdict: Feasibility,
    conflict: Groups,
    *,
    irreducible: bool,
    time_limit: float,
) -> str:
    problem = judge.problem
    count = len(problem.instance.demands)
    if verdict is Feasibility.FEASIBLE:
        floors = sum(bool(demand.min_skr_bps) for demand in problem.instance.demands)
        kept = f", {floors} of them with the least key rate they ask for" if floors else ""
        return f"all {count} demands can be served{kept}: a plan was found"
    if verdict is Feasibility.INFEASIBLE:
        return words_of(
            problem,
            Limits(problem),
            conflict,
            irreducible=irreducible,
            seconds=max(WORDS_SECONDS, min(SECONDS, judge.left)),
        )
    interrupted = judge.interruption.is_set()
    limit = "before the interruption" if interrupted else f"within {time_limit:g} s"
    return (
        f"not decided {limit} whether all {count} demands can be served: "
        f"{_known(judge)}; no proof that more cannot be"
    )


def _known(judge: FeasibilityOracle) -> str:
    """Say what an open question leaves known: the plan that serves the most."""
    found = judge.most_served
    blocked = [] if found is None else blocked_of(found)
    if found is None or not blocked:
        return "no plan was confirmed"
    return f"a plan serves {found.served}, without {names_of(judge.problem, blocked)}"


__all__ = ["explain"]
