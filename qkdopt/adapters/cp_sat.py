"""CP-SAT, on an integer relaxation with a proved rounding error.

The bound is CP-SAT's on that relaxation (see :mod:`qkdopt.adapters.scaling`), the objective's
rounding taken off. A solution of the relaxation is not yet one of the program: its integer
columns are fixed and the linear program that is left is solved by HiGHS. Only what that finds
feasible is reported, so incumbents are as feasible as HiGHS's own.

OR-Tools' wrappers for linear programs are not used: on continuous columns they round as well,
but do not report the error.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, Status
from qkdopt.adapters.completion import Completion
from qkdopt.adapters.polling import poll
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.scaling import (
    OBJECTIVE_CAPACITY,
    ROW_CAPACITY,
    Grid,
    Integers,
    Scaled,
    implied_bounds,
)
from qkdopt.adapters.solver import Solver, apply_settings

# CP-SAT's status -> ours. What is absent is FAILED.
STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "INFEASIBLE": Status.INFEASIBLE,
    "FEASIBLE": Status.LIMIT,
    "UNKNOWN": Status.LIMIT,
    # Our status: the relaxation is solved, and the remaining gap is its rounding.
    "ROUNDED": Status.LIMIT,
}
# Text of the log where the hint solves the relaxation unchanged. Only the first such line is about
# our hint; a later one is about a repaired hint.
START_LINE = "The solution hint is"
START_TAKEN = "The solution hint is complete and is feasible"
# Gap up to which a solved relaxation counts as a solved program.
CLOSED_GAP = 1e-6


class CpSatAdapter(Solver):
    """CP-SAT, natively."""

    name = "cp-sat"
    limit = "none (Apache-2.0 licence)"
    package = "ortools"
    install = "pip install ortools"
    proves_linear = True
    takes_ranges = True
    capabilities = Capabilities(node_limit=False, continuous=False)

    @property
    def statuses(self) -> dict[str, Status]:
        """CP-SAT's statuses and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve the relaxation and complete its solutions.

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
        program = implied_bounds(program)
        relaxation = _Relaxation(program, Grid(program))
        if start is not None:
            relaxation.hint(start)
        state = SearchState()
        solver = new_solver(limits, state)
        completion = Completion(program)

        def proceed() -> bool:
            previous = completion.values
            completion.offer(relaxation.grid.to_values(point) for point in state.points())
            if completion.values is not None and completion.values is not previous:
                observer.improve(completion.values)
            return observer(completion.objective, relaxation.bound(state.bound))

        statuses: list[Any] = []
        poll(
            lambda: statuses.append(solver.solve(relaxation.model, state.callback())),
            proceed,
            solver.stop_search,
        )
        completion.offer(relaxation.grid.to_values(point) for point in state.points())
        word = solver.status_name(statuses[0])
        bound = relaxation.bound(final_bound(solver, word, state))
        return RawOutcome(
            word=_word(word, completion.objective, bound, limits.gap),
            values=completion.values,
            bound=bound,
            start_accepted=state.start_taken,
            message=word,
        )


def _word(word: str, incumbent: float | None, bound: float | None, gap: float) -> str:
    """Return CP-SAT's status, or ``ROUNDED`` where it holds for the relaxation only."""
    if word != "OPTIMAL":
        return word
    if incumbent is None or bound is None:
        return "ROUNDED"
    closed = abs(bound - incumbent) <= (gap + CLOSED_GAP) * max(1.0, abs(incumbent))
    return "OPTIMAL" if closed else "ROUNDED"


