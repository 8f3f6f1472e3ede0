"""Decide questions: a plan that answers one, a proof that none does, or neither in time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pyomo.environ as pyo

from qkdopt.adapters import Limits as SolverLimits
from qkdopt.adapters import Outcome, Status, adapter_of
from qkdopt.conflicts.feasibility_query import FeasibilityQuery, answers, ask
from qkdopt.conflicts.groups import Groups
from qkdopt.conflicts.limits import Limits
from qkdopt.conflicts.models import channel_model, route_model
from qkdopt.errors import SolverFailedError
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.spectrum import finished
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
    """What is known of a question."""

    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass
class FeasibilityOracle:
    """Answers questions about one problem, and remembers the answers.

    Parameters
    ----------
    problem
        The problem with all its rules.
    deadline
        ``time.monotonic()`` at which it has to end.
    seed
        Of the searches and the solver.
    interruption
        Set by the user, who asks for the end: no time is left then.
    """

    problem: Problem
    deadline: float
    seed: int = 0
    interruption: threading.Event = field(default_factory=threading.Event)
    known: dict[Groups, Feasibility] = field(default_factory=dict)
    most_served: Plan | None = None

    def __post_init__(self) -> None:
        self._limits = Limits(self.problem)
        self._adapter = adapter_of("highs")

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return 0.0 if self.interruption.is_set() else self.deadline - time.monotonic()

    def _over(self) -> bool:
        return self.left <= 0.0

    def verdict(
        self,
        groups: Groups,
        *,
        search_seconds: float = SEARCH_SECONDS,
        solver_seconds: float = SOLVER_SECONDS,
    ) -> Feasibility:
        """Decide whether these groups of rules can hold together."""
        followed = self._followed(groups)
        if followed is not None:
            return followed
        if self.left <= 0.0:
            return Feasibility.UNKNOWN
        found = self._decide(ask(self.problem, groups), search_seconds, solver_seconds)
        if found is not Feasibility.UNKNOWN:
            self.known[groups] = found
        return found

    def _followed(self, groups: Groups) -> Feasibility | None:
        """Return what earlier answers tell: dropping rules never loses a plan."""
        for known, verdict in self.known.items():
            if verdict is Feasibility.FEASIBLE and groups <= known:
                return verdict
            if verdict is Feasibility.INFEASIBLE and groups >= known:
                return verdict
        return None

    def _decide(
        self, question: FeasibilityQuery, search_seconds: float, solver_seconds: float
    ) -> Feasibility:
        if not question.demands:
            return Feasibility.FEASIBLE
        if not all(question.problem.routes):
            return Feasibility.INFEASIBLE
        routes = within(self._over, lambda: route_model(question, self._limits))
        if routes is None:
            return Feasibility.UNKNOWN
        found = self._solve(routes, solver_seconds)
        if found.status is Status.INFEASIBLE:
            return Feasibility.INFEASIBLE
        if self._search(question, search_seconds * SHORT):
            return Feasibility.FEASIBLE
        if found.has_solution and self._on_routes(question, routes, solver_seconds):
            return Feasibility.FEASIBLE
        if self._search(question, search_seconds):
            return Feasibility.FEASIBLE
        return self._with_channels(question, solver_seconds)

    def _search(self, question: FeasibilityQuery, seconds: float) -> bool:
        """Look for a plan by first fit and local search, which know no dropped link rules."""
        problem = question.problem
        plan = ds_qkd(problem)
        self._keep(question, plan)
        if answers(question, plan):
            return True
        if question.shares_light or self.left <= 0.0:
            return False
        search = Search.begin(problem, plan, self.seed)
        end = time.monotonic() + min(seconds, self.left)
        while search.served < len(question.demands) and time.monotonic() < end:
            if self._over():
                break
            search.anneal(CHUNK_MOVES, HEAT_BPS, HEAT_BPS)
        self._keep(question, search.best())
        return answers(question, search.best())

    def _keep(self, question: FeasibilityQuery, plan: Plan) -> None:
        """Remember the plan that serves the most, of those for the whole problem."""
        if len(question.demands) != len(self.problem.routes) or question.shared:
            return
        # Search leaves four-wave mixing out: who is below a floor with it is not served.
        kept = finished(question.problem, list(plan.routes), list(plan.channels))
        if self.most_served is None or kept.served > self.most_served.served:
            self.most_served = kept

    def _on_routes(self, question: FeasibilityQuery, routes: JointModel, seconds: float) -> bool:
        """Whether channels are found on the routes of a solved route model."""
        chosen = [
            int(np.argmax([routes.x[r, p].value for p in range(len(options))]))
            for r, options in enumerate(question.problem.routes)
        ]
        pairs = zip(question.problem.routes, chosen, strict=True)
        narrow = replace(question.problem, routes=tuple((options[p],) for options, p in pairs))
        return (
            self._with_channels(replace(question, problem=narrow), seconds) is Feasibility.FEASIBLE
        )

    def _with_channels(self, question: FeasibilityQuery, seconds: float) -> Feasibility:
        """Solve with every channel; a plan counts only when the exact rates agree."""
        for margin in MARGINS:
            model = self._channel_model(question, margin)
            if model is None:
                return Feasibility.UNKNOWN
            found = self._solve(model, seconds)
            if found.has_solution and answers(question, plan_of_model(model)):
                return Feasibility.FEASIBLE
            if found.status is Status.INFEASIBLE and margin == 0.0:
                return Feasibility.INFEASIBLE
            if not found.has_solution:
                return Feasibility.UNKNOWN
        return Feasibility.UNKNOWN

    def _channel_model(self, question: FeasibilityQuery, margin: float) -> JointModel | None:
        """Build the model with every channel; None when time is up before."""
        return within(self._over, lambda: channel_model(question, self._limits, margin))

    def _solve(self, model: pyo.ConcreteModel, seconds: float) -> Outcome:
        limits = SolverLimits(
            seconds=max(0.1, min(seconds, self.left)), gap=1.0, threads=1, seed=self.seed
        )
        outcome = self._adapter.solve(
            model, limits, watch=lambda *_: not self._over(), over=self._over
        )
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self._adapter.name} ended with {outcome.message}")
        return outcome


def blocked_of(plan: Plan) -> list[int]:
    """Positions of the demands that a plan does not serve."""
    return [r for r, route in enumerate(plan.routes) if route == BLOCKED]
