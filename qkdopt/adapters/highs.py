"""HiGHS, through highspy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, Setting, Status
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings
from qkdopt.errors import SolverFailedError
from qkdopt.runtime.output import new_highs

# HiGHS's status -> ours. What is absent is FAILED.
STATUS = {
    "kOptimal": Status.OPTIMAL,
    "kInfeasible": Status.INFEASIBLE,
    # Left open by presolve: infeasible where the columns are bounded.
    "kUnboundedOrInfeasible": Status.INFEASIBLE,
    "kUnbounded": Status.UNBOUNDED,
    "kTimeLimit": Status.LIMIT,
    "kSolutionLimit": Status.LIMIT,
    "kIterationLimit": Status.LIMIT,
    "kInterrupt": Status.INTERRUPTED,
}
# Text of the log where a start is accepted; HiGHS reports it nowhere else.
START_TAKEN = "MIP start solution is feasible"
# Bits of presolve rules that lose solutions, if rarely, in HiGHS 1.16. The first makes rows sparse.
# The others fix many columns at once, after which a set of which one must be chosen may be dropped
# although nothing is chosen yet (github.com/ERGO-Code/HiGHS/issues/3216).
SPARSIFY, ENUMERATION, DUAL_FIXING_PROBING = 1 << 14, 1 << 16, 1 << 20
RULES_OFF = SPARSIFY | ENUMERATION | DUAL_FIXING_PROBING
# Objectives further apart than this share are those of two solutions.
SAME_OBJECTIVE = 1e-6


@dataclass
class _Listener:
    """Read from the log whether the start is accepted, and stop when the observer says so."""

    observer: Observer
    sign: float
    start_taken: bool = False

    def on_log(self, event: Any) -> None:
        if START_TAKEN in event.message:
            self.start_taken = True

    def on_improvement(self, event: Any) -> None:
        self.observer.improve(np.array(event.data_out.mip_solution, dtype=np.float64))

    def on_pause(self, event: Any) -> None:
        out = event.data_out
        proceed = self.observer(self.sign * out.mip_primal_bound, self.sign * out.mip_dual_bound)
        event.interrupt(not proceed)


class HighsAdapter(Solver):
    """HiGHS, the default solver."""

    name = "highs"
    limit = "none (MIT licence)"
    package = "highspy"
    install = "pip install highspy"
    ambiguous = frozenset({"kUnboundedOrInfeasible"})
    takes_ranges = True
    capabilities = Capabilities()

    @property
    def statuses(self) -> dict[str, Status]:
        """HiGHS's statuses and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve as a minimisation and convert the result back.

        HiGHS 1.16 sometimes improves the start in its reduced model and then returns the start
        itself, with the objective of the better solution: then it runs again without the start.
        Where its presolve leaves it without a result, it runs again without presolve.

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
        began = time.monotonic()
        first, objective = self._run(program, limits, start, observer)
        runs = [first]
        suspect = start is not None and _returned_start(program, first, objective)
        retries = [{"presolve": "off"}] if start is None else [{}, {"presolve": "off"}]
        for overrides in retries:
            if observer.stopped or not (suspect or _is_inconclusive(runs)):
                break
            seconds = max(0.0, limits.seconds - (time.monotonic() - began))
            options = {**overrides, **limits.options}
            retry_limits = replace(limits, seconds=seconds, options=options)
            runs.append(self._run(program, retry_limits, None, observer)[0])
            suspect = False
        return _best(program, runs)

    def _run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> tuple[RawOutcome, float]:
        """Return HiGHS's own result, and the objective that it states for its solution."""
        highs = new_highs()
        _set_options(highs, limits)
        pass_program(highs, program)
        listener = _Listener(observer, -1.0 if program.maximise else 1.0)
        highs.cbLogging += listener.on_log
        highs.cbMipInterrupt += listener.on_pause
        highs.cbMipImprovingSolution += listener.on_improvement
        if start is not None:
            _pass_start(highs, start)
        highs.run()
        info = highs.getInfo()
        has_solution = info.primal_solution_status == 2
        raw = RawOutcome(
            word=str(highs.getModelStatus()).rsplit(".", maxsplit=1)[-1],
            values=np.array(highs.getSolution().col_value) if has_solution else None,
            bound=listener.sign * info.mip_dual_bound,
            start_accepted=listener.start_taken,
            nodes=int(info.mip_node_count) if info.mip_node_count >= 0 else None,
        )
        return raw, listener.sign * info.objective_function_value


def _returned_start(program: Program, raw: RawOutcome, objective: float) -> bool:
    """Return whether the objective that HiGHS states is that of another solution."""
    if raw.values is None:
        return False
    recomputed = program.objective(raw.values)
    return abs(objective - recomputed) > SAME_OBJECTIVE * max(1.0, abs(recomputed))


def _is_inconclusive(runs: Sequence[RawOutcome]) -> bool:
    """Return whether the last run ended in an error, or as infeasible despite a solution."""
    last = runs[-1]
    has_solution = any(raw.values is not None for raw in runs)
    return last.word == "kSolveError" or (
        has_solution and STATUS.get(last.word) is Status.INFEASIBLE
    )


def _best(program: Program, runs: Sequence[RawOutcome]) -> RawOutcome:
    """Return the last result with the best solution of all runs and the first one's start."""
    sign = -1.0 if program.maximise else 1.0
    values = [raw.values for raw in runs if raw.values is not None]
    best = min(values, key=lambda point: sign * program.objective(point), default=None)
    return replace(runs[-1], values=best, start_accepted=runs[0].start_accepted)


def _set_options(highs: Any, limits: Limits) -> None:
    highs.setOptionValue("time_limit", max(0.0, limits.seconds))
    highs.setOptionValue("mip_rel_gap", limits.gap)
    highs.setOptionValue("threads", limits.threads)
    highs.setOptionValue("random_seed", limits.seed)
    highs.setOptionValue("presolve_rule_off", RULES_OFF)
    if limits.nodes is not None:
        highs.setOptionValue("mip_max_nodes", limits.nodes)

    def apply(name: str, value: Setting) -> None:
        if str(highs.setOptionValue(name, value)) != "HighsStatus.kOk":
            raise ValueError("unknown option or value")

    apply_settings("highs", limits, apply)


def pass_program(highs: Any, program: Program) -> None:
    """Pass a program to HiGHS, as a minimisation.

    Raises
    ------
    SolverFailedError
        HiGHS does not take the model.
    """
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_ = program.descent
    lp.offset_ = -program.offset if program.maximise else program.offset
    # highspy's infinity is IEEE's.
    lp.col_lower_, lp.col_upper_ = program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = program.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = program.matrix.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[int(is_integer)] for is_integer in program.integer]
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise SolverFailedError("HiGHS refused the model")


def _pass_start(highs: Any, start: Floats) -> None:
    import highspy

    solution = highspy.HighsSolution()
    solution.col_value = start.tolist()
    solution.value_valid = True
    highs.setSolution(solution)
