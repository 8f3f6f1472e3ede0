"""HiGHS, in process: Pyomo's standard form passed to highspy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from qkdopt.adapters.base import Limits, Outcome, Status, Watch
from qkdopt.errors import SolverFailedError, SolverMissingError
from qkdopt.silence import new_highs

# HiGHS's word for the end of a run -> ours. What is absent is FAILED.
STATUS = {
    "kOptimal": Status.OPTIMAL,
    "kInfeasible": Status.INFEASIBLE,
    # Presolve cannot tell the two apart; our models are bounded.
    "kUnboundedOrInfeasible": Status.INFEASIBLE,
    "kUnbounded": Status.UNBOUNDED,
    "kTimeLimit": Status.LIMIT,
    "kSolutionLimit": Status.LIMIT,
    "kIterationLimit": Status.LIMIT,
    "kInterrupt": Status.INTERRUPTED,
}
# How the log says that a start was taken; HiGHS has no other word for it.
START_TAKEN = "MIP start solution is feasible"


@dataclass
class _Listener:
    """Listens to the log for the start, and asks the watcher whether to go on."""

    watch: Watch | None
    negate: bool
    start_taken: bool = False
    errors: list[BaseException] = field(default_factory=list)

    def on_log(self, event: Any) -> None:
        if START_TAKEN in event.message:
            self.start_taken = True

    def on_pause(self, event: Any) -> None:
        if self.watch is None or self.errors:
            event.interrupt(bool(self.errors))
            return
        out = event.data_out
        try:
            go_on = self.watch(
                _finite(out.mip_primal_bound, self.negate), _finite(out.mip_dual_bound, self.negate)
            )
        except BaseException as error:
            self.errors.append(error)
            go_on = False
        event.interrupt(not go_on)


class HighsAdapter:
    """The default solver."""

    name = "highs"
    limit = "none (MIT licence)"

    def available(self) -> bool:
        """Whether highspy is installed."""
        return find_spec("highspy") is not None

    def version(self) -> str:
        """Version of highspy."""
        return installed_version("highspy")

    def solve(
        self,
        model: pyo.ConcreteModel,
        limits: Limits,
        *,
        start: bool = False,
        watch: Watch | None = None,
    ) -> Outcome:
        """Solve a Pyomo model; the best solution is left in its variables."""
        if not self.available():
            raise SolverMissingError("solver 'highs' is not installed; pip install highspy")
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        # Pyomo states its standard form as a minimisation.
        negate = next(model.component_data_objects(pyo.Objective)).sense == pyo.maximize
        highs = new_highs()
        _set_options(highs, limits)
        _pass_model(highs, form)
        listener = _Listener(watch, negate)
        highs.cbLogging += listener.on_log
        highs.cbMipInterrupt += listener.on_pause
        if start:
            _pass_start(highs, form)
        highs.run()
        if listener.errors:
            raise listener.errors[0]
        return self._outcome(highs, form, negate, listener.start_taken if start else None)

    def _outcome(self, highs: Any, form: Any, negate: bool, start_taken: bool | None) -> Outcome:
        word = str(highs.getModelStatus()).rsplit(".", maxsplit=1)[-1]
        info = highs.getInfo()
        status = STATUS.get(word, Status.FAILED)
        has_solution = info.primal_solution_status == 2 and status is not Status.FAILED
        if has_solution:
            for variable, value in zip(form.columns, highs.getSolution().col_value, strict=True):
                variable.set_value(value, skip_validation=True)
        proved = status is not Status.INFEASIBLE and status is not Status.FAILED
        integer = any(not variable.is_continuous() for variable in form.columns)
        # A linear program has no branch-and-bound bound: its optimum is its bound.
        limit = info.mip_dual_bound if integer else info.objective_function_value
        solved = integer or status is Status.OPTIMAL
        return Outcome(
            status=status,
            incumbent=_finite(info.objective_function_value, negate) if has_solution else None,
            bound=_finite(limit, negate) if proved and solved else None,
            has_solution=has_solution,
            start_accepted=start_taken,
            nodes=int(info.mip_node_count) if info.mip_node_count >= 0 else None,
            seconds=float(highs.getRunTime()),
            solver=self.name,
            version=self.version(),
            message=word,
        )


def _finite(value: float, negate: bool) -> float | None:
    """Return a number in the model's own sense; None for HiGHS's infinities."""
    if not math.isfinite(value) or abs(value) >= 1e30:
        return None
    return -value if negate else value


def _set_options(highs: Any, limits: Limits) -> None:
    highs.setOptionValue("time_limit", max(0.0, limits.seconds))
    highs.setOptionValue("mip_rel_gap", limits.gap)
    highs.setOptionValue("threads", limits.threads)
    highs.setOptionValue("random_seed", limits.seed)
    if limits.nodes is not None:
        highs.setOptionValue("mip_max_nodes", limits.nodes)


def _pass_model(highs: Any, form: Any) -> None:
    import highspy

    infinite = highspy.kHighsInf
    matrix = form.A.tocsr()
    lower = np.array([r if row.bound_type in (-1, 0) else -infinite for r, row in _rows(form)])
    upper = np.array([r if row.bound_type in (1, 0) else infinite for r, row in _rows(form)])
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.asarray(form.c.todense(), dtype=np.float64).ravel()
    lp.offset_ = float(form.c_offset[0])
    bounds = [variable.bounds for variable in form.columns]
    lp.col_lower_ = np.array([-infinite if low is None else low for low, _ in bounds])
    lp.col_upper_ = np.array([infinite if high is None else high for _, high in bounds])
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data.astype(np.float64)
    kinds = (highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous)
    lp.integrality_ = [kinds[variable.is_continuous()] for variable in form.columns]
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise SolverFailedError("HiGHS refused the model")


def _rows(form: Any) -> Any:
    return zip(form.rhs, form.rows, strict=True)


def _pass_start(highs: Any, form: Any) -> None:
    import highspy

    solution = highspy.HighsSolution()
    solution.col_value = [
        0.0 if variable.value is None else float(variable.value) for variable in form.columns
    ]
    solution.value_valid = True
    highs.setSolution(solution)
