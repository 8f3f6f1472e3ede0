"""HiGHS, through highspy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qkdopt.adapters.base import Answer, Capabilities, Limits, Observer, Setting, Status
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings
from qkdopt.errors import SolverFailedError
from qkdopt.runtime.output import new_highs

# HiGHS's word for the end of a run -> ours. What is absent is FAILED.
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
# How the log says that a start was taken; HiGHS has no other word for it.
START_TAKEN = "MIP start solution is feasible"
# Bit of the presolve rule that makes rows sparser: in HiGHS 1.16 it loses solutions, if rarely.
SPARSIFY = 1 << 14
# Objectives further apart than this share are those of two solutions.
SAME_OBJECTIVE = 1e-6


@dataclass
class _Listener:
    """Listens to the log for the start, and asks the observer whether to go on."""

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
        go_on = self.observer(self.sign * out.mip_primal_bound, self.sign * out.mip_dual_bound)
        event.interrupt(not go_on)


class HighsAdapter(Solver):
    """The default solver."""

    name = "highs"
    limit = "none (MIT licence)"
    package = "highspy"
    install = "pip install highspy"
    ambiguous = frozenset({"kUnboundedOrInfeasible"})
    takes_ranges = True
    capabilities = Capabilities()

    @property
    def statuses(self) -> dict[str, Status]:
        """HiGHS's words and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> Answer:
        """Solve as a minimisation and turn the answer back.

        HiGHS 1.16 now and then improves the start in its reduced model and then gives back the
        start itself, beside the objective of the better solution: then it is asked again without.
        Where its presolve leaves it without an answer, it is asked again without presolve.
        """
        began = time.monotonic()
        first, objective = self._run(program, limits, start, observer)
        answers = [first]
        doubted = start is not None and _gave_back_start(program, first, objective)
        ways = [{"presolve": "off"}] if start is None else [{}, {"presolve": "off"}]
        for way in ways:
            if observer.stopped or not (doubted or _is_no_answer(answers)):
                break
            left = max(0.0, limits.seconds - (time.monotonic() - began))
            options = {**way, **limits.options}
            again = replace(limits, seconds=left, options=options)
            answers.append(self._run(program, again, None, observer)[0])
            doubted = False
        return _best(program, answers)

    def _run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> tuple[Answer, float]:
        """Return HiGHS's answer, and the objective that it states for its solution."""
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
        solved = info.primal_solution_status == 2
        answer = Answer(
            word=str(highs.getModelStatus()).rsplit(".", maxsplit=1)[-1],
            values=np.array(highs.getSolution().col_value) if solved else None,
            bound=listener.sign * info.mip_dual_bound,
            start_accepted=listener.start_taken,
            nodes=int(info.mip_node_count) if info.mip_node_count >= 0 else None,
        )
        return answer, listener.sign * info.objective_function_value


def _gave_back_start(program: Program, answer: Answer, objective: float) -> bool:
    """Whether HiGHS states the objective of another solution than the one that it returns."""
    if answer.values is None:
        return False
    known = program.objective(answer.values)
    return abs(objective - known) > SAME_OBJECTIVE * max(1.0, abs(known))


def _is_no_answer(answers: Sequence[Answer]) -> bool:
    """Whether the last answer is an error, or that there is no solution though one was found."""
    last = answers[-1]
    found = any(answer.values is not None for answer in answers)
    return last.word == "kSolveError" or (found and STATUS.get(last.word) is Status.INFEASIBLE)


def _best(program: Program, answers: Sequence[Answer]) -> Answer:
    """Return the last answer with what others knew better: the start and the best solution."""
    sign = -1.0 if program.maximise else 1.0
    values = [answer.values for answer in answers if answer.values is not None]
    best = min(values, key=lambda point: sign * program.objective(point), default=None)
    return replace(answers[-1], values=best, start_accepted=answers[0].start_accepted)


def _set_options(highs: Any, limits: Limits) -> None:
    highs.setOptionValue("time_limit", max(0.0, limits.seconds))
    highs.setOptionValue("mip_rel_gap", limits.gap)
    highs.setOptionValue("threads", limits.threads)
    highs.setOptionValue("random_seed", limits.seed)
    highs.setOptionValue("presolve_rule_off", SPARSIFY)
    if limits.nodes is not None:
        highs.setOptionValue("mip_max_nodes", limits.nodes)

    def apply(name: str, value: Setting) -> None:
        if str(highs.setOptionValue(name, value)) != "HighsStatus.kOk":
            raise ValueError("unknown option or value")

    apply_settings("highs", limits, apply)


def pass_program(highs: Any, program: Program) -> None:
    """Pass a program to HiGHS, as a minimisation."""
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
    lp.integrality_ = [kinds[int(whole)] for whole in program.integer]
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise SolverFailedError("HiGHS refused the model")


def _pass_start(highs: Any, start: Floats) -> None:
    import highspy

    solution = highspy.HighsSolution()
    solution.col_value = start.tolist()
    solution.value_valid = True
    highs.setSolution(solution)
