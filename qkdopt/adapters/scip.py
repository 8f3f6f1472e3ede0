"""SCIP, through pyscipopt."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from qkdopt.adapters.base import Answer, Capabilities, Limits, Observer, Status
from qkdopt.adapters.mps import write_mps
from qkdopt.adapters.polling import poll
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings

# SCIP's word for the end of a run -> ours. What is absent is FAILED.
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
    """SCIP. Its wheel solves on one thread whatever is asked for."""

    name = "scip"
    limit = "none (Apache-2.0 licence)"
    package = "pyscipopt"
    install = "pip install pyscipopt"
    ambiguous = frozenset({"inforunbd"})
    capabilities = Capabilities(threads=False)

    @property
    def statuses(self) -> dict[str, Status]:
        """SCIP's words and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> Answer:
        """Solve as a minimisation and turn the answer back."""
        scip = _read(program)
        _set_options(scip, limits)
        variables = _variables(scip, program.columns)
        taken = start is not None and _pass_start(scip, variables, start)
        news = _listen(scip, variables, observer)
        sign = -1.0 if program.maximise else 1.0

        def ask() -> bool:
            primal, dual = news
            return observer(sign * primal, sign * _without_gap(primal, dual, limits.gap))

        poll(scip.optimizeNogil, ask, scip.interruptSolve)
        best = scip.getBestSol() if scip.getNSols() else None
        return Answer(
            word=scip.getStatus(),
            values=None if best is None else _values(scip, best, variables),
            bound=sign * _without_gap(scip.getPrimalbound(), scip.getDualbound(), limits.gap),
            start_accepted=taken,
            nodes=int(scip.getNTotalNodes()),
        )


def _without_gap(primal: float, dual: float, gap: float) -> float:
    """Return the dual bound of a minimisation that the gap limit has not moved.

    SCIP 10 prunes what could improve its best solution by less than the gap asked for, and its dual
    bound speaks of the rest alone.
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
    # Otherwise SCIP takes the interrupt from the keyboard for itself.
    scip.setParam("misc/catchctrlc", False)
    if limits.nodes is not None:
        scip.setParam("limits/totalnodes", limits.nodes)
    apply_settings("scip", limits, scip.setParam)


def _variables(scip: Any, columns: int) -> list[Any]:
    """Return the variable of each column: SCIP sorts them by type."""
    by_name = {variable.name: variable for variable in scip.getVars()}
    return [by_name[f"c{column}"] for column in range(columns)]


def _pass_start(scip: Any, variables: list[Any], start: Floats) -> bool:
    """Give SCIP the start if it finds it feasible; return whether it did."""
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
    """Return a list that holds the incumbent and the bound of the running solver."""
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

    news = [float("inf"), -float("inf")]
    events = SCIP_EVENTTYPE.BESTSOLFOUND | SCIP_EVENTTYPE.NODESOLVED

    class Listener(Eventhdlr):  # type: ignore[misc]
        def eventinit(self) -> None:
            self.model.catchEvent(events, self)

        def eventexec(self, event: Any) -> None:
            news[:] = self.model.getPrimalbound(), self.model.getDualbound()
            if event.getType() == SCIP_EVENTTYPE.BESTSOLFOUND:
                observer.improve(_values(self.model, self.model.getBestSol(), variables))

    scip.includeEventhdlr(Listener(), "listener", "incumbent and bound")
    return news
