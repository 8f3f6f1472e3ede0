"""CP-SAT, on an integer relaxation with a proved rounding error.

The bound is CP-SAT's on that relaxation (see :mod:`qkdopt.adapters.scaling`), the objective's
rounding taken off. A solution of the relaxation is not yet one of the program: its integer
columns are fixed and the linear program that is left is solved by HiGHS. Only what that finds
feasible is reported, so incumbents are as feasible as HiGHS's own.

OR-Tools' wrappers for linear programs are not used: on continuous columns they round as well,
but say nothing of the error.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qkdopt.adapters.base import Answer, Capabilities, Limits, Observer, Status
from qkdopt.adapters.completion import Completion
from qkdopt.adapters.implied import implied_bounds
from qkdopt.adapters.polling import poll
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.scaling import OBJECTIVE_ROOM, ROW_ROOM, Grid, Integers, Scaled
from qkdopt.adapters.solver import Solver, apply_settings

# CP-SAT's word for the end of a run -> ours. What is absent is FAILED.
STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "INFEASIBLE": Status.INFEASIBLE,
    "FEASIBLE": Status.LIMIT,
    "UNKNOWN": Status.LIMIT,
    # Ours: the relaxation is solved, and the gap that is left is its rounding.
    "ROUNDED": Status.LIMIT,
}
# How the log says that the start was taken: the hint solves the relaxation as it is. Only the
# first such line is of our hint; a later one is of a hint that was repaired.
START_TOLD = "The solution hint is"
START_TAKEN = "The solution hint is complete and is feasible"
# Gap up to which a solved relaxation counts as a solved program.
CLOSED = 1e-6


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
        """CP-SAT's words and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> Answer:
        """Solve the relaxation and complete its solutions."""
        program = implied_bounds(program)
        relaxation = _Relaxation(program, Grid(program))
        if start is not None:
            relaxation.hint(start)
        news = News()
        solver = new_solver(limits, news)
        completion = Completion(program)

        def ask() -> bool:
            before = completion.values
            completion.offer(relaxation.grid.to_values(point) for point in news.points())
            if completion.values is not None and completion.values is not before:
                observer.improve(completion.values)
            return observer(completion.objective, relaxation.bound(news.bound))

        found: list[Any] = []
        poll(
            lambda: found.append(solver.solve(relaxation.model, news.callback())),
            ask,
            solver.stop_search,
        )
        completion.offer(relaxation.grid.to_values(point) for point in news.points())
        word = solver.status_name(found[0])
        bound = relaxation.bound(told_bound(solver, word, news))
        return Answer(
            word=_word(word, completion.objective, bound, limits.gap),
            values=completion.values,
            bound=bound,
            start_accepted=news.start_taken,
            message=word,
        )


def _word(word: str, incumbent: float | None, bound: float | None, gap: float) -> str:
    """Return CP-SAT's word, unless it holds for the relaxation only."""
    if word != "OPTIMAL":
        return word
    if incumbent is None or bound is None:
        return "ROUNDED"
    closed = abs(bound - incumbent) <= (gap + CLOSED) * max(1.0, abs(incumbent))
    return "OPTIMAL" if closed else "ROUNDED"