class SearchState:
    """State of the running solver: new solutions, bound, and whether the hint is feasible."""

    def __init__(self) -> None:
        self.bound: float | None = None
        self.start_taken: bool | None = None
        self._points: list[Integers] = []

    def points(self) -> list[Integers]:
        """Return the new solutions, best first, and forget them."""
        points, self._points = self._points, []
        return points[::-1]

    def on_bound(self, bound: float) -> None:
        """Store the latest bound."""
        self.bound = bound

    def on_log(self, line: str) -> None:
        """Read from a line of the log whether the hint is a solution."""
        if self.start_taken is None and START_LINE in line:
            self.start_taken = START_TAKEN in line

    def callback(self) -> Any:
        """Return the callback that CP-SAT calls with a solution."""
        from ortools.sat.python import cp_model

        state = self

        class Callback(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
            def on_solution_callback(self) -> None:
                point = np.array(self.response_proto.solution, dtype=np.int64)
                # Completing older ones is not worth the time.
                state._points = [*state._points[-7:], point]

        return Callback()


@dataclass(frozen=True)
class OwnModel:
    """A model built for CP-SAT itself, as its own text, which can be sent to a process.

    All solutions are passed to ``improve``: the caller compares them by its own objective.
    """

    text: str

    @classmethod
    def of(cls, model: Any) -> OwnModel:
        """Serialise a model."""
        with tempfile.TemporaryDirectory() as folder:
            # The ending makes it text.
            path = Path(folder) / "model.txt"
            model.export_to_file(str(path))
            return cls(path.read_text(encoding="utf-8"))

    def run(
        self, program: Program | None, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve it; the hint is the model's own.

        Parameters
        ----------
        program, start
            Not used.
        limits
            Limits and settings of the run.
        observer
            Called with the bound; returns whether to continue.

        Returns
        -------
        raw
            CP-SAT's status and its bound.
        """
        del program, start
        state = SearchState()
        solver = new_solver(limits, state)
        model = self._model()

        def proceed() -> bool:
            for point in reversed(state.points()):
                observer.improve(point.astype(np.float64))
            return observer(None, state.bound)

        statuses: list[Any] = []
        poll(
            lambda: statuses.append(solver.solve(model, state.callback())),
            proceed,
            solver.stop_search,
        )
        proceed()
        word = solver.status_name(statuses[0])
        bound = final_bound(solver, word, state)
        return RawOutcome(word=word, bound=bound, start_accepted=state.start_taken)

    def _model(self) -> Any:
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        if hasattr(model.proto, "parse_text_format"):
            model.proto.parse_text_format(self.text)
        else:
            # Before 9.15 it is a message of the protobuf package.
            from google.protobuf import text_format

            text_format.Parse(self.text, model.proto)
        return model


class _Relaxation:
    """The integer relaxation as a CP-SAT model."""

    def __init__(self, program: Program, grid: Grid) -> None:
        from ortools.sat.python import cp_model

        self.grid = grid
        self.model = cp_model.CpModel()
        self._expression = cp_model.LinearExpr.weighted_sum
        ends = zip(grid.lower.tolist(), grid.upper.tolist(), strict=True)
        self._variables = [self.model.new_int_var(low, high, "") for low, high in ends]
        self._add_rows(program)
        self._sign = -1.0 if program.maximise else 1.0
        self._offset = program.offset
        self._goal = grid.scaled(np.arange(program.columns), program.descent, OBJECTIVE_CAPACITY)
        # Part of the relative gap, so far as it fits.
        shift = self._goal.scale * self._sign * program.offset
        self._shift = round(shift) if abs(shift) < OBJECTIVE_CAPACITY else 0
        self.model.minimize(self._sum(self._goal) + self._shift)

    def hint(self, start: Floats) -> None:
        """Pass the start, rounded to the grid."""
        point = self.grid.to_integers(start).tolist()
        for variable, value in zip(self._variables, point, strict=True):
            self.model.add_hint(variable, value)

    def bound(self, integer_bound: float | None) -> float | None:
        """Return the bound on the program's objective from CP-SAT's bound."""
        if integer_bound is None or not np.isfinite(integer_bound):
            return None
        return self._sign * self._goal.below(integer_bound - self._shift) + self._offset

    def _sum(self, scaled: Scaled) -> Any:
        variables = [self._variables[column] for column in scaled.columns]
        return self._expression(variables, scaled.coefficients.tolist())

    def _add_rows(self, program: Program) -> None:
        matrix = program.matrix
        sides = zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)
        for row, (low, high) in enumerate(sides):
            part = slice(matrix.indptr[row], matrix.indptr[row + 1])
            scaled = self.grid.scaled(matrix.indices[part], matrix.data[part], ROW_CAPACITY)
            ends = scaled.at_least(low), scaled.at_most(high)
            self.model.add_linear_constraint(self._sum(scaled), *ends)


def final_bound(solver: Any, word: str, state: SearchState) -> float | None:
    """Return CP-SAT's bound at the end of a run; None where it has none.

    Before the first bound its ``best_objective_bound`` is 0.

    Parameters
    ----------
    solver
        CP-SAT after the run.
    word
        Its status.
    state
        State that it reported.
    """
    if word in ("OPTIMAL", "FEASIBLE"):
        return float(solver.best_objective_bound)
    return state.bound if word == "UNKNOWN" else None


def new_solver(limits: Limits, state: SearchState) -> Any:
    """Return CP-SAT with limits set, reporting to a state."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limits.seconds
    solver.parameters.relative_gap_limit = limits.gap
    solver.parameters.num_workers = limits.threads
    solver.parameters.random_seed = limits.seed
    # A step of 9.15's presolve loses solutions of models with large coefficients, and the optimum
    # of the rest is reported as the optimum (OR-Tools issue 5293): that step is left out.
    solver.parameters.presolve_inclusion_work_limit = 0
    # Only the log says whether the hint is a solution.
    solver.parameters.log_search_progress = True
    solver.parameters.log_to_stdout = False
    solver.log_callback = state.on_log
    solver.best_bound_callback = state.on_bound
    apply_settings("cp-sat", limits, lambda name, value: setattr(solver.parameters, name, value))
    return solver
