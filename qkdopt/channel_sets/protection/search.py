"""Search for plans that keep a floor under every single failure; every plan is judged exactly.

Demands are placed one by one, each only where everyone keeps the floor under every failure. That
is greedy first, then repaired (some demands out, those left out first in again), and where it is
small enough the same step with backtracking decides whether all demands can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np

from qkdopt.channel_sets.protection.light_paths import ProtectedNetwork
from qkdopt.channel_sets.protection.restoring import Budget, Protection

# Placings tried to restore one cut link's demands; more is seldom better than another plan.
RESTORING = 300
# Places that are looked at to say what stands in a demand's way.
EXPLAINING = 40
# Of the placed demands, how many one repair takes out.
OUT_SHARE, OUT_LEAST = 0.25, 2

Stop = Callable[[], bool]


def insert(plan: Protection, demands: Iterable[int], stop: Stop) -> None:
    """Place each demand where every demand keeps its minimum key rate under every failure.

    Demands for which no such assignment is found are left out.

    Parameters
    ----------
    plan
        Demands placed so far; extended in place.
    demands
        Positions of the demands to place, in this order; none of them is in the plan.
    stop
        Called before every trial; true ends the search.
    """
    for r in demands:
        lit = plan.net.lit(plan.assignments)
        for assignment in plan.net.options(r, lit):
            if stop():
                return
            if plan.place(r, assignment, Budget(RESTORING)):
                break


def repaired(
    plan: Protection, demands: Sequence[int], *, rounds: int, seed: int, stop: Stop
) -> Protection:
    """Take some demands out and place the left-out ones first, round by round.

    Return the plan with the most demands, of several the last; ``plan`` itself where no round
    keeps at least as many.

    Parameters
    ----------
    plan
        Plan to improve; it does not change.
    demands
        Positions of the demands to serve.
    rounds
        Most rounds; fewer where all demands are placed.
    seed
        Seed of the random choice and order of demands.
    stop
        Called before every round and every trial; true ends the search.
    """
    rng = np.random.default_rng(seed)
    best = plan
    for _ in range(rounds):
        missing = [r for r in demands if r not in best.assignments]
        if not missing or stop():
            break
        trial = best.copy()
        count = min(
            len(trial.assignments), max(OUT_LEAST, round(OUT_SHARE * len(trial.assignments)))
        )
        out = [int(r) for r in rng.permutation(sorted(trial.assignments))[:count]]
        for r in out:
            trial.remove(r)
        insert(trial, [*(int(r) for r in rng.permutation(missing)), *out], stop)
        if len(trial.assignments) >= len(best.assignments):
            best = trial
    return best


def complete(
    net: ProtectedNetwork, demands: Sequence[int], budget: Budget, stop: Stop
) -> Protection | None:
    """Place all demands with backtracking; None where there is no way, or the budget ran out.

    Without a demand everyone else keeps at least what they had, so demands that cannot be kept
    cannot be with more: None without ``budget.cut_short`` is a proof.

    Parameters
    ----------
    net
        Problem and minimum key rate.
    demands
        Positions of the demands to place, in this order.
    budget
        Trials left, of placements and restorations together; reduced in place.
    stop
        Called before every trial of a placement; true ends the search as if the budget had ended.
    """

    def descend(plan: Protection, k: int) -> Protection | None:
        if k == len(demands):
            return plan
        for assignment in net.options(demands[k], net.lit(plan.assignments)):
            if stop() or not budget.spend():
                budget.cut_short = True
                return None
            trial = plan.copy()
            if trial.place(demands[k], assignment, budget):
                found = descend(trial, k + 1)
                if found is not None:
                    return found
        return None

    return descend(Protection(net), 0)


def blocking_failures(plan: Protection, r: int) -> tuple[str, ...]:
    """Name the failures that would not be survived were a demand placed where they are fewest."""
    options = islice(plan.net.options(r, plan.net.lit(plan.assignments)), EXPLAINING)
    found = [plan.broken_by(r, assignment, Budget(RESTORING)) for assignment in options]
    if not found:
        return ("no free channel on any of its routes",)
    receivers, cuts = min(found, key=lambda some: len(some[0]) + len(some[1]))
    links = plan.net.problem.instance.network.links
    return (
        *(f"receiver of link {links[e].id}" for e in receivers),
        *(f"link {links[f].id}" for f in cuts),
    )
