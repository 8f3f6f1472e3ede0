"""Fewest moves among equal plans: demands go back in place where that costs nothing."""

from __future__ import annotations

from qkdopt.optimize.incumbent import Incumbent
from qkdopt.problem.moves import moved_back, moved_demands


def move_back(incumbent: Incumbent) -> None:
    """Put moved demands back in place, as long as the plan is no worse for it.

    Parameters
    ----------
    incumbent
        Best plan of a run, improved in place.
    """
    problem = incumbent.problem
    if not problem.movables or incumbent.plan is None:
        return
    improved = True
    while improved:
        plan, _ = incumbent.best()
        improved = False
        for r in moved_demands(problem, plan):
            other = moved_back(problem, plan, r)
            if other is not None and incumbent.offer(other):
                improved = True
                break
