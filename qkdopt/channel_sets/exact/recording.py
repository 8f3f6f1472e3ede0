"""A plan over a chosen set, written as the result that anybody can check."""

from __future__ import annotations

from qkdopt.checker.numbers import OPTIMAL_GAP
from qkdopt.instance.generation import preset_name
from qkdopt.optimize import solve
from qkdopt.optimize.assemble import lightpaths_of, working_channels_of
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan, assess
from qkdopt.result import Bound, InstanceRef, Result, SavedPlan, SolverRef, Tuning, gap_of

STRATEGY = "exact-set"


def saved(problem: Problem, plan: Plan) -> SavedPlan:
    """Write a plan alone."""
    instance = problem.instance
    exact = assess(problem, plan)
    return SavedPlan(
        instance=InstanceRef(
            name=instance.name, sha256=instance.sha256(), preset=preset_name(instance)
        ),
        objective=problem.objective,
        lightpaths=lightpaths_of(problem, plan),
        qkd=tuple(
            Tuning(link=row.link, channel=row.channel, frequency_thz=row.frequency_thz)
            for row in working_channels_of(problem, plan, exact)
        ),
    )


def recorded(
    problem: Problem,
    plan: Plan,
    bound: Bound | None,
    *,
    gap: float,
    solver: SolverRef,
    seed: int,
    seconds: float,
) -> Result:
    """Write a plan with a bound over all sets; that limits the plan's own set too.

    However wide the gap asked for, ``optimal`` is said only where the checker takes the word.
    """
    instance = problem.instance
    result = solve(instance, strategy="ds-qkd", start=saved(problem, plan), threads=1)
    assert result.value is not None  # the start is a plan
    if bound is not None and bound.served != result.value.served:
        bound = bound.model_copy(update={"objective_bps": None})
    found = gap_of(result.value.objective_bps, None if bound is None else bound.objective_bps)
    proved = bound is not None and bound.served == result.value.served
    closed = proved and found is not None and found <= min(gap, OPTIMAL_GAP)
    return result.model_copy(
        update={
            "strategy": STRATEGY,
            "solver": solver,
            "seed": seed,
            "bound": bound,
            "gap": found,
            "served_proved": proved,
            "status": "optimal" if closed else "feasible",
            "seconds": round(seconds, 3),
        }
    )
