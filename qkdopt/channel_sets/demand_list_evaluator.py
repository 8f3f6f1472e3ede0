"""A fixed list of demands: what a placement earns when they are assigned as well as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qkdopt.channel_sets.evaluator import Diagnostics, PoolEvaluator
from qkdopt.channel_sets.exact.static import MOVES, assigned_value, static_plan
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import STREAMS, SUMS
from qkdopt.problem import Problem
from qkdopt.problem.plan import lit_channels
from qkdopt.problem.routes import Route, candidate_routes
from qkdopt.units import FloatArray

# Seconds, about, of one assignment of a demand, and of so many moves of the search.
SECONDS_PER_DEMAND, SECONDS_PER_MOVE = 1e-3, 2e-6


@dataclass(frozen=True, kw_only=True)
class DemandListEvaluator(PoolEvaluator):
    """The demands of one instance under every scenario; their loads do not matter.

    A block is one assignment from another seed, the same seed for all placements: intervals say
    how much the heuristic's luck matters.

    Parameters
    ----------
    instance, reserve, scenarios, seed
        See :class:`qkdopt.channel_sets.evaluator.PoolEvaluator`.
    moves
        Of the local search, for each assignment.
    """

    moves: int = MOVES

    def faults(self) -> Iterator[str]:
        """Yield what is out of range."""
        yield from super().faults()
        if not self.instance.demands:
            yield "the instance has no demands; expected some to assign"
        worlds = {(one.raman_scale, one.loss, one.raman_profile) for one in self.scenarios}
        if len(worlds) < len(self.scenarios):
            yield "scenarios differ in load alone; expected others: demands have no load"
        if self.moves < 1:
            yield f"moves = {self.moves}; expected at least 1"

    @property
    def titles(self) -> list[str]:
        """Words for each scenario; loads do not matter."""
        return [scenario.title_without_load for scenario in self.scenarios]

    def plain(self) -> dict[str, Any]:
        """Say in plain data what sets are tried on, for people."""
        return super().plain() | {"moves": self.moves}

    def seconds(self, blocks: int) -> float:
        """How long one placement takes on so many blocks, about."""
        each = SECONDS_PER_DEMAND * len(self.instance.demands) + SECONDS_PER_MOVE * self.moves
        return blocks * each * len(self.scenarios)

    def tallies(
        self, placements: Sequence[Placement], stream: str, first: int, count: int
    ) -> FloatArray:
        """Return ``(placements, count, scenarios, SUMS)`` of one assignment each."""
        found = np.zeros((len(placements), count, len(self.scenarios), SUMS))
        for p, placement in enumerate(placements):
            for s, scenario in enumerate(self.scenarios):
                problem = self._problem(scenario, placement)
                for k in range(count):
                    seed = self._seed(STREAMS[stream] + first + k)
                    found[p, k, s] = assigned_value(problem, seed=seed, moves=self.moves)
        return found

    def diagnostics(self, placement: Placement, blocks: int) -> Iterator[Diagnostics]:
        """Look at one assignment after the other under the first scenario."""
        problem = self._problem(self.scenarios[0], placement)
        for k in range(blocks):
            seed = self._seed(STREAMS["ranking"] + k)
            plan = static_plan(problem, seed=seed, moves=self.moves)
            light = (lit_channels(problem, plan) > 0).astype(np.float64)
            yield Diagnostics(light, np.array(plan.working, dtype=np.int64))

    def _problem(self, scenario: Scenario, placement: Placement) -> Problem:
        tables = self.tables(scenario, placement)
        return Problem(instance=tables.instance, tables=tables, routes=self._routes)

    @cached_property
    def _routes(self) -> tuple[tuple[Route, ...], ...]:
        """Candidate routes; they are by length, and no scenario changes that."""
        return candidate_routes(self.instance)

    def _seed(self, block: int) -> int:
        return int(np.random.SeedSequence([self.seed, block]).generate_state(1)[0])
