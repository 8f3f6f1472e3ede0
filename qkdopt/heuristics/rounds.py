"""Rounds of search by turns: routes and channels together, and routes first.

Which method finds the better plan depends on the instance: together where links have room, routes
first where they are full. Each gets its turn, and one that improved the plan goes on. What a round
found then gets the best channels of its routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qkdopt.heuristics.channel_program import improve_channels
from qkdopt.heuristics.local_search import local_search
from qkdopt.heuristics.moving import limits_moves, round_of
from qkdopt.heuristics.route_search import route_search
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan, assess


def _routes_of_as_many(problem: Problem, **options: Any) -> Plan:
    return route_search(problem, all_demands=False, **options)


def _cold_search(problem: Problem, **options: Any) -> Plan:
    return local_search(problem, hot=COLD_HOT, **options)


# Routes first of all demands, where some are blocked and the links have room; then of as many.
METHODS: tuple[Callable[..., Plan], ...] = (local_search, route_search, _routes_of_as_many)
# Share of the time left for the first round; it settles how many demands are served.
FIRST_SHARE = 0.1
# Share of the time left for each round after it: slow cooling finds the best plans.
SHARE = 0.5
# A round of fewer seconds a demand cannot cool from a hot start: it begins cold.
COLD_S, COLD_HOT = 0.01, 0.005
# Most time for the channels of a round's routes [s], and its share of the round.
CHANNELS_S, CHANNELS_SHARE = 3.0, 0.15
# A node-limited run repeats exactly: its rounds are limited by moves, not by seconds.
MOVES_OF_ROUNDS = (500_000, 1_500_000)


class SearchRounds:
    """Rounds of search on one problem.

    Parameters
    ----------
    problem
        The problem.
    seed
        Random seed of the first round; each round takes the next one.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self._problem = problem
        self._seed = seed
        self._method = 0
        self._rounds = 0

    def share(self) -> float:
        """Return the share of the time left that the next round should take."""
        # Each choice of demands that may be moved is another round: many short ones.
        return SHARE if self._rounds and not limits_moves(self._problem) else FIRST_SHARE

    @property
    def idle(self) -> bool:
        """Whether there is nothing to search: no demand has a route."""
        return not any(self._problem.routes)

    def _next(self, plan: Plan) -> int:
        """Return the method after the present one; with all served, the last two are the same."""
        everybody = plan.served == len(self._problem.routes)
        return (self._method + 1) % (len(METHODS) - 1 if everybody else len(METHODS))

    def search(
        self,
        start: Plan,
        *,
        seconds: float | None = None,
        moves: int | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Plan:
        """Improve a plan by one round.

        Parameters
        ----------
        start
            Plan to begin with.
        seconds
            Time [s]; None for 1 s. Without meaning where ``moves`` are given.
        moves
            Number of moves; None for a time limit.
        should_stop
            Called often; returns whether to end. None to run to the end.
        """
        last = None if seconds is None else min(CHANNELS_S, CHANNELS_SHARE * seconds)
        cold = seconds is not None and seconds < COLD_S * len(self._problem.routes)
        method = _cold_search if cold else METHODS[self._method]
        if limits_moves(self._problem):
            method = local_search
        problem, start = round_of(self._problem, start, self._seed)
        plan = method(
            problem, seed=self._seed, start=start,
            seconds=None if seconds is None or last is None else seconds - last, moves=moves,
            should_stop=should_stop,
        )  # fmt: skip
        if plan is not start and (should_stop is None or not should_stop()):
            plan = improve_channels(problem, plan, seconds=last)
        improved = assess(problem, plan).rank > assess(problem, start).rank
        if not self._rounds or not (cold or improved):
            self._method = self._next(plan)
        self._rounds += 1
        self._seed += 1
        return plan
