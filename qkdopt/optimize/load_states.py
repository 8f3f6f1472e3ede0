"""The load-state formulation with wavelength assignment: routes by loads, then channels."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qkdopt.adapters import Adapter, Limits, Setting, Status, adapter_of
from qkdopt.adapters import Outcome as SolverOutcome
from qkdopt.bounds.classes import Relaxation, build_relaxation
from qkdopt.errors import LicenceError, SolverFailedError
from qkdopt.milp.loads import LoadModel, build_loads, cut_off, has_key, routes_of_model
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.margins import whole, widened
from qkdopt.optimize.milp import JointRun
from qkdopt.result import Bound, SolverRef

# Share of the relative gap that a solve of the loads may leave open.
MASTER_SHARE = 0.3


class LoadStateRun:
    """Routes by load states, channels by the joint MILP on these routes, until both agree.

    Each routing that the load states value above what its channels can bring is cut off at the
    value that was proved for it: the bound falls and the plan rises until they meet.

    Parameters
    ----------
    incumbent
        Best plan so far; it must hold a plan.
    clock
        Limits and progress.
    joint
        Assigns wavelengths.
    solver
        Name of the adapter.
    seed, threads
        Random seed and number of threads of the solver.
    nodes
        Limit on the branching nodes of each solve, and on the routings tried; None for no limit.
    settings
        The solver's own options; None for its defaults.
    beat
        Number served and objective [bit/s] of a plan elsewhere: the run is done when it cannot
        beat that by more than the gap. None for no such plan.
    relaxation
        The problem's load states, where they were built before; None builds them.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        clock: Clock,
        joint: JointRun,
        *,
        solver: str | Adapter,
        seed: int,
        threads: int,
        nodes: int | None = None,
        settings: Mapping[str, Setting] | None = None,
        beat: tuple[int, float] | None = None,
        relaxation: Relaxation | None = None,
    ) -> None:
        self._settings = settings or {}
        self._beat = beat
        self._nodes = nodes
        self.notes: list[str] = []
        self._incumbent = incumbent
        self._clock = clock
        self._joint = joint
        self._adapter = adapter_of(solver)
        self._seed, self._threads = seed, threads
        self._problem = incumbent.problem
        self.rounds = 0
        self.served_limit = len(self._problem.routes)
        self.bound_bps: float | None = None
        self._bound_for = -1
        self._relaxation = relaxation

    @property
    def solver(self) -> SolverRef:
        """Who answered; the loads are solved without a start."""
        return SolverRef(name=self._adapter.name, version=self._adapter.version())

    def run(self) -> None:
        """Find how many can be served, and then the best plan that serves so many."""
        model = self._clock.within(lambda: self._build(None))
        if model is None:
            return
        outcome = self._solve(model, "load states: number served")
        if outcome.bound is None:
            return
        self.served_limit = min(self.served_limit, whole(outcome.bound))
        while self._incumbent.best()[1].served <= self.served_limit and not self._over():
            if not self._settle(self.served_limit):
                # No routing of so many has wavelengths.
                self.served_limit -= 1
            elif self._bound_for == self.served_limit:
                return

    def as_bound(self) -> Bound:
        """Return what was proved, as results record it."""
        assigned = self._joint.as_bound()
        current = self._bound_for == self._incumbent.best()[1].served
        return Bound(
            objective_bps=self.bound_bps if current else None,
            served=self.served_limit,
            method=(
                f"load states with wavelength assignment ({self.rounds} routings), "
                f"{self._adapter.name} {self._adapter.version()}"
            ),
            routes=self._problem.route_set,
            tolerance_bps=assigned.tolerance_bps,
        )

    def _settle(self, served: int) -> bool:
        """Solve for plans that serve so many; False when it is proved that there is none."""
        self._bound_for, self.bound_bps = served, None
        if served == 0:
            self.bound_bps = 0.0
            return True
        model = self._clock.within(lambda: self._build(served))
        if model is None:
            return True
        unit = model.unit_bps
        # What the total key rate cannot exceed [bit/s].
        ceiling = math.inf if has_key(model) else 0.0
        seen: set[tuple[int, ...]] = set()
        while not self._over():
            outcome = self._solve(model, "load states", scale=unit / served)
            if outcome.status is Status.INFEASIBLE:
                return False
            if outcome.bound is not None:
                ceiling = min(ceiling, widened(outcome.bound) * unit)
            if not math.isfinite(ceiling):
                return True
            self.bound_bps = ceiling / served
            self._clock.report("load states", self._incumbent, self.bound_bps, bound_served=served)
            if self._closed(served) or not outcome.has_solution:
                return True
            routes = tuple(routes_of_model(model))
            if routes in seen:
                # Cut off already: what is left open is the tolerance of its wavelengths' proof.
                return True
            seen.add(routes)
            if not self._assign(model, routes, served, ceiling) or self._closed(served):
                return True
        return True

    def _assign(
        self, model: LoadModel, routes: tuple[int, ...], served: int, ceiling: float
    ) -> bool:
        """Give a routing its wavelengths, and cut it off at what they bring; False to give up."""
        self.rounds += 1
        try:
            possible, max_objective_bps = self._joint.assign_wavelengths(routes, served)
        except LicenceError as error:
            # The loads were small enough, and what they proved stays.
            self.notes.append(str(error))
            return False
        if possible and max_objective_bps is None:
            return False
        cut_off(
            model,
            None if max_objective_bps is None else max_objective_bps / model.unit_bps,
            ceiling / model.unit_bps,
        )
        return True

    def _build(self, served: int | None) -> LoadModel:
        if self._relaxation is None:
            self._relaxation = build_relaxation(self._problem)
        return build_loads(
            self._problem,
            served=served,
            require_size=self._adapter.require_size,
            relaxation=self._relaxation,
        )

    def _over(self) -> bool:
        """Whether time or, in a run limited by nodes, the rounds are used up."""
        return self._clock.over() or (self._nodes is not None and self.rounds >= self._nodes)

    def _closed(self, served: int) -> bool:
        keys = [self._incumbent.best()[1].key, *([self._beat] if self._beat else [])]
        objectives = [objective for count, objective in keys if count == served]
        if not objectives or self.bound_bps is None:
            return False
        return self.bound_bps - max(objectives) <= self._clock.gap * self.bound_bps

    def _solve(self, model: LoadModel, phase: str, *, scale: float | None = None) -> SolverOutcome:
        self._clock.enter(phase)

        def watch(_incumbent: float | None, bound: float | None) -> bool:
            # What the loads are worth without channels is no plan's value.
            solver_bounds = None if scale is None or bound is None else (None, bound * scale)
            self._clock.report(
                phase, self._incumbent, self.bound_bps, bound_served=self._bound_for,
                solver=solver_bounds, by_clock=True,
            )  # fmt: skip
            return not self._clock.over()

        limits = Limits(
            seconds=max(0.0, self._clock.left),
            gap=self._clock.gap * MASTER_SHARE,
            threads=self._threads,
            seed=self._seed,
            nodes=self._nodes,
            options=self._settings,
        )
        outcome = self._adapter.solve(model, limits, watch=watch, over=self._clock.over)
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self._adapter.name} ended with {outcome.message}")
        if outcome.status is Status.LIMIT:
            self._clock.note_limit()
        return outcome
