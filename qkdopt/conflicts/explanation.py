"""Explain an instance: whether all demands can be served, and if not, which rules conflict.

A deletion filter finds groups of rules that cannot hold together, none of which is spare. Groups
that are probably not in the conflict are dropped first.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

from qkdopt.conflicts.cut import SECONDS, fibres_on, find_cut
from qkdopt.conflicts.feasibility import Feasibility, FeasibilityOracle, blocked_of
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, build_query
from qkdopt.conflicts.groups import Group, Groups, all_groups, in_reading_order, text_of
from qkdopt.conflicts.limits import Limits
from qkdopt.conflicts.min_skr import MinSkrCase, capacities_of
from qkdopt.conflicts.phrases import names_of
from qkdopt.conflicts.report import Explanation, Rule
from qkdopt.conflicts.shared_needs import explain_needs
from qkdopt.conflicts.words import advice_of, words_of
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.instance import Instance, NodeId
from qkdopt.problem import Problem, build_problem
from qkdopt.runtime.signals import graceful_sigint

# Shares of the time limit for the first query: local search, then each solver run.
FIRST_SEARCH, FIRST_SOLVER = 0.2, 0.5
# Seconds that the text of an explanation may take beyond the limit.
WORDS_SECONDS = 0.4
# Positions of the demands and of the links that a proof by hand is about.
Suspects = tuple[frozenset[int], frozenset[int]]


def explain(
    instance: Instance,
    *,
    demand: NodeId | None = None,
    min_skr_bps: float | None = None,
    time_limit: float = 60.0,
    seed: int = 0,
    interruption: threading.Event | None = None,
) -> Explanation:
    """Decide whether all demands can be served at their minimum rates; if not, why not.

    Where keys are shared and demands ask for key: whether all can have what they ask for at once.

    Parameters
    ----------
    instance
        The validated instance.
    demand, min_skr_bps
        What-if analysis: this demand requires at least this key rate [bit/s] in place of its own
        minimum, or asks for it in place of its own need where keys are shared; both or neither.
    time_limit
        Seconds after which the best answer so far is returned.
    seed
        Of the searches.
    interruption
        Is set by Ctrl-C, which then ends the run with the best answer so far; without it Ctrl-C
        raises ``KeyboardInterrupt``.

    Returns
    -------
    Explanation
        The conflict is over the candidate routes and by the exact key rates.

    Raises
    ------
    UsageError
        Options that are out of range or do not fit together.
    UnsupportedError
        The instance limits how many demands may be moved.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> qkdopt.explain(line).feasible
    True
    """
    started = time.monotonic()
    _validate_options(instance, demand, min_skr_bps, time_limit)
    if instance.moves_limit is not None:
        raise UnsupportedError(
            "explain does not cover a limit on moves: leave moves_limit out, or take movable from "
            "the lightpaths that are to stay (docs/brownfield.md)"
        )
    what_if = instance
    if demand is not None:
        what_if = instance.replace(demands={demand: _asking(instance, min_skr_bps)})
    problem = build_problem(what_if)
    oracle = FeasibilityOracle(
        problem, started + time_limit, seed, interruption or threading.Event()
    )
    with graceful_sigint(oracle.interruption) if interruption is not None else nullcontext():
        found = _explanation(oracle, _position(instance, demand), started, time_limit)
        if found.feasible and problem.objective == "key-factor":
            return _with_needs(oracle, found, started, time_limit, seed)
        return found


def _asking(instance: Instance, rate_bps: float | None) -> dict[str, object]:
    """Return the fields of a demand that asks for this key rate."""
    if instance.qkd.key_accounting == "per-demand":
        return {"min_skr_bps": rate_bps}
    need = {"rate_bps": rate_bps, "bits": None, "every_s": None, "per": "demand"}
    return {"key": need if rate_bps else None}


def _with_needs(
    oracle: FeasibilityOracle,
    found: Explanation,
    started: float,
    time_limit: float,
    seed: int,
) -> Explanation:
    """Go on from light for all demands to the key that they ask for."""
    needs = explain_needs(oracle.problem, started + time_limit, seed, oracle.interruption)
    return replace(
        found,
        feasible=needs.feasible,
        text=f"{found.text}; {needs.text}",
        seconds=round(time.monotonic() - started, 3),
    )


def _explanation(
    oracle: FeasibilityOracle, position: int | None, started: float, time_limit: float
) -> Explanation:
    """Decide the whole problem, and search for the conflict where it is infeasible."""
    problem = oracle.problem
    groups = frozenset(all_groups(problem))
    feasibility = oracle.decide(
        groups, search_seconds=FIRST_SEARCH * time_limit, solver_seconds=FIRST_SOLVER * time_limit
    )
    conflict, irreducible = Groups(), False
    if feasibility is Feasibility.INFEASIBLE:
        conflict = conflict_of(oracle, in_order(problem, position))
        irreducible = is_irreducible(oracle, conflict)
    text = _text(oracle, feasibility, conflict, irreducible=irreducible, time_limit=time_limit)
    return Explanation(
        instance=problem.instance.name,
        feasible={Feasibility.FEASIBLE: True, Feasibility.INFEASIBLE: False}.get(feasibility),
        irreducible=irreducible,
        groups=tuple(_rule(problem, group) for group in in_reading_order(conflict)),
        text=text,
        advice=tuple(advice_of(problem, conflict)),
        seconds=round(time.monotonic() - started, 3),
    )


def _validate_options(
    instance: Instance, demand: NodeId | None, min_skr_bps: float | None, time_limit: float
) -> None:
    faults = []
    if not time_limit > 0.0:
        faults.append(f"time limit = {time_limit:g}; expected more than 0 s")
    if (demand is None) != (min_skr_bps is None):
        faults.append("demand and min-skr go together; expected both or neither")
    if demand is not None and demand not in {row.id for row in instance.demands}:
        faults.append(f"demand = {demand!r}; expected the id of a demand of {instance.name}")
    if min_skr_bps is not None and not (min_skr_bps >= 0.0 and math.isfinite(min_skr_bps)):
        faults.append(f"min-skr = {min_skr_bps:g}; expected a key rate of at least 0 bit/s")
    if faults:
        raise UsageError("; ".join(faults))


def _position(instance: Instance, demand: NodeId | None) -> int | None:
    """Return the position of the demand of the what-if analysis."""
    return next((r for r, row in enumerate(instance.demands) if row.id == demand), None)


def _rule(problem: Problem, group: Group) -> Rule:
    instance = problem.instance
    return Rule(
        kind=group.kind,
        demand=instance.demands[group.number].id if group.of_demand else None,
        link=None if group.of_demand else instance.network.links[group.number].id,
        text=text_of(problem, group),
    )


def _text(
    oracle: FeasibilityOracle,
    feasibility: Feasibility,
    conflict: Groups,
    *,
    irreducible: bool,
    time_limit: float,
) -> str:
    problem = oracle.problem
    count = len(problem.instance.demands)
    if feasibility is Feasibility.FEASIBLE:
        with_min_rate = sum(bool(demand.min_skr_bps) for demand in problem.instance.demands)
        kept = (
            f", {with_min_rate} of them with the least key rate they ask for"
            if with_min_rate
            else ""
        )
        return f"all {count} demands can be served{kept}: a plan was found"
    if feasibility is Feasibility.INFEASIBLE:
        return words_of(
            problem,
            Limits(problem),
            conflict,
            irreducible=irreducible,
            seconds=max(WORDS_SECONDS, min(SECONDS, oracle.seconds_left)),
        )
    interrupted = oracle.interruption.is_set()
    limit = "before the interruption" if interrupted else f"within {time_limit:g} s"
    return (
        f"not decided {limit} whether all {count} demands can be served: "
        f"{_best_plan_text(oracle)}; no proof that more cannot be"
    )


def _best_plan_text(oracle: FeasibilityOracle) -> str:
    """Describe the plan that serves the most, where feasibility stays undecided."""
    plan = oracle.most_served
    blocked = [] if plan is None else blocked_of(plan)
    if plan is None or not blocked:
        return "no plan was confirmed"
    return f"a plan serves {plan.served}, without {names_of(oracle.problem, blocked)}"


def conflict_of(oracle: FeasibilityOracle, chunks: Sequence[Sequence[Group]]) -> Groups:
    """Drop groups while what is left stays infeasible.

    Parameters
    ----------
    oracle
        Decides feasibility; it has proved all groups together infeasible.
    chunks
        Every group once. A chunk is dropped whole where that keeps the conflict, and halved
        otherwise; the first are dropped most readily.

    Returns
    -------
    Groups
        Infeasible together. Groups of an undecided query are kept.
    """
    kept = frozenset(group for chunk in chunks for group in chunk)
    waiting = [list(chunk) for chunk in reversed(chunks) if chunk]
    while waiting and oracle.seconds_left > 0.0:
        chunk = waiting.pop()
        rest = kept.difference(chunk)
        if oracle.decide(rest) is Feasibility.INFEASIBLE:
            kept = rest
        elif len(chunk) > 1:
            middle = len(chunk) // 2
            waiting += [chunk[middle:], chunk[:middle]]
    return kept


def is_irreducible(oracle: FeasibilityOracle, conflict: Groups) -> bool:
    """Confirm by completed solves: infeasible together, feasible without any one group."""
    if oracle.decide(conflict) is not Feasibility.INFEASIBLE:
        return False
    return all(oracle.decide(conflict - {group}) is Feasibility.FEASIBLE for group in conflict)


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


__all__ = ["explain"]
