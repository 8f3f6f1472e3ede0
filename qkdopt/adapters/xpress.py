"""Xpress, in process, through its own Python interface.

Pyomo's interface calls a run that the time limit ended "other"; here the end is read from
Xpress's attributes: solve status, solution status, and reason of the stop.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, SizeLimit, Status
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings

# Xpress's status -> ours. What is absent is FAILED.
STATUS = {
    "COMPLETED OPTIMAL": Status.OPTIMAL,
    "COMPLETED INFEASIBLE": Status.INFEASIBLE,
    "COMPLETED UNBOUNDED": Status.UNBOUNDED,
    "STOPPED MIPGAP": Status.OPTIMAL,
    "STOPPED TIMELIMIT": Status.LIMIT,
    "STOPPED NODELIMIT": Status.LIMIT,
    "STOPPED USER": Status.INTERRUPTED,
    "STOPPED CTRLC": Status.INTERRUPTED,
}
# Xpress's codes of an accepted start: feasible unchanged, or with its continuous columns moved.
START_TAKEN = (1, 2)


class XpressAdapter(Solver):
    """Xpress."""

    name = "xpress"
    limit = "5000 rows and columns together without a licence"
    package = "xpress"
    install = "pip install xpress"
    size = SizeLimit(total=5000)
    takes_ranges = True
    capabilities = Capabilities()

    @property
    def statuses(self) -> dict[str, Status]:
        """Xpress's statuses and ours."""
        return STATUS

    def licensed(self) -> bool:
        """Return whether Xpress takes one column more than the limit."""
        import xpress

        problem = _new_problem()
        problem.loadLP(objcoef=[1.0] * 5001, start=[0] * 5002, rowind=[], rowcoef=[])
        try:
            problem.optimize()
        except xpress.SolverError:
            return False
        return True

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve in the program's own sense.

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
        problem = _new_problem()
        _load(problem, program)
        _set_options(problem, limits)
        accepted: list[bool] = []
        if start is not None:
            problem.addUserSolNotifyCallback(
                lambda _p, _data, _name, status: accepted.append(status in START_TAKEN), None, 0
            )
            problem.addMipSol(start.tolist())

        def on_time(running: Any, _data: object) -> None:
            incumbent = _finite(running.attributes.mipbestobjval)
            if not observer(incumbent, _bound(running.attributes)):
                running.interrupt()

        problem.addCheckTimeCallback(on_time, None, 0)
        problem.optimize()
        attributes = problem.attributes
        has_solution = attributes.solstatus.name in ("OPTIMAL", "FEASIBLE")
        return RawOutcome(
            word=_word(attributes),
            values=np.array(problem.getSolution(), dtype=np.float64) if has_solution else None,
            bound=_bound(attributes),
            start_accepted=any(accepted),
            nodes=int(attributes.nodes),
        )


def _new_problem() -> Any:
    with warnings.catch_warnings():
        # It warns that it runs on the community licence: our own message explains it.
        warnings.simplefilter("ignore")
        import xpress

        problem = xpress.problem()
    problem.controls.outputlog = 0
    return problem


def _word(attributes: Any) -> str:
    end, solution = attributes.solvestatus.name, attributes.solstatus.name
    if end == "COMPLETED":
        return f"{end} {solution}"
    import xpress

    return f"{end} {xpress.StopType(attributes.stopstatus).name}"


def _finite(value: float) -> float | None:
    # Its infinity is 1e20, and 1e40 stands for no incumbent.
    return None if abs(value) >= 1e20 else float(value)


def _bound(attributes: Any) -> float | None:
    """Return the bound; before the first relaxation is begun Xpress says zero."""
    return _finite(attributes.bestbound) if int(attributes.lpstatus) else None


def _load(problem: Any, program: Program) -> None:
    import xpress

    infinity = xpress.infinity
    by_column = program.matrix.tocsc()
    kinds, rhs, ranges = _sides(program)
    integers = np.flatnonzero(program.integer)
    problem.loadMIP(
        rowtype=kinds,
        rhs=rhs.tolist(),
        rng=ranges.tolist(),
        objcoef=program.cost.tolist(),
        start=by_column.indptr.tolist(),
        rowind=by_column.indices.tolist(),
        rowcoef=by_column.data.tolist(),
        lb=np.maximum(program.lower, -infinity).tolist(),
        ub=np.minimum(program.upper, infinity).tolist(),
        coltype=["I"] * integers.size,
        entind=integers.tolist(),
    )
    # Entry -1 of the objective is its constant, negated.
    problem.chgObj([-1], [-program.offset])
    sense = xpress.ObjSense.MAXIMIZE if program.maximise else xpress.ObjSense.MINIMIZE
    problem.chgObjSense(sense)


def _sides(program: Program) -> tuple[list[str], Floats, Floats]:
    """Return kind, right-hand side and range of each row."""
    kinds = program.row_kinds
    rhs = np.select([kinds == "G", kinds == "N"], [program.row_lower, 0.0], program.row_upper)
    ranges = np.zeros(program.rows)
    both = kinds == "R"
    ranges[both] = program.row_upper[both] - program.row_lower[both]
    return kinds.tolist(), rhs, ranges


def _set_options(problem: Any, limits: Limits) -> None:
    controls = problem.controls
    # Zero would be no limit.
    controls.timelimit = max(limits.seconds, 1e-3)
    controls.miprelstop = limits.gap
    controls.threads = limits.threads
    controls.randomseed = limits.seed
    if limits.nodes is not None:
        controls.maxnode = limits.nodes
    apply_settings("xpress", limits, lambda name, value: setattr(controls, name, value))
