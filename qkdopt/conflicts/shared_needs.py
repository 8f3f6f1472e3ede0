"""Whether all demands can have the key that they ask for at once, and which links stand in the way.

Where keys are shared, what is asked for is met when the factor that all demands get of their needs
is 1 or more. Search and bound of that factor decide; the links of the best plan say the rest.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import numpy as np

from qkdopt.bounds.key_bound import KeyBound
from qkdopt.conflicts.phrases import listed, names_of
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic
from qkdopt.heuristics.rounds import SearchRounds
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import MET
from qkdopt.problem.plan import BLOCKED, Assessment, Plan, assess
from qkdopt.units import FloatArray

# Of the time, before the first bound and for each search after it.
FIRST_SHARE, NEXT_SHARE = 0.25, 0.5
# Links that are named, and demands of each.
MOST_LINKS, MOST_DEMANDS = 3, 8
# Links whose key is used up to this share limit the factor.
TIGHT = 1.0 - 1e-6


@dataclass(frozen=True)
class NeedsAnswer:
    """Whether all needs can be met at once.

    Parameters
    ----------
    feasible
        True: a plan was found. False: none exists. None: not decided in time.
    text
        The answer in the terms of planning.
    """

    feasible: bool | None
    text: str


def explain_needs(
    problem: Problem, deadline: float, seed: int, interruption: threading.Event
) -> NeedsAnswer:
    """Decide whether all demands can have what they ask for at once, and say what limits them.

    Parameters
    ----------
    problem
        The problem; its keys are shared, and some demands ask for key.
    deadline
        When to end, by ``time.monotonic``.
    seed
        Of the search.
    interruption
        Ends the search when it is set.
    """
    problem = replace(problem, objective="key-factor")
    total_bps, everybody = problem.needs.total_bps, len(problem.routes)

    def over() -> bool:
        return interruption.is_set() or time.monotonic() >= deadline

    plan = max(
        (ds_qkd(problem), ds_qkd_synergistic(problem)), key=lambda p: assess(problem, p).rank
    )
    rounds, bound_bps, share = SearchRounds(problem, seed), np.inf, FIRST_SHARE
    proof = KeyBound(problem, everybody)
    while not _meets_all(problem, plan) and bound_bps >= MET * total_bps and not over():
        left = deadline - time.monotonic()
        plan = rounds.search(plan, seconds=max(0.1, share * left), should_stop=over)
        share = NEXT_SHARE
        while not proof.closed and not over():
            proof.tighten(assess(problem, plan).objective_bps, 0.0, over)
            bound_bps = np.inf if proof.objective_bps is None else proof.objective_bps
    return _answer(problem, plan, bound_bps)


def _meets_all(problem: Problem, plan: Plan) -> bool:
    exact = assess(problem, plan)
    served = plan.served == len(problem.routes)
    return served and exact.objective_bps >= MET * problem.needs.total_bps


def _answer(problem: Problem, plan: Plan, bound_bps: float) -> NeedsAnswer:
    needs, count = problem.needs, int((problem.needs.rate_bps > 0.0).sum())
    exact = assess(problem, plan)
    factor = exact.objective_bps / needs.total_bps if plan.served == len(problem.routes) else 0.0
    needed = f"what {count} demands ask for, {needs.total_bps / 1e3:.3f} kbit/s in all,"
    if factor >= MET:
        return NeedsAnswer(
            True, f"{needed} can be met at once: a plan gives all {100.0 * factor:.3g} % of it"
        )
    limits = limits_of(problem, plan, exact)
    best = f"; the best plan found gives all {100.0 * factor:.3g} %" if factor else ""
    if bound_bps < MET * needs.total_bps:
        most = 100.0 * bound_bps / needs.total_bps
        return NeedsAnswer(
            False, f"{needed} cannot be met at once: no plan gives all more than {most:.3g} %{best}"
            + (f": {limits}" if limits else ""),
        )  # fmt: skip
    return NeedsAnswer(
        None, f"not decided in time whether {needed} can be met at once{best}"
        + (f": {limits}" if limits else "") + "; no proof that more cannot be",
    )  # fmt: skip


def limits_of(problem: Problem, plan: Plan, exact: Assessment) -> str:
    """Name the links that limit what all demands get, what they have and what is asked of them.

    Parameters
    ----------
    problem
        The problem, with its keys along the demands' routes; empty with ``relay = flow``.
    plan
        A plan.
    exact
        Its assessment.
    """
    if problem.instance.qkd.relay == "flow":
        return ""
    needs = problem.needs.rate_bps
    crossers: dict[int, list[int]] = {}
    for r, number in enumerate(plan.routes):
        if number != BLOCKED and needs[r] > 0.0:
            for e in problem.routes[r][number].links:
                crossers.setdefault(e, []).append(r)
    if not crossers:
        return ""
    factor = {e: exact.link_skr_bps[e] / needs[own].sum() for e, own in crossers.items()}
    least = min(factor.values(), default=np.inf)
    tight = [e for e in sorted(factor, key=lambda e: factor[e]) if factor[e] * TIGHT <= least]
    return listed([
        _link_words(problem, e, crossers[e], exact.link_skr_bps) for e in tight[:MOST_LINKS]
    ])  # fmt: skip


def _link_words(problem: Problem, e: int, own: list[int], link_skr_bps: FloatArray) -> str:
    """Say what a link has, and what is asked of it."""
    link, needs = problem.instance.network.links[e], problem.needs.rate_bps
    least, most = float(needs[own].min()), float(needs[own].max())
    names = f"{len(own)} demands" if len(own) > MOST_DEMANDS else names_of(problem, own)
    needed = f"{least / 1e3:.3g} kbit/s each"
    if least < most:
        largest = max(own, key=lambda r: needs[r])
        needed = (
            f"{float(needs[own].sum()) / 1e3:.3g} kbit/s together, demand "
            f"{problem.instance.demands[largest].id} for {most / 1e3:.3g} kbit/s"
        )
    verb = "ask" if len(own) > 1 else "asks"
    rate = f"{link_skr_bps[e] / 1e3:.3g} kbit/s"
    return f"link {link.id} has {rate}, of which {names} {verb} for {needed}"


__all__ = ["NeedsAnswer", "explain_needs", "limits_of"]
