"""Decide feasibility queries: by a plan, by a proof that none exists, or not in time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pyomo.environ as pyo

from qkdopt.adapters import Limits as SolverLimits
from qkdopt.adapters import Outcome, Status, adapter_of
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, build_query, is_satisfied
from qkdopt.conflicts.groups import Groups
from qkdopt.conflicts.limits import Limits
from qkdopt.conflicts.models import channel_model, route_model
from qkdopt.errors import SolverFailedError
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.spectrum import drop_below_min_rate
from qkdopt.milp import plan_of_model
from qkdopt.milp.variables import JointModel
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, Plan
from qkdopt.runtime.deadline import within

# Seconds of one solver run and of one local search inside the filter.
SOLVER_SECONDS = 10.0
SEARCH_SECONDS = 0.5
# Share of a search that comes before any channel is left to the solver.
SHORT = 0.2
CHUNK_MOVES = 20_000
# Search temperature [bit/s]: serving more is always accepted, this only shakes the rest.
HEAT_BPS = 200.0
# Shares by which noise stays below its limits, until the exact rates agree.
MARGINS = (0.0, 1e-3, 5e-2)


class Feasibility(Enum):
    """State of a feasibility query."""

    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass
class FeasibilityOracle:
    """Decides feasibility queries of one problem, and remembers the decisions.

    Parameters
    ----------
    problem
        The problem with all its rules.
    deadline
        ``time.monotonic()`` at which it has to end.
    seed
        Of the searches and the solver.
    interruption
        Set when the user ends the run: no time is left then.
    """

    problem: Problem
    deadline: float
    seed: int = 0
    interruption: threading.Event = field(default_factory=threading.Event)
    decisions: dict[Groups, Feasibility] = field(default_factory=dict)
    most_served: Plan | None = None

    def __post_init__(self) -> None:
        self._limits = Limits(self.problem)
        self._adapter = adapter_of("highs")

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        return 0.0 if self.interruption.is_set() else self.deadline - time.monotonic()

    def _is_over(self) -> bool:
        return self.seconds_left <= 0.0

    def decide(
        self,
        groups: Groups,
        *,
        search_seconds: float = SEARCH_SECONDS,
        solver_seconds: float = SOLVER_SECONDS,
    ) -> Feasibility:
        """Decide whether these groups of rules can hold together.

        Parameters
        ----------
        groups
            Rules to keep; all others are dropped.
        search_seconds, solver_seconds
            Time limits of the local search and of each solver run [s].

        Raises
        ------
        SolverFailedError
            The solver failed.
        """
        implied = self._implied(groups)
        if implied is not None:
            return implied
        if self.seconds_left <= 0.0:
            return Feasibility.UNKNOWN
        feasibility = self._decide_query(
            build_query(self.problem, groups), search_seconds, solver_seconds
        )
        if feasibility is not Feasibility.UNKNOWN:
            self.decisions[groups] = feasibility
        return feasibility

    def _implied(self, groups: Groups) -> Feasibility | None:
        """Return what earlier decisions imply: dropping rules never loses a plan."""
        for decided, feasibility in self.decisions.items():
            if feasibility is Feasibility.FEASIBLE and groups <= decided:
                return feasibility
            if feasibility is Feasibility.INFEASIBLE and groups >= decided:
                return feasibility
        return None

    def _decide_query(
        self, query: FeasibilityQuery, search_seconds: float, solver_seconds: float
    ) -> Feasibility:
        if not query.demands:
            return Feasibility.FEASIBLE
        if not all(query.problem.routes):
            return Feasibility.INFEASIBLE
        routes = within(self._is_over, lambda: route_model(query, self._limits))
        if routes is None:
            return Feasibility.UNKNOWN
        outcome = self._solve(routes, solver_seconds)
        if outcome.status is Status.INFEASIBLE:
            return Feasibility.INFEASIBLE
        if self._search(query, search_seconds * SHORT):
            return Feasibility.FEASIBLE
        if outcome.has_solution and self._on_routes(query, routes, solver_seconds):
            return Feasibility.FEASIBLE
        if self._search(query, search_seconds):
            return Feasibility.FEASIBLE
        return self._with_channels(query, solver_seconds)

    def _search(self, query: FeasibilityQuery, seconds: float) -> bool:
        """Search for a plan by first fit and local search, which keep all link rules."""
        problem = query.problem
        plan = ds_qkd(problem)
        self._keep(query, plan)
        if is_satisfied(query, plan):
            return True
        if query.shares_channels or self.seconds_left <= 0.0:
            return False
        search = Search.begin(problem, plan, self.seed)
        end = time.monotonic() + min(seconds, self.seconds_left)
        while search.served < len(query.demands) and time.monotonic() < end:
            if self._is_over():
                break
            search.anneal(CHUNK_MOVES, HEAT_BPS, HEAT_BPS)
        self._keep(query, search.best())
        return is_satisfied(query, search.best())

    def _keep(self, query: FeasibilityQuery, plan: Plan) -> None:
        """Remember the plan that serves the most, of those for the whole problem."""
        if len(query.demands) != len(self.problem.routes) or query.shared:
            return
        # Search leaves four-wave mixing out: a demand below its minimum with it is not served.
        kept = drop_below_min_rate(query.problem, list(plan.routes), list(plan.channels))
        if self.most_served is None or kept.served > self.most_served.served:
            self.most_served = kept

    def _on_routes(self, query: FeasibilityQuery, routes: JointModel, seconds: float) -> bool:
        """Tell whether a plan exists on the routes of a solved route model."""
        chosen = [
            int(np.argmax([routes.x[r, p].value for p in range(len(options))]))
            for r, options in enumerate(query.problem.routes)
        ]
        pairs = zip(query.problem.routes, chosen, strict=True)
        restricted = replace(query.problem, routes=tuple((options[p],) for options, p in pairs))
        return (
            self._with_channels(replace(query, problem=restricted), seconds) is Feasibility.FEASIBLE
        )

    def _with_channels(self, query: FeasibilityQuery, seconds: float) -> Feasibility:
        """Solve with every channel; a plan counts only when the exact rates agree."""
        for margin in MARGINS:
            model = self._channel_model(query, margin)
            if model is None:
                return Feasibility.UNKNOWN
            outcome = self._solve(model, seconds)
            if outcome.has_solution and is_satisfied(query, plan_of_model(model)):
                return Feasibility.FEASIBLE
            if outcome.status is Status.INFEASIBLE and margin == 0.0:
                return Feasibility.INFEASIBLE
            if not outcome.has_solution:
                return Feasibility.UNKNOWN
        return Feasibility.UNKNOWN

    def _channel_model(self, query: FeasibilityQuery, margin: float) -> JointModel | None:
        """Build the model with every channel; None when time is up before."""
        return within(self._is_over, lambda: channel_model(query, self._limits, margin))

    def _solve(self, model: pyo.ConcreteModel, seconds: float) -> Outcome:
        limits = SolverLimits(
            seconds=max(0.1, min(seconds, self.seconds_left)), gap=1.0, threads=1, seed=self.seed
        )
        outcome = self._adapter.solve(
            model, limits, watch=lambda *_: not self._is_over(), over=self._is_over
        )
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self._adapter.name} ended with {outcome.message}")
        return outcome


def blocked_of(plan: Plan) -> list[int]:
    """Return the positions of the demands that a plan does not serve."""
    return [r for r, route in enumerate(plan.routes) if route == BLOCKED]
