"""Gurobi, in process, through gurobipy."""

from __future__ import annotations

from typing import Any

import numpy as np

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, SizeLimit, Status
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings

# Gurobi's status -> ours. What is absent is FAILED.
STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "INFEASIBLE": Status.INFEASIBLE,
    # Left open by presolve: infeasible where the columns are bounded.
    "INF_OR_UNBD": Status.INFEASIBLE,
    "UNBOUNDED": Status.UNBOUNDED,
    "TIME_LIMIT": Status.LIMIT,
    "NODE_LIMIT": Status.LIMIT,
    "INTERRUPTED": Status.INTERRUPTED,
}
# Text of the log where the start is accepted.
START_TAKEN = ("Loaded user MIP start", "User MIP start produced solution")
# Gurobi's error for a model over the size of the licence.
TOO_LARGE = 10010


class GurobiAdapter(Solver):
    """Gurobi."""

    name = "gurobi"
    limit = "2000 columns, 2000 rows without a licence"
    package = "gurobipy"
    install = "pip install gurobipy"
    ambiguous = frozenset({"INF_OR_UNBD"})
    size = SizeLimit(columns=2000, rows=2000)
    capabilities = Capabilities()

    @property
    def statuses(self) -> dict[str, Status]:
        """Gurobi's statuses and ours."""
        return STATUS

    def licensed(self) -> bool:
        """Return whether Gurobi takes one column more than the limit."""
        import gurobipy

        with _new_environment() as environment, gurobipy.Model(env=environment) as model:
            model.addMVar(2001)
            try:
                model.optimize()
            except gurobipy.GurobiError as error:
                return bool(error.errno != TOO_LARGE)
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
        import gurobipy

        with _new_environment() as environment, gurobipy.Model(env=environment) as model:
            columns = _build(model, program)
            _set_options(model, limits)
            if start is not None:
                columns.Start = start
            listener = _Listener(observer, columns.tolist())
            model.optimize(listener)
            has_solution = model.SolCount > 0
            return RawOutcome(
                word=_word(model.Status),
                values=np.array(columns.X) if has_solution else None,
                bound=None if program.linear else _attribute(model, "ObjBound"),
                start_accepted=listener.start_taken,
                nodes=int(model.NodeCount),
            )


class _Listener:
    """Read from the log whether the start is accepted, and stop when the observer says so."""

    def __init__(self, observer: Observer, columns: list[Any]) -> None:
        self._observer, self._columns = observer, columns
        self._progress: tuple[float | None, float | None] = (None, None)
        self.start_taken = False

    def __call__(self, model: Any, where: int) -> None:
        from gurobipy import GRB

        callback = GRB.Callback
        if where == callback.MESSAGE:
            text = model.cbGet(callback.MSG_STRING)
            self.start_taken = self.start_taken or any(word in text for word in START_TAKEN)
        elif where == callback.MIPSOL:
            self._observer.improve(np.array(model.cbGetSolution(self._columns)))
        elif where == callback.MIP:
            best = model.cbGet(callback.MIP_OBJBST)
            self._progress = best, model.cbGet(callback.MIP_OBJBND)
        if where in (callback.MIP, callback.POLLING) and not self._observer(*self._progress):
            model.terminate()


def _new_environment() -> Any:
    import gurobipy

    environment = gurobipy.Env(empty=True)
    environment.setParam("OutputFlag", 0)
    environment.start()
    return environment


def _build(model: Any, program: Program) -> Any:
    from gurobipy import GRB

    types = np.where(program.integer, GRB.INTEGER, GRB.CONTINUOUS)
    columns = model.addMVar(
        program.columns, lb=program.lower, ub=program.upper, obj=program.cost, vtype=types
    )
    model.ModelSense = GRB.MAXIMIZE if program.maximise else GRB.MINIMIZE
    model.ObjCon = program.offset
    kinds = program.row_kinds
    for kind, sense, side in (
        ("E", GRB.EQUAL, program.row_lower),
        ("G", GRB.GREATER_EQUAL, program.row_lower),
        ("L", GRB.LESS_EQUAL, program.row_upper),
    ):
        chosen = kinds == kind
        if chosen.any():
            model.addMConstr(program.matrix[chosen], columns, sense, side[chosen])
    return columns


def _set_options(model: Any, limits: Limits) -> None:
    # The log goes to the callback only.
    model.setParam("LogToConsole", 0)
    model.setParam("OutputFlag", 1)
    model.setParam("TimeLimit", max(0.0, limits.seconds))
    model.setParam("MIPGap", limits.gap)
    model.setParam("Threads", limits.threads)
    model.setParam("Seed", limits.seed)
    if limits.nodes is not None:
        model.setParam("NodeLimit", limits.nodes)
    apply_settings("gurobi", limits, model.setParam)


def _word(code: int) -> str:
    """Return Gurobi's name of a status code."""
    from gurobipy import GRB

    names = (name for name in STATUS if getattr(GRB.Status, name) == code)
    return next(names, f"status {code}")


def _attribute(model: Any, name: str) -> float | None:
    import gurobipy

    try:
        return float(model.getAttr(name))
    except (AttributeError, gurobipy.GurobiError):
        return None
