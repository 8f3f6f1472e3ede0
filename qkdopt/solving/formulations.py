"""Strategy ``milp``: one formulation by one solver, from the baseline's plan."""

from __future__ import annotations

from collections.abc import Callable

from qkdopt.model import build_joint, build_textbook
from qkdopt.solving.clock import Clock
from qkdopt.solving.incumbent import Incumbent
from qkdopt.solving.load_states import LoadStateRun
from qkdopt.solving.milp import JointRun
from qkdopt.solving.options import SolverOptions
from qkdopt.solving.outcome import Outcome


def run_formulation(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> Outcome:
    """Solve from the incumbent and return what was proved; also when interrupted."""
    return RUNS[options.formulation](incumbent, clock, options)


def _run_joint(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> Outcome:
    run = _joint(incumbent, clock, options)
    try:
        run.prove_served()
        run.prove_objective()
    except KeyboardInterrupt:
        clock.interrupt()
    return Outcome(bound=run.as_bound(), solver=run.solver)


def _run_loads(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> Outcome:
    joint = _joint(incumbent, clock, options)
    run = LoadStateRun(
        incumbent,
        clock,
        joint,
        solver=options.solver,
        seed=options.seed,
        threads=options.threads,
        nodes=options.nodes,
        settings=options.settings,
    )
    try:
        run.run()
    except KeyboardInterrupt:
        clock.interrupt()
    return Outcome(bound=run.as_bound(), solver=run.solver, notes=run.notes)


def _run_cp(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> Outcome:
    from qkdopt.solving.cp_sat import CpRun

    run = CpRun(incumbent, clock, options)
    try:
        run.prove_served()
        run.prove_objective()
    except KeyboardInterrupt:
        clock.interrupt()
    return Outcome(bound=run.as_bound(), solver=run.solver)


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


RUNS: dict[str, Callable[[Incumbent, Clock, SolverOptions], Outcome]] = {
    "joint": _run_joint,
    "textbook": _run_joint,
    "load-state": _run_loads,
    "cp-sat": _run_cp,
}

__all__ = ["run_formulation"]
