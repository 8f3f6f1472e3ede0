"""Which demands in place a round of search may move, where only some of them may."""

from __future__ import annotations

import numpy as np

from qkdopt.heuristics.first_fit import ds_qkd
from qkdopt.problem import Problem
from qkdopt.problem.moves import moved_demands
from qkdopt.problem.plan import Plan


def limits_moves(problem: Problem) -> bool:
    """Whether fewer demands may be moved than are movable."""
    limit = problem.moves_limit
    return limit is not None and limit < len(problem.movables)


def round_of(problem: Problem, start: Plan, seed: int) -> tuple[Problem, Plan]:
    """Return the problem in which one round's demands may move, and where it begins.

    Demands that the start has moved are among them, and others at random up to the limit. Where
    the start has moved as many as may be, every other round begins again with none moved.

    Parameters
    ----------
    problem
        The problem; without movable demands it is returned with the start.
    start
        Plan of the problem within its limit on moves.
    seed
        Random seed of the choice.
    """
    if not problem.movable:
        return problem, start
    movables = problem.movables
    if not limits_moves(problem):
        return problem.moving_only(movables), start
    limit, moved = problem.moves_limit or 0, moved_demands(problem, start)
    if len(moved) >= limit and seed % 2:
        moved, start = (), ds_qkd(problem.moving_only())
    others = np.array([r for r in movables if r not in moved], dtype=np.int64)
    more = np.random.default_rng(seed).permutation(others)[: limit - len(moved)]
    return problem.moving_only({*moved, *more.tolist()}), start
