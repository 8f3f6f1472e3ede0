"""Evaluator for a fixed list of demands, assigned by local search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qkdopt.channel_sets.evaluator import Diagnostics, PoolEvaluator
from qkdopt.channel_sets.exact.static import MOVES, assigned_value, static_plan
from qkdopt.channel_sets.objective import objective_of_sets
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import STREAMS, SUMS
from qkdopt.errors import UsageError
from qkdopt.problem import Problem
from qkdopt.problem.plan import lit_channels
from qkdopt.problem.routes import Route, candidate_routes
from qkdopt.result import Objective
from qkdopt.units import FloatArray

# Approximate seconds of one assignment of a demand, and of one move of the search.
SECONDS_PER_DEMAND, SECONDS_PER_MOVE = 1e-3, 2e-6


@dataclass(frozen=True, kw_only=True)
class DemandListEvaluator(PoolEvaluator):
    """Evaluates placements on the demands of one instance under every scenario.

    Loads do not matter. A block is one assignment from another seed, the same seed for all
    placements: intervals measure the spread of the heuristic.

    Parameters
    ----------
    instance, reserve, scenarios, seed
        See :class:`qkdopt.channel_sets.evaluator.PoolEvaluator`.
    moves
        Moves of the local search, for each assignment.
    objective
        What an assignment is worth; None for ``mean``, or ``key-factor`` where keys are shared.
    """

    moves: int = MOVES
    objective: Objective | None = None

    def faults(self) -> Iterator[str]:
        """Yield options that are out of range."""
        yield from super().faults()
        if not self.instance.demands:
            yield "the instance has no demands; expected some to assign"
        states = {
            (scenario.raman_scale, scenario.loss, scenario.raman_profile)
            for scenario in self.scenarios
        }
        if len(states) < len(self.scenarios):
            yield "scenarios differ in load alone; expected others: demands have no load"
        if self.moves < 1:
            yield f"moves = {self.moves}; expected at least 1"
        try:
            objective_of_sets(self.instance, self.objective)
        except UsageError as error:
            yield str(error)

    @property
    def titles(self) -> list[str]:
        """Return a title of each scenario, without its load."""
        return [scenario.title_without_load for scenario in self.scenarios]

    def plain(self) -> dict[str, Any]:
        """Return the evaluator as plain data to display."""
        plain = super().plain() | {"moves": self.moves}
        # Without shared keys there is one objective, which older evaluations do not name.
        return plain if self._objective == "mean" else plain | {"objective": self._objective}

    @property
    def _objective(self) -> Objective:
        return objective_of_sets(self.instance, self.objective)

    def seconds(self, blocks: int) -> float:
        """Return the approximate seconds of one placement on a number of blocks."""
        each = SECONDS_PER_DEMAND * len(self.instance.demands) + SECONDS_PER_MOVE * self.moves
        return blocks * each * len(self.scenarios)

    def tallies(
        self, placements: Sequence[Placement], stream: str, first: int, count: int
    ) -> FloatArray:
        """Return ``(placements, count, scenarios, SUMS)`` of one assignment each.

        Parameters
        ----------
        placements, stream, first, count
            See :meth:`qkdopt.channel_sets.evaluations.Evaluator.tallies`.
        """
        tallies = np.zeros((len(placements), count, len(self.scenarios), SUMS))
        for p, placement in enumerate(placements):
            for s, scenario in enumerate(self.scenarios):
                problem = self._problem(scenario, placement)
                for k in range(count):
                    seed = self._seed(STREAMS[stream] + first + k)
                    tallies[p, k, s] = assigned_value(problem, seed=seed, moves=self.moves)
        return tallies

    def diagnostics(self, placement: Placement, blocks: int) -> Iterator[Diagnostics]:
        """Yield the network's state in each assignment under the first scenario."""
        problem = self._problem(self.scenarios[0], placement)
        for k in range(blocks):
            seed = self._seed(STREAMS["ranking"] + k)
            plan = static_plan(problem, seed=seed, moves=self.moves)
            lit = (lit_channels(problem, plan) > 0).astype(np.float64)
            yield Diagnostics(lit, np.array(plan.working, dtype=np.int64))

    def _problem(self, scenario: Scenario, placement: Placement) -> Problem:
        tables = self.tables(scenario, placement)
        return Problem(
            instance=tables.instance, tables=tables, routes=self._routes, objective=self._objective
        )

    @cached_property
    def _routes(self) -> tuple[tuple[Route, ...], ...]:
        """Return candidate routes; they are ordered by length, which no scenario changes."""
        return candidate_routes(self.instance)

    def _seed(self, block: int) -> int:
        return int(np.random.SeedSequence([self.seed, block]).generate_state(1)[0])
