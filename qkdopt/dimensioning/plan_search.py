"""Look for a plan that meets all needs on given links with QKD equipment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qkdopt.dimensioning.installation import Installation, Lightpaths, Links, meets_all
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic
from qkdopt.heuristics.rounds import SearchRounds
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import MET
from qkdopt.problem.plan import Plan, assess

# Moves of each round, and rounds of each try.
ROUND_MOVES, ROUNDS = 40_000, 3


class PlanSearch:
    """Searches of ``key-factor`` on choices of links, with one count of their moves.

    Parameters
    ----------
    installation
        What there is to choose from.
    seed
        Random seed of every search.
    moves
        Most moves of all searches together; None for no limit.
    over
        Returns whether the time is up.
    """

    def __init__(
        self,
        installation: Installation,
        *,
        seed: int,
        moves: int | None,
        over: Callable[[], bool],
    ) -> None:
        self.installation, self._seed, self._moves = installation, seed, moves
        self._clock_over = over
        self.used = 0

    def over(self) -> bool:
        """Whether time or moves are used up."""
        return self._clock_over() or (self._moves is not None and self.used >= self._moves)

    def plan_on(
        self, links: Links, start: Lightpaths | None = None, rounds: int = ROUNDS
    ) -> Lightpaths | None:
        """Return lightpaths that meet all needs with QKD on these links; None without success.

        Parameters
        ----------
        links
            Links with equipment.
        start
            Lightpaths on other links to begin with; None for none.
        rounds
            Rounds of search, after the first plans.
        """
        problem = self.installation.problem_on(links)
        if problem is None or _lacks_key(problem):
            return None
        problem = _searched(problem)
        best = self._first(problem, start)
        rounds_of = SearchRounds(problem, self._seed)
        for number in range(rounds + 1):
            if meets_all(problem, best):
                return Lightpaths.of(problem, best)
            if number == rounds or self.over():
                return None
            self.used += ROUND_MOVES
            found = rounds_of.search(best, moves=ROUND_MOVES, should_stop=self._clock_over)
            best = max(best, found, key=lambda plan: assess(problem, plan).rank)
        return None

    def _first(self, problem: Problem, start: Lightpaths | None) -> Plan:
        """Return the best of the plans to begin with; the start, where it meets all needs."""
        pinned = problem.moving_only()
        plans = []
        if start is not None:
            plans.append(start.plan(problem))
            if meets_all(problem, plans[0]):
                return plans[0]
        plans += [ds_qkd(pinned), ds_qkd_synergistic(pinned)]
        return max(plans, key=lambda plan: assess(problem, plan).rank)


def _lacks_key(problem: Problem) -> bool:
    """Whether flows of keys cannot meet all needs even where no channel is lit."""
    if problem.instance.qkd.relay != "flow":
        return False
    tables = problem.standing_tables
    rates = tables.candidate_skr_bps(tables.background_noise)
    known = np.arange(rates.shape[1]) < tables.candidate_count[:, None]
    dark_bps = np.where(known, rates, 0.0).max(axis=1)
    served = np.ones(len(problem.routes), dtype=np.bool_)
    return problem.key_flows.factor(problem.needs, served, dark_bps) < MET


def _searched(problem: Problem) -> Problem:
    """Return the problem that is searched: with ``relay = flow`` for the most key delivered.

    All needs are met where all that is asked for is delivered, which is one linear program a plan;
    fair shares of flows are many.
    """
    if problem.instance.qkd.relay != "flow":
        return problem
    return replace(problem, objective="key-delivered")
