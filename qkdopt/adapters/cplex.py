"""CPLEX, in process, through its own Python interface."""

from __future__ import annotations

from io import StringIO
from operator import attrgetter
from typing import Any

import numpy as np

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, SizeLimit, Status
from qkdopt.adapters.polling import poll
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings

# CPLEX's status -> ours. What is absent is FAILED.
STATUS = {
    "optimal": Status.OPTIMAL,
    "MIP_optimal": Status.OPTIMAL,
    "optimal_tolerance": Status.OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    "MIP_infeasible": Status.INFEASIBLE,
    # Left open by presolve: infeasible where the columns are bounded.
    "infeasible_or_unbounded": Status.INFEASIBLE,
    "MIP_infeasible_or_unbounded": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "MIP_unbounded": Status.UNBOUNDED,
    "abort_time_limit": Status.LIMIT,
    "MIP_time_limit_feasible": Status.LIMIT,
    "MIP_time_limit_infeasible": Status.LIMIT,
    "node_limit_feasible": Status.LIMIT,
    "node_limit_infeasible": Status.LIMIT,
    "abort_user": Status.INTERRUPTED,
    "MIP_abort_feasible": Status.INTERRUPTED,
    "MIP_abort_infeasible": Status.INTERRUPTED,
}
# Text of the log where the start is accepted.
START_TAKEN = "1 of 1 MIP starts provided solutions"
# CPLEX's error for a model over the size of the community edition.
TOO_LARGE = 1016


class CplexAdapter(Solver):
    """CPLEX."""

    name = "cplex"
    limit = "1000 columns, 1000 rows without a licence"
    package = "cplex"
    install = "pip install cplex"
    ambiguous = frozenset({"infeasible_or_unbounded", "MIP_infeasible_or_unbounded"})
    size = SizeLimit(columns=1000, rows=1000)
    capabilities = Capabilities()

    @property
    def statuses(self) -> dict[str, Status]:
        """CPLEX's statuses and ours."""
        return STATUS

    def licensed(self) -> bool:
        """Return whether CPLEX takes one column more than the limit."""
        from cplex.exceptions import CplexSolverError

        solver = _new_solver(StringIO())
        try:
            solver.variables.add(obj=[1.0] * 1001)
            solver.solve()
        except CplexSolverError as error:
            return bool(error.args[-1] != TOO_LARGE)
        finally:
            solver.end()
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
        from cplex import Aborter

        log = StringIO()
        solver = _new_solver(log)
        _build(solver, program)
        _set_options(solver, limits)
        if start is not None and not program.linear:
            _pass_start(solver, start)
        # It refuses this callback on a linear program.
        progress = [None, None] if program.linear else _listen(solver)
        aborter = solver.use_aborter(Aborter())
        try:
            poll(solver.solve, lambda: observer(*progress), aborter.abort)
            return _raw_outcome(solver, program, taken=START_TAKEN in log.getvalue())
        finally:
            solver.end()


def _raw_outcome(solver: Any, program: Program, *, taken: bool) -> RawOutcome:
    solution = solver.solution
    code = solution.get_status()
    return RawOutcome(
        word=solution.status[code] if code in _codes(solution.status) else f"status {code}",
        values=np.array(solution.get_values()) if solution.is_primal_feasible() else None,
        bound=None if program.linear else _bound(solution),
        start_accepted=taken,
        nodes=None if program.linear else int(solution.progress.get_num_nodes_processed()),
    )


def _codes(status: Any) -> set[int]:
    """Return the codes that CPLEX has names for; it raises on any other."""
    return {code for name in STATUS if (code := getattr(status, name, None)) is not None}


def _bound(solution: Any) -> float | None:
    from cplex.exceptions import CplexError

    try:
        return float(solution.MIP.get_best_objective())
    except CplexError:
        # It has none before the first relaxation is solved.
        return None


def _new_solver(log: StringIO) -> Any:
    import cplex

    solver = cplex.Cplex()
    solver.set_log_stream(log)
    solver.set_results_stream(log)
    solver.set_warning_stream(None)
    solver.set_error_stream(None)
    return solver


def _build(solver: Any, program: Program) -> None:
    from cplex import SparsePair, infinity

    types = "".join("I" if is_integer else "C" for is_integer in program.integer)
    solver.variables.add(
        obj=program.cost.tolist(),
        lb=np.maximum(program.lower, -infinity).tolist(),
        ub=np.minimum(program.upper, infinity).tolist(),
        types="" if program.linear else types,
    )
    solver.objective.set_offset(program.offset)
    sense = solver.objective.sense
    solver.objective.set_sense(sense.maximize if program.maximise else sense.minimize)
    kinds, matrix = program.row_kinds, program.matrix
    ends = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    rows = [SparsePair(matrix.indices[a:b].tolist(), matrix.data[a:b].tolist()) for a, b in ends]
    solver.linear_constraints.add(
        lin_expr=[row for row, kind in zip(rows, kinds, strict=True) if kind != "N"],
        senses="".join(kinds[kinds != "N"]),
        rhs=np.where(kinds == "G", program.row_lower, program.row_upper)[kinds != "N"].tolist(),
    )


def _pass_start(solver: Any, start: Floats) -> None:
    from cplex import SparsePair

    effort = solver.MIP_starts.effort_level.check_feasibility
    solver.MIP_starts.add(SparsePair(list(range(start.size)), start.tolist()), effort)


def _set_options(solver: Any, limits: Limits) -> None:
    parameters = solver.parameters
    parameters.timelimit.set(max(0.0, limits.seconds))
    parameters.mip.tolerances.mipgap.set(limits.gap)
    parameters.threads.set(limits.threads)
    parameters.randomseed.set(limits.seed)
    if limits.nodes is not None:
        parameters.mip.limits.nodes.set(limits.nodes)
    # Its parameters are a tree: mip.strategy.search.
    apply_settings("cplex", limits, lambda name, value: attrgetter(name)(parameters).set(value))


def _listen(solver: Any) -> list[float | None]:
    """Register a callback; return the list in which it keeps incumbent and bound."""
    from cplex.callbacks import Context

    progress: list[float | None] = [None, None]

    class Listener:
        def invoke(self, context: Any) -> None:
            info = context.info
            if context.get_int_info(info.feasible):
                progress[0] = context.get_double_info(info.best_solution)
            progress[1] = context.get_double_info(info.best_bound)

    solver.set_callback(Listener(), Context.id.global_progress)
    return progress
