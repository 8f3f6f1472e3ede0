"""Strategy ``milp``: one formulation by one solver, from the baseline's plan.

CP-SAT on its own model of the joint problem is run here: first the number served, then the
objective.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Protocol

import numpy as np

from qkdopt.adapters import adapter_of
from qkdopt.adapters.base import Limits, Observer, Status, Watch
from qkdopt.adapters.cp_sat import STATUS, OwnModel
from qkdopt.adapters.isolated import OVERDUE, run_isolated
from qkdopt.adapters.program import Floats
from qkdopt.errors import SolverFailedError, SolverMissingError
from qkdopt.milp import build_joint, build_textbook
from qkdopt.milp.integer_program import CpJoint, build_cp, hint, objective_bps, plan_of_solution
from qkdopt.milp.linearise import Linearised, linearise_links
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.load_states import LoadStateRun
from qkdopt.optimize.milp import (
    JointRun,
    can_have_key,
    offer_if_legal,
    routable,
    solver_gap,
    tolerance_bps,
)
from qkdopt.optimize.options import SolverOptions
from qkdopt.optimize.outcome import Outcome
from qkdopt.problem.plan import Plan
from qkdopt.result import Bound, SolverRef

# Lines that hold under a condition enter its linear relaxation: without, it climbs by single units.
SETTINGS = {"linearization_level": 2}


class FormulationRun(Protocol):
    """One formulation of one problem, solved by one solver."""

    notes: list[str]

    @property
    def solver(self) -> SolverRef:
        """Solver and its version."""
        ...

    def run(self) -> None:
        """Find better plans and prove bounds until the gap or a limit is reached."""
        ...

    def as_bound(self) -> Bound:
        """Return what was proved; readable at any moment."""
        ...


def run_formulation(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> Outcome:
    """Solve from the incumbent and return what was proved, up to an interruption or a failure.

    Parameters
    ----------
    incumbent
        Best plan so far; improved in place.
    clock
        Limits and progress; a solver's failure is noted there.
    options
        Formulation, solver and its settings.
    """
    run = RUNS[options.formulation](incumbent, clock, options)
    try:
        run.run()
    except KeyboardInterrupt:
        clock.interrupt()
    except SolverFailedError as error:
        clock.note_failure(error)
    except MemoryError:
        clock.note_memory()
    moves = run.moved_at_least if isinstance(run, JointRun) else None
    return Outcome(bound=run.as_bound(), moved_at_least=moves, solver=run.solver, notes=run.notes)


def _loads(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> LoadStateRun:
    return LoadStateRun(
        incumbent,
        clock,
        _joint(incumbent, clock, options),
        solver=options.solver,
        seed=options.seed,
        threads=options.threads,
        nodes=options.nodes,
        settings=options.settings,
    )


def _joint(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> JointRun:
    return JointRun(
        incumbent,
        clock,
        solver=options.solver,
        seed=options.seed,
        threads=options.threads,
        settings=options.settings,
        nodes=options.nodes,
        build=build_textbook if options.formulation == "textbook" else build_joint,
        linearisation=options.linearisation,
    )


class CpRun:
    """CP-SAT's own model of one problem, solved in two phases.

    Parameters
    ----------
    incumbent
        Best plan so far: the hint, and where better plans go.
    clock
        Limits and progress.
    options
        Seed, threads, linearisation and CP-SAT's own options.

    Raises
    ------
    SolverMissingError
        OR-Tools is not installed.
    """

    def __init__(self, incumbent: Incumbent, clock: Clock, options: SolverOptions) -> None:
        adapter = adapter_of("cp-sat")
        if not adapter.available():
            raise SolverMissingError("formulation cp-sat needs OR-Tools; pip install ortools")
        # Here, not where the clock may break it off: no process can import a compiled module again
        # whose first import was broken off.
        import_module("ortools.sat.python.cp_model")
        self._adapter = adapter
        self._incumbent = incumbent
        self._clock = clock
        self._options = options
        self._segments: dict[tuple[int, int], Linearised] | None = None
        self._error_bps = 0.0
        self._hint_taken: bool | None = None
        self.served_limit = routable(incumbent.problem)
        self.bound_bps: float | None = None
        self.notes: list[str] = []

    @property
    def solver(self) -> SolverRef:
        """Who answered, and whether the hint was a solution."""
        return SolverRef(
            name=self._adapter.name,
            version=self._adapter.version(),
            start_accepted=self._hint_taken,
        )

    def run(self) -> None:
        """First the number served, then the objective."""
        self.prove_served()
        self.prove_objective()

    def prove_served(self) -> None:
        """Find the most demands that can be served, and prove it."""
        exact = self._incumbent.best()[1]
        if exact.served == self.served_limit:
            return
        limit = self._solve(None, "cp-sat: number served")
        if limit is not None:
            self.served_limit = max(0, min(self.served_limit, math.floor(limit + 1e-6)))

    def prove_objective(self) -> None:
        """Find and prove the best objective at the incumbent's number served."""
        served = self._incumbent.best()[1].served
        if not can_have_key(self._incumbent.problem, served):
            self.bound_bps = 0.0
            return
        bound = self._solve(served, "cp-sat: objective")
        if bound is not None and self._incumbent.best()[1].served == served:
            self.bound_bps = max(0.0, bound)

    def as_bound(self) -> Bound:
        """Return what was proved, as results record it."""
        return Bound(
            objective_bps=self.bound_bps,
            served=self.served_limit,
            method=f"CP-SAT's own model, {self._adapter.name} {self._adapter.version()}",
            routes=self._incumbent.problem.route_set,
            tolerance_bps=self._error_bps,
        )

    def _solve(self, served: int | None, phase: str) -> float | None:
        """Solve one phase; return its bound, on the number served or on the objective [bit/s]."""
        self._clock.enter(phase)
        plan, _ = self._incumbent.best()
        built = self._clock.within(lambda: self._built(plan, served))
        if built is None:
            return None
        model, own = built
        self._error_bps = max(self._error_bps, model.error_bps)

        def in_units(value: float | None) -> float | None:
            if value is None or not np.isfinite(value):
                return None
            return value if served is None else objective_bps(model, value, served)

        def watch(_incumbent: float | None, bound: float | None) -> bool:
            proved = None if served is None else in_units(bound)
            solver_bounds = None if served is None else (None, proved)
            self._clock.report(
                phase, self._incumbent, proved, bound_served=served, solver=solver_bounds,
                by_clock=True,
            )  # fmt: skip
            return not self._clock.over()

        listener = _Listener(watch, model, self._incumbent)
        answer = run_isolated(own, None, self._limits(), None, listener)
        if listener.error is not None:
            raise listener.error
        if answer.word != OVERDUE and STATUS.get(answer.word, Status.FAILED) is Status.FAILED:
            raise SolverFailedError(f"cp-sat ended with {answer.word}")
        if answer.word == OVERDUE or STATUS[answer.word] is Status.LIMIT:
            self._clock.note_limit()
        self._hint_taken = bool(answer.start_accepted)
        return in_units(answer.bound)

    def _built(self, plan: Plan, served: int | None) -> tuple[CpJoint, OwnModel]:
        model = build_cp(self._incumbent.problem, self._linearised(), served=served)
        hint(model, plan)
        return model, OwnModel.of(model.model)

    def _limits(self) -> Limits:
        return Limits(
            seconds=max(0.0, self._clock.left),
            gap=solver_gap(self._clock.gap, self._options.linearisation),
            threads=self._options.threads,
            seed=self._options.seed,
            options=SETTINGS | dict(self._options.settings),
        )

    def _linearised(self) -> dict[tuple[int, int], Linearised]:
        if self._segments is None:
            tolerance = tolerance_bps(self._incumbent, self._clock.gap, self._options.linearisation)
            self._segments = linearise_links(self._incumbent.problem, tolerance)
        return self._segments


class _Listener(Observer):
    """Judges new solutions by the exact rates; the best of them is kept."""

    def __init__(self, watch: Watch, model: CpJoint, incumbent: Incumbent) -> None:
        super().__init__(watch)
        self._model, self._incumbent = model, incumbent

    def improve(self, values: Floats) -> None:
        plan = plan_of_solution(self._model, lambda variable: values[variable.index] > 0.5)
        offer_if_legal(self._incumbent, plan)


RUNS: dict[str, Callable[[Incumbent, Clock, SolverOptions], FormulationRun]] = {
    "joint": _joint,
    "textbook": _joint,
    "load-state": _loads,
    "cp-sat": CpRun,
}

__all__ = ["run_formulation"]
