"""The joint MILP and its textbook variant: number served, then objective, then fewest moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pyomo.environ as pyo

from qkdopt.adapters import Adapter, Limits, Setting, Status, adapter_of
from qkdopt.adapters import Outcome as SolverOutcome
from qkdopt.errors import SolverFailedError
from qkdopt.milp import (
    Linearised,
    build_joint,
    linearise_links,
    min_size,
    plan_of_model,
    set_start,
)
from qkdopt.milp.kept import count_kept
from qkdopt.milp.keyed import count_keyed, min_keyed
from qkdopt.milp.scales import rate_cap_bps, stated_error_bps
from qkdopt.milp.shared_keys import needs_in_units, shares_keys, worth_of_key
from qkdopt.milp.variables import JointModel
from qkdopt.milp.wavelengths import group_by_route
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.fewest_moves import move_back
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.margins import NOTHING, lowered, whole, widened
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.problem.moves import moved_demands
from qkdopt.problem.own_light import max_rates_bps, rate_beside
from qkdopt.problem.plan import BLOCKED, Plan, assess
from qkdopt.result import Bound, SolverRef

# Share of the relative gap that the linearisation may use up.
TOLERANCE_SHARE = 0.3
# Of what the linearisation leaves of the gap: the rest is for margins.
SOLVER_SHARE = 0.9
# Finer pieces than this tell nothing: rates are known to far less.
FINEST_BPS = 1e-2
# How often the fewest moves are looked for with finer pieces, and how much finer.
REFINEMENTS, REFINED = 3, 30.0

Build = Callable[..., JointModel]


class JointRun:
    """The joint MILP of one problem, solved in two phases, three where demands may be moved.

    Parameters
    ----------
    incumbent
        Best plan so far: the start, and where better plans go.
    clock
        Limits and progress.
    solver
        Name of the adapter.
    seed, threads
        Random seed and number of threads of the solver.
    nodes
        Limit on the branching nodes of each solve; None for no limit.
    build
        Formulation of the problem.
    linearisation
        Largest error of the linearised key rate, relative to the mean rate of the first
        incumbent; None for a share of the gap.
    settings
        The solver's own options; None for its defaults.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        clock: Clock,
        *,
        solver: str | Adapter,
        seed: int,
        threads: int,
        nodes: int | None = None,
        build: Build = build_joint,
        linearisation: float | None = None,
        settings: Mapping[str, Setting] | None = None,
    ) -> None:
        self._settings = settings or {}
        self._linearisation = linearisation
        self._build = build
        self._name = "joint MILP" if build is build_joint else "textbook MILP"
        self._incumbent = incumbent
        self._clock = clock
        self._adapter: Adapter = adapter_of(solver)
        self._seed, self._threads, self._nodes = seed, threads, nodes
        self._segments: dict[tuple[int, int], Linearised] | None = None
        self._start_accepted: bool | None = None
        self._error_bps = 0.0
        self.served_limit = routable(incumbent.problem)
        self.bound_bps: float | None = None
        self.moved_at_least: int | None = None
        self.notes: list[str] = []

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

    def run(self) -> None:
        """First the number served, then the objective, then the fewest moves."""
        self.prove_served()
        self.prove_objective()
        self.prove_moves()

    def prove_served(self) -> None:
        """Find the most demands that can be served, and prove it."""
        plan, exact = self._incumbent.best()
        if self._clock.within(self._linearised) is None:
            return
        size = min_size(self.problem, self._linearised(), served=exact.served)
        self._adapter.require_size(*size)
        if exact.served == self.served_limit:
            return
        model = self._clock.within(lambda: self._built(plan, None))
        if model is None:
            return
        outcome = self._solve(model, "milp: number served")
        if outcome.has_solution:
            offer_if_legal(self._incumbent, plan_of_model(model))
        if outcome.bound is not None:
            self.served_limit = min(self.served_limit, whole(outcome.bound))

    def prove_objective(self) -> None:
        """Find and prove the best objective at the incumbent's number served."""
        plan, exact = self._incumbent.best()
        if not can_have_key(self.problem, exact.served):
            self.bound_bps = 0.0
            return
        model = self._clock.within(lambda: self._built(plan, exact.served))
        if model is None:
            return
        scale = self._scale(model, exact.served)
        outcome = self._solve(model, "milp: objective", scale=scale, served=exact.served)
        self._start_accepted = outcome.start_accepted
        if outcome.has_solution:
            offer_if_legal(self._incumbent, plan_of_model(model))
        if outcome.bound is not None and self._incumbent.best()[1].served == exact.served:
            proved = widened(outcome.bound, worth_of_key(model))
            self.bound_bps = min(proved, most_by_columns(model)) * scale
            if outcome.bound <= NOTHING and self._no_key(model, exact.served):
                self.bound_bps = 0.0

    def prove_moves(self) -> None:
        """Find the fewest moves at the incumbent's number served and objective, and prove them.

        What is proved holds for every plan that serves as many and has no lower objective. Where
        the model's plan moves fewer and falls short by its exact rates, rates are linearised finer.
        """
        move_back(self._incumbent)
        if not moved_demands(self.problem, self._incumbent.best()[0]):
            return
        tolerance_bps = self._tolerance_bps
        for _ in range(REFINEMENTS):
            linearised = partial(linearise_links, self.problem, tolerance_bps)
            segments = self._clock.within(linearised)
            if segments is None or not self._prove_moves_with(segments):
                return
            tolerance_bps /= REFINED

    def _prove_moves_with(self, segments: dict[tuple[int, int], Linearised]) -> bool:
        """Prove the fewest moves with these rates; say whether finer ones may prove more."""
        plan, exact = self._incumbent.best()
        model = self._clock.within(lambda: self._build(self.problem, segments, served=exact.served))
        if model is None or self._clock.over():
            return False
        set_start(model, plan)
        count_kept(model, lowered(exact.objective_bps / self._scale(model, exact.served)), plan)
        outcome = self._solve(model, "milp: fewest moves")
        if not outcome.has_solution or outcome.bound is None:
            return False
        offer_if_legal(self._incumbent, plan_of_model(model))
        least = max(0, len(self.problem.movables) - whole(outcome.bound))
        self.moved_at_least = max(least, self.moved_at_least or 0)
        moved = moved_demands(self.problem, self._incumbent.best()[0])
        return len(moved) > self.moved_at_least and outcome.status is Status.OPTIMAL

    def _no_key(self, model: JointModel, served: int) -> bool:
        """Whether it is proved, by counting, that no plan of so many demands has any key."""
        if self._clock.over() or shares_keys(model):
            return False
        count_keyed(model)
        outcome = self._solve(model, "milp: any key", start=False)
        return outcome.bound is not None and whole(outcome.bound) < min_keyed(model, served)

    def assign_wavelengths(self, routes: Sequence[int], served: int) -> tuple[bool, float | None]:
        """Find channels for given routes, and what no channels on them can exceed.

        Returns whether there may be any, and the proved limit on the demands' total key rate
        [bit/s], with its margin; None where the limit came first.
        """
        groups = group_by_route(self.problem, routes)
        # Pieces for the noise that these routes leave possible: fewer, and a tighter model.
        segments = self._clock.within(
            lambda: linearise_links(self.problem, self._tolerance_bps, groups.noise_ranges())
        )
        if segments is None:
            return True, None
        self._error_bps = max([self._error_bps, *map(stated_error_bps, segments.values())])
        model = self._clock.within(lambda: groups.build(self._build, segments))
        if model is None:
            return True, None
        if any(not model.channels[key] for key in model.RP):
            return False, None
        scale = self._scale(model, served)
        outcome = self._solve(model, "milp: wavelengths", start=False, scale=scale)
        if outcome.has_solution:
            offer_if_legal(self._incumbent, groups.plan(model))
        if outcome.status is Status.INFEASIBLE:
            return False, None
        return True, None if outcome.bound is None else widened(outcome.bound) * model.unit_bps

    def _scale(self, model: JointModel, served: int) -> float:
        """Objective [bit/s] that one unit of the model's objective stands for."""
        per_demand = self.problem.objective == "mean" and served
        return model.unit_bps / served if per_demand else model.unit_bps

    def as_bound(self) -> Bound:
        """Return what was proved, as results record it."""
        segments = self._segments or {}
        errors = [self._error_bps, *map(stated_error_bps, segments.values())]
        return Bound(
            objective_bps=self.bound_bps,
            served=self.served_limit,
            method=f"{self._name}, {self._adapter.name} {self._adapter.version()}",
            routes=self.problem.route_set,
            tolerance_bps=max(errors),
        )

    def _built(self, plan: Plan, served: int | None) -> JointModel:
        """Build the model of one phase, the plan its start."""
        model = self._build(self.problem, self._linearised(), served=served)
        set_start(model, plan)
        return model

    def _linearised(self) -> dict[tuple[int, int], Linearised]:
        if self._segments is None:
            self._segments = linearise_links(self.problem, self._tolerance_bps)
        return self._segments

    @property
    def _tolerance_bps(self) -> float:
        return tolerance_bps(self._incumbent, self._clock.gap, self._linearisation)

    def _solve(
        self,
        model: pyo.ConcreteModel,
        phase: str,
        *,
        scale: float | None = None,
        start: bool = True,
        served: int | None = None,
    ) -> SolverOutcome:
        """Solve a model.

        Parameters
        ----------
        model
            The model.
        phase
            What it is about.
        scale
            What one unit of its objective is worth [bit/s]; None where that is no key rate.
        start
            Whether the model has a start.
        served
            Number served by the plans that its bound holds for; None where it bounds other things:
            one routing's wavelengths, a number of demands.
        """
        self._clock.enter(phase)
        worth = 1.0 if scale is None else worth_of_key(model)

        def watch(incumbent: float | None, bound: float | None) -> bool:
            solver, proved = None, None
            if scale is not None and served is not None:
                solver = (_scaled(incumbent, scale), _scaled(bound, scale))
                proved = None if bound is None else widened(bound, worth) * scale
            self._clock.report(
                phase, self._incumbent, proved, bound_served=served, solver=solver, by_clock=True
            )
            return not self._clock.over()

        limits = Limits(
            seconds=max(0.0, self._clock.left),
            gap=solver_gap(self._clock.gap, self._linearisation),
            threads=self._threads,
            seed=self._seed,
            nodes=self._nodes,
            options=self._settings,
        )
        outcome = self._adapter.solve(
            model, limits, start=start, watch=watch, over=self._clock.over
        )
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self._adapter.name} ended with {outcome.message}")
        if outcome.status is Status.LIMIT:
            self._clock.note_limit()
        return outcome


