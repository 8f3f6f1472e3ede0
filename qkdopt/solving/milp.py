"""Strategy ``milp``: the joint MILP alone, first the number served, then the objective."""

from __future__ import annotations

import math

import pyomo.environ as pyo

from qkdopt.adapters import Adapter, Limits, Status, adapter_of
from qkdopt.adapters import Outcome as SolverOutcome
from qkdopt.errors import SolverFailedError
from qkdopt.model import Linearised, build_joint, linearise_links, plan_of_model, set_start
from qkdopt.plan import BLOCKED, Plan, assess
from qkdopt.problem import Problem
from qkdopt.result import Bound, SolverRef
from qkdopt.solving.clock import Clock
from qkdopt.solving.incumbent import Incumbent
from qkdopt.solving.outcome import Outcome

# Share of the relative gap that the linearisation may use up.
TOLERANCE_SHARE = 0.3
# Solver tolerances let a solution be worth this much more than it is, relatively.
SOLVER_MARGIN = 2e-6
SERVED_MARGIN = 1e-4
KILO = 1e3


class JointRun:
    """The joint MILP of one problem, solved in two phases.

    Parameters
    ----------
    incumbent
        Best plan so far: the start, and where better plans go.
    clock
        Limits and progress.
    solver
        Name of the adapter.
    seed, threads, nodes
        For the solver.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        clock: Clock,
        *,
        solver: str,
        seed: int,
        threads: int,
        nodes: int | None = None,
    ) -> None:
        self._incumbent = incumbent
        self._clock = clock
        self._adapter: Adapter = adapter_of(solver)
        self._seed, self._threads, self._nodes = seed, threads, nodes
        self._pieces: dict[tuple[int, int], Linearised] | None = None
        self._start_accepted: bool | None = None
        self.served_limit = len(incumbent.problem.routes)
        self.bound_bps: float | None = None

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self._incumbent.problem

    @property
    def solver(self) -> SolverRef:
        """Who answered, and whether the start was taken."""
        return SolverRef(
            name=self._adapter.name,
            version=self._adapter.version(),
            start_accepted=self._start_accepted,
        )

    def prove_served(self) -> None:
        """Find the most demands that can be served, and prove it."""
        plan, exact = self._incumbent.best()
        if exact.served == self.served_limit:
            return
        model = build_joint(self.problem, self._linearised(), served=None)
        set_start(model, plan)
        outcome = self._solve(model, "milp: number served")
        if outcome.has_solution:
            self._offer(plan_of_model(model))
        if outcome.bound is not None:
            limit = math.floor(outcome.bound + SERVED_MARGIN)
            self.served_limit = max(min(self.served_limit, limit), 0)

    def prove_objective(self) -> None:
        """Find and prove the best objective at the incumbent's number served."""
        plan, exact = self._incumbent.best()
        if exact.served == 0 and self.problem.objective != "link-sum":
            self.bound_bps = 0.0
            return
        model = build_joint(self.problem, self._linearised(), served=exact.served)
        set_start(model, plan)
        outcome = self._solve(model, "milp: objective")
        self._start_accepted = outcome.start_accepted
        if outcome.has_solution:
            self._offer(plan_of_model(model))
        if outcome.bound is not None and self._incumbent.best()[1].served == exact.served:
            scale = exact.served if self.problem.objective == "mean" else 1
            bound = outcome.bound * KILO * (1.0 + SOLVER_MARGIN) / scale
            self.bound_bps = max(0.0, bound)

    def as_bound(self) -> Bound:
        """Return what was proved, as results record it."""
        pieces = self._pieces or {}
        return Bound(
            objective_bps=self.bound_bps,
            served=self.served_limit,
            method=f"joint MILP, {self._adapter.name} {self._adapter.version()}",
            routes=self.problem.route_set,
            tolerance_bps=max((piece.error_bps for piece in pieces.values()), default=0.0),
        )

    def _linearised(self) -> dict[tuple[int, int], Linearised]:
        if self._pieces is None:
            rate = max(1.0, self._incumbent.best()[1].objective_bps)
            if self.problem.objective == "link-sum":
                rate /= max(1, len(self.problem.tables.candidates))
            tolerance = max(1e-2, TOLERANCE_SHARE * self._clock.gap * rate)
            self._pieces = linearise_links(self.problem, tolerance)
        return self._pieces

    def _offer(self, plan: Plan) -> None:
        """Take a plan of the solver's, unless the exact rates break one of its floors."""
        rates = assess(self.problem, plan).demand_skr_bps
        floors = (demand.min_skr_bps or 0.0 for demand in self.problem.instance.demands)
        pairs = zip(plan.routes, rates, floors, strict=True)
        if all(route == BLOCKED or rate >= floor for route, rate, floor in pairs):
            self._incumbent.offer(plan)

    def _solve(self, model: pyo.ConcreteModel, phase: str) -> SolverOutcome:
        def watch(*_: float | None) -> bool:
            self._clock.report(phase, self._incumbent)
            return not self._clock.over()

        limits = Limits(
            seconds=self._clock.left,
            gap=self._clock.gap * (1.0 - TOLERANCE_SHARE) * 0.9,
            threads=self._threads,
            seed=self._seed,
            nodes=self._nodes,
        )
        outcome = self._adapter.solve(model, limits, start=True, watch=watch)
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self._adapter.name} ended with {outcome.message}")
        return outcome


def run_milp(
    incumbent: Incumbent,
    clock: Clock,
    *,
    solver: str,
    seed: int,
    threads: int,
    node_limit: int | None,
) -> Outcome:
    """Solve the joint MILP from the incumbent and return what was proved."""
    run = JointRun(incumbent, clock, solver=solver, seed=seed, threads=threads, nodes=node_limit)
    try:
        run.prove_served()
        run.prove_objective()
    except KeyboardInterrupt:
        clock.interrupt()
    return Outcome(bound=run.as_bound(), solver=run.solver)
