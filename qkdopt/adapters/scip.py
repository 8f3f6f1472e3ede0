"""SCIP, through pyscipopt."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, Status
from qkdopt.adapters.mps import write_mps
from qkdopt.adapters.polling import poll
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings

# SCIP's status -> ours. What is absent is FAILED.
STATUS = {
    "optimal": Status.OPTIMAL,
    "gaplimit": Status.OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    # Left open by presolve: infeasible where the columns are bounded.
    "inforunbd": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "timelimit": Status.LIMIT,
    "nodelimit": Status.LIMIT,
    "totalnodelimit": Status.LIMIT,
    "memlimit": Status.LIMIT,
    "userinterrupt": Status.INTERRUPTED,
}


class ScipAdapter(Solver):
    """SCIP. Its wheel solves on one thread only."""

    name = "scip"
    limit = "none (Apache-2.0 licence)"
    package = "pyscipopt"
    install = "pip install pyscipopt"
    ambiguous = frozenset({"inforunbd"})
    capabilities = Capabilities(threads=False)

    @property
    def statuses(self) -> dict[str, Status]:
        """SCIP's statuses and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve as a minimisation and convert the result back.

        Parameters
        ----------
        program
            The program.
        limits
            Limits and settings of the run.
        start
            ``(columns,)`` values of the MIP start; None for no start.
        observer
            Called with incumbent and bound; returns whether to continue.
        """
        scip = _read(program)
        _set_options(scip, limits)
        variables = _variables(scip, program.columns)
        start_accepted = start is not None and _pass_start(scip, variables, start)
        progress = _listen(scip, variables, observer)
        sign = -1.0 if program.maximise else 1.0

        def proceed() -> bool:
            primal, dual = progress
            return observer(sign * primal, sign * _without_gap(primal, dual, limits.gap))

        poll(scip.optimizeNogil, proceed, scip.interruptSolve)
        best = scip.getBestSol() if scip.getNSols() else None
        return RawOutcome(
            word=scip.getStatus(),
            values=None if best is None else _values(scip, best, variables),
            bound=sign * _without_gap(scip.getPrimalbound(), scip.getDualbound(), limits.gap),
            start_accepted=start_accepted,
            nodes=int(scip.getNTotalNodes()),
        )


def _without_gap(primal: float, dual: float, gap: float) -> float:
    """Return a dual bound of a minimisation that is valid despite the gap limit.

    SCIP 10 prunes nodes that could improve its best solution by less than the gap limit, and its
    dual bound covers the remaining nodes only.

    Parameters
    ----------
    primal, dual
        Objective of the best solution and bound, as SCIP states them.
    gap
        Relative gap limit of the run.
    """
    return min(dual, primal - gap * abs(primal)) if math.isfinite(primal) else dual


def _read(program: Program) -> Any:
    """Return a SCIP model; its reader is in C, row by row in Python would take minutes."""
    from pyscipopt import Model

    scip = Model()
    scip.hideOutput()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.mps"
        write_mps(program, path)
        scip.readProblem(str(path))
    return scip


def _set_options(scip: Any, limits: Limits) -> None:
    scip.setParam("limits/time", limits.seconds)
    scip.setParam("limits/gap", limits.gap)
    scip.setParam("randomization/randomseedshift", limits.seed)
    # Otherwise SCIP catches the interrupt from the keyboard.
    scip.setParam("misc/catchctrlc", False)
    # There SCIP 10 loses solutions, if rarely: `corner_3034000` of the tests.
    scip.setParam("constraints/linear/dualpresolving", False)
    if limits.nodes is not None:
        scip.setParam("limits/totalnodes", limits.nodes)
    apply_settings("scip", limits, scip.setParam)


def _variables(scip: Any, columns: int) -> list[Any]:
    """Return the variable of each column: SCIP sorts them by type."""
    by_name = {variable.name: variable for variable in scip.getVars()}
    return [by_name[f"c{column}"] for column in range(columns)]


def _pass_start(scip: Any, variables: list[Any], start: Floats) -> bool:
    """Pass the start to SCIP; return whether SCIP accepts it as feasible."""
    solution = scip.createSol()
    for variable, value in zip(variables, start.tolist(), strict=True):
        scip.setSolVal(solution, variable, value)
    for variable in scip.getVars():
        if variable.name == "one":
            scip.setSolVal(solution, variable, 1.0)
    if not scip.checkSol(solution, printreason=False, completely=False, original=True):
        scip.freeSol(solution)
        return False
    return bool(scip.addSol(solution))


def _values(scip: Any, solution: Any, variables: list[Any]) -> Floats:
    return np.array([scip.getSolVal(solution, variable) for variable in variables])


def _listen(scip: Any, variables: list[Any], observer: Observer) -> list[float]:
    """Register a callback; return the list in which it keeps incumbent and bound."""
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

    progress = [float("inf"), -float("inf")]
    events = SCIP_EVENTTYPE.BESTSOLFOUND | SCIP_EVENTTYPE.NODESOLVED

    class Listener(Eventhdlr):  # type: ignore[misc]
        def eventinit(self) -> None:
            self.model.catchEvent(events, self)

        def eventexec(self, event: Any) -> None:
            progress[:] = self.model.getPrimalbound(), self.model.getDualbound()
            if event.getType() == SCIP_EVENTTYPE.BESTSOLFOUND:
                observer.improve(_values(self.model, self.model.getBestSol(), variables))

    scip.includeEventhdlr(Listener(), "listener", "incumbent and bound")
    return progress
