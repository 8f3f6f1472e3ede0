"""One MILP over sets, routes, channels and working candidates: number served, then objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qkdopt.adapters import Limits, Outcome, Status, adapter_of
from qkdopt.channel_sets.exact.best_set import BestSet
from qkdopt.channel_sets.exact.candidate_sets import all_candidates, with_channel_set
from qkdopt.errors import SolverFailedError
from qkdopt.instance import Instance
from qkdopt.milp import linearise_links, min_size, plan_of_model, set_start
from qkdopt.milp.keyed import count_keyed, min_keyed
from qkdopt.milp.linearise import Linearised
from qkdopt.milp.scales import stated_error_bps
from qkdopt.milp.sets import build_sets, set_of_model, start_set
from qkdopt.milp.variables import JointModel
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.margins import NOTHING, whole, widened
from qkdopt.optimize.milp import solver_gap, tolerance_bps
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import NO_QKD, Plan, assess, tune_working_channels
from qkdopt.runtime.deadline import within


@dataclass
class SetMilp:
    """The MILP over sets of one instance; ``best`` must hold a plan to start from.

    Parameters
    ----------
    instance, channels
        The instance, and how many channels a set has.
    best
        Limits, and the best set so far, improved in place.
    solver, seed
        Name of the adapter, and the solver's seed.
    but
        Sets that are known to be no better: the bounds here are for the others.
    """

    instance: Instance
    channels: int
    best: BestSet
    solver: str
    seed: int
    excluded: Sequence[tuple[int, ...]] = ()
    served_bound: int = 0
    bound: float | None = None
    error_bps: float = 0.0
    unit_bps: float = 1.0
    none_left: bool = False

    def __post_init__(self) -> None:
        self.served_bound = len(self.instance.demands)

    def run(self) -> None:
        """First the number served, then the objective."""
        problem = build_problem(all_candidates(self.instance))
        segments = within(self._over, lambda: linearise_links(problem, self._tolerance()))
        if segments is None:
            return
        self.error_bps = max((stated_error_bps(curve) for curve in segments.values()), default=0.0)
        self.served_bound = len(problem.routes)
        adapter_of(self.solver).require_size(*min_size(problem, segments, served=self.best.key[0]))
        if self.best.key[0] < self.served_bound:
            outcome = self._solve(problem, segments, None)
            if outcome is not None and outcome.bound is not None:
                self.served_bound = min(self.served_bound, whole(outcome.bound))
        served = self.best.key[0]
        if self.best.stop.is_set():
            return
        if served == 0:
            self.bound = 0.0
            return
        outcome = self._solve(problem, segments, served)
        if self.none_left:
            self.bound = 0.0
        elif outcome is not None and outcome.bound is not None and self.best.key[0] == served:
            self.bound = widened(outcome.bound) * self.unit_bps / served
            if outcome.bound <= NOTHING and self._no_key(problem, segments, served):
                self.bound = 0.0

    def _tolerance(self) -> float:
        assert self.best.problem is not None  # there is a plan to start from
        assert self.best.plan is not None
        incumbent = Incumbent(self.best.problem)
        incumbent.offer(self.best.plan)
        return tolerance_bps(incumbent, self.best.gap, None)

    def _no_key(
        self, problem: Problem, segments: dict[tuple[int, int], Linearised], served: int
    ) -> bool:
        """Whether it is proved, by counting, that no set and no plan of so many has any key."""
        m = within(self._over, lambda: self._built(problem, segments, served))
        if m is None:
            return False
        count_keyed(m)
        limits = Limits(seconds=self.best.left, gap=0.0, seed=self.seed)

        def watch(_incumbent: float | None, _bound: float | None) -> bool:
            self.best.report("sets, milp: any key", None)
            return self.best.left > 0.0

        outcome = adapter_of(self.solver).solve(m, limits, watch=watch, over=self._over)
        return outcome.bound is not None and whole(outcome.bound) < min_keyed(m, served)

    def _solve(
        self, problem: Problem, segments: dict[tuple[int, int], Linearised], served: int | None
    ) -> Outcome | None:
        """Solve one phase; None when time is up before its model is built."""
        m = within(self._over, lambda: self._built(problem, segments, served))
        if m is None:
            return None
        self.unit_bps = m.unit_bps
        limits = Limits(seconds=self.best.left, gap=solver_gap(self.best.gap, None), seed=self.seed)
        phase = "sets, milp: number served" if served is None else "sets, milp: objective"

        def watch(_incumbent: float | None, bound: float | None) -> bool:
            bound_bps = None if served is None or bound is None else bound * m.unit_bps / served
            self.best.report(phase, bound_bps)
            return self.best.left > 0.0

        outcome = adapter_of(self.solver).solve(
            m, limits, start=self.best.channels not in self.excluded, watch=watch, over=self._over
        )
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self.solver} ended with {outcome.message}")
        if outcome.status is Status.INFEASIBLE:
            # No set is left that serves so many.
            self.none_left = True
        if outcome.has_solution:
            self._take(m)
        return outcome

    def _over(self) -> bool:
        return self.best.left <= 0.0

    def _built(
        self, problem: Problem, segments: dict[tuple[int, int], Linearised], served: int | None
    ) -> JointModel:
        """Build the model of one phase, the best set and plan its start."""
        m = build_sets(
            problem, segments, served=served, channels=self.channels, exclude=self.excluded
        )
        if self.best.channels not in self.excluded:
            self._start(m)
        return m

    def _start(self, m: JointModel) -> None:
        assert self.best.plan is not None
        chosen = self.best.channels
        working = tuple(
            NO_QKD if number == NO_QKD else chosen[number] for number in self.best.plan.working
        )
        set_start(m, Plan(self.best.plan.routes, self.best.plan.channels, working))
        start_set(m, chosen)

    def _take(self, m: JointModel) -> None:
        """Judge the solver's set and plan by the exact rates, every link tuned within the set."""
        channels, plan = set_of_model(m), plan_of_model(m)
        problem = build_problem(with_channel_set(self.instance, channels))
        plan = tune_working_channels(problem, list(plan.routes), list(plan.channels))
        floors = [demand.min_skr_bps or 0.0 for demand in self.instance.demands]
        rates = assess(problem, plan).demand_skr_bps
        if all(
            rate >= min_skr
            for rate, min_skr, route in zip(rates, floors, plan.routes, strict=True)
            if route >= 0
        ):
            self.best.offer(channels, problem, plan)