def routable(problem: Problem) -> int:
    """Return how many demands have a candidate route with as many channels as they ask for."""
    count = 0
    for r, (demand, routes) in enumerate(
        zip(problem.instance.demands, problem.routes, strict=True)
    ):
        free = [problem.open_channels(r, route).sum() for route in routes]
        count += int(max(free, default=0) >= demand.channels)
    return count


def most_by_columns(model: JointModel) -> float:
    """Return what the objective cannot exceed by the bounds of its columns alone.

    It has no solver's tolerance in it: no key at all is proved as none.
    """
    if model.problem.objective == "link-sum":
        return float(sum(model.k[e].ub for e in model.E))
    if model.problem.objective == "key-factor":
        return float(model.t.ub)
    if model.problem.objective in KEY_OBJECTIVES:
        return float(needs_in_units(model).sum())
    rates = [
        max((model.z[r, p].ub for p in range(len(routes))), default=0.0)
        for r, routes in enumerate(model.problem.routes)
    ]
    return float(sum(rates) if model.problem.objective == "mean" else max(rates, default=0.0))


def can_have_key(problem: Problem, served: int) -> bool:
    """Return whether the objective can be more than 0.

    Some link needs key in the dark, or enough demands need it beside their own light.
    """
    if problem.objective != "link-sum" and served == 0:
        return False
    return highest_rate_bps(problem, served) > 0.0