class News:
    """What the running solver tells: solutions, bounds and its log."""

    def __init__(self) -> None:
        self.bound: float | None = None
        self.start_taken: bool | None = None
        self._points: list[Integers] = []

    def points(self) -> list[Integers]:
        """Take the solutions that are new, best first."""
        points, self._points = self._points, []
        return points[::-1]

    def on_bound(self, bound: float) -> None:
        """Hear the latest bound."""
        self.bound = bound

    def on_log(self, line: str) -> None:
        """Hear whether the hint is a solution."""
        if self.start_taken is None and START_TOLD in line:
            self.start_taken = START_TAKEN in line

    def callback(self) -> Any:
        """Return what CP-SAT calls with a solution."""
        from ortools.sat.python import cp_model

        news = self

        class Callback(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
            def on_solution_callback(self) -> None:
                point = np.array(self.response_proto.solution, dtype=np.int64)
                # Only the newest few are worth completing.
                news._points = [*news._points[-7:], point]

        return Callback()


@dataclass(frozen=True)
class OwnModel:
    """A model that was built for CP-SAT itself, as its own text: it can travel to a process.

    Solutions are told by ``improve``, all of them: who built the model may judge them otherwise.
    """

    text: str

    @classmethod
    def of(cls, model: Any) -> OwnModel:
        """Write a model down."""
        with tempfile.TemporaryDirectory() as folder:
            # The ending makes it text.
            path = Path(folder) / "model.txt"
            model.export_to_file(str(path))
            return cls(path.read_text(encoding="utf-8"))

    def run(
        self, program: Program | None, limits: Limits, start: Floats | None, observer: Observer
    ) -> Answer:
        """Solve it; the answer has CP-SAT's word and its bound, the hint is the model's own."""
        del program, start
        news = News()
        solver = new_solver(limits, news)
        model = self._model()

        def ask() -> bool:
            for point in reversed(news.points()):
                observer.improve(point.astype(np.float64))
            return observer(None, news.bound)

        found: list[Any] = []
        poll(lambda: found.append(solver.solve(model, news.callback())), ask, solver.stop_search)
        ask()
        word = solver.status_name(found[0])
        bound = told_bound(solver, word, news)
        return Answer(word=word, bound=bound, start_accepted=news.start_taken)

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
        self._goal = grid.scaled(np.arange(program.columns), program.descent, OBJECTIVE_ROOM)
        # Part of the relative gap, so far as it fits.
        shift = self._goal.scale * self._sign * program.offset
        self._shift = round(shift) if abs(shift) < OBJECTIVE_ROOM else 0
        self.model.minimize(self._sum(self._goal) + self._shift)

    def hint(self, start: Floats) -> None:
        """Give the start, on the grid."""
        point = self.grid.to_integers(start).tolist()
        for variable, value in zip(self._variables, point, strict=True):
            self.model.add_hint(variable, value)

    def bound(self, told: float | None) -> float | None:
        """Limit on the program's objective, from CP-SAT's bound."""
        if told is None or not np.isfinite(told):
            return None
        return self._sign * self._goal.below(told - self._shift) + self._offset

    def _sum(self, scaled: Scaled) -> Any:
        variables = [self._variables[column] for column in scaled.columns]
        return self._expression(variables, scaled.coefficients.tolist())

    def _add_rows(self, program: Program) -> None:
        matrix = program.matrix
        sides = zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)
        for row, (low, high) in enumerate(sides):
            part = slice(matrix.indptr[row], matrix.indptr[row + 1])
            scaled = self.grid.scaled(matrix.indices[part], matrix.data[part], ROW_ROOM)
            ends = scaled.at_least(low), scaled.at_most(high)
            self.model.add_linear_constraint(self._sum(scaled), *ends)


def told_bound(solver: Any, word: str, news: News) -> float | None:
    """Return CP-SAT's bound at the end of a run; None where it has none.

    Before the first bound its ``best_objective_bound`` is 0.
    """
    if word in ("OPTIMAL", "FEASIBLE"):
        return float(solver.best_objective_bound)
    return news.bound if word == "UNKNOWN" else None


def new_solver(limits: Limits, news: News) -> Any:
    """Return CP-SAT with limits set, telling its news."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limits.seconds
    solver.parameters.relative_gap_limit = limits.gap
    solver.parameters.num_workers = limits.threads
    solver.parameters.random_seed = limits.seed
    # A step of 9.15's presolve loses solutions of models with large coefficients, and the optimum
    # of what is left is told as the optimum (OR-Tools issue 5293): that step is left out.
    solver.parameters.presolve_inclusion_work_limit = 0
    # The log is where it says whether the hint is a solution.
    solver.parameters.log_search_progress = True
    solver.parameters.log_to_stdout = False
    solver.log_callback = news.on_log
    solver.best_bound_callback = news.on_bound
    apply_settings("cp-sat", limits, lambda name, value: setattr(solver.parameters, name, value))
    return solver
