"""Strategy ``milp``: one formulation by one solver, from the baseline's plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from qkdopt.errors import SolverFailedError
from qkdopt.milp import build_joint, build_textbook
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.load_states import LoadStateRun
from qkdopt.optimize.milp import JointRun
from qkdopt.optimize.options import SolverOptions
from qkdopt.optimize.outcome import Outcome
from qkdopt.result import Bound, SolverRef


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
    return Outcome(bound=run.as_bound(), solver=run.solver, notes=run.notes)


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


def _cp(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> FormulationRun:
    from qkdopt.optimize.cp_sat import CpRun

    return CpRun(incumbent, clock, options)


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


RUNS: dict[str, Callable[[Incumbent, Clock, SolverOptions], FormulationRun]] = {
    "joint": _joint,
    "textbook": _joint,
    "load-state": _loads,
    "cp-sat": _cp,
}

__all__ = ["run_formulation"]