def highest_rate_bps(problem: Problem, served: int) -> float:
    """Return the highest rate that one link or demand can add to the objective [bit/s]."""
    if problem.objective != "link-sum" and problem.objective not in KEY_OBJECTIVES:
        return rate_cap_bps(problem, max_rates_bps(problem), served)
    tables = problem.tables
    return max((rate_beside(tables, e, 0, 0) for e in range(len(tables.candidates))), default=0.0)


def tolerance_bps(incumbent: Incumbent, gap: float, linearisation: float | None) -> float:
    """Return the largest error of the linearised key rate [bit/s].

    It is a share of the incumbent's rate; where that has none, of the highest that there could be.

    Parameters
    ----------
    incumbent
        Holds a plan.
    gap
        Relative gap of the run.
    linearisation
        Largest relative error of a rate; None for a share of the gap.
    """
    problem, exact = incumbent.problem, incumbent.best()[1]
    rate = exact.objective_bps
    if rate == 0.0:
        rate = highest_rate_bps(problem, exact.served)
    elif problem.objective == "key-factor":
        # What is drawn of the link that limits all.
        rate = float(exact.link_skr_bps[exact.link_skr_bps > 0.0].min())
    elif problem.objective in ("link-sum", *KEY_OBJECTIVES):
        rate /= max(1, len(problem.tables.candidates))
    return max(FINEST_BPS, (linearisation or TOLERANCE_SHARE * gap) * rate)


def solver_gap(gap: float, linearisation: float | None) -> float:
    """Gap that is left to the solver: linearised rates use up a part of the whole."""
    used = TOLERANCE_SHARE * gap if linearisation is None else linearisation
    return SOLVER_SHARE * max(0.0, gap - used)


def offer_if_legal(incumbent: Incumbent, plan: Plan) -> None:
    """Take a plan of the solver's, unless the exact rates break one of its floors."""
    problem = incumbent.problem
    rates = assess(problem, plan).demand_skr_bps
    floors = (demand.min_skr_bps or 0.0 for demand in problem.instance.demands)
    pairs = zip(plan.routes, rates, floors, strict=True)
    if all(route == BLOCKED or rate >= floor for route, rate, floor in pairs):
        incumbent.offer(plan)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
