"""Complete integer columns to solutions of the whole program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from qkdopt.adapters.program import Floats, Program
from qkdopt.runtime.output import new_highs

# Violation up to which a point is a solution, as for the other solvers.
TOLERANCE = 1e-6


class Completion:
    """Completes integer columns, and keeps the best solution.

    Parameters
    ----------
    program
        The whole program; with its integer columns fixed a linear program is left.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._integers = np.flatnonzero(program.integer).astype(np.int32)
        self._highs: Any = None
        self.values: Floats | None = None

    @property
    def objective(self) -> float | None:
        """Objective of the best solution."""
        return None if self.values is None else self._program.objective(self.values)

    def offer(self, points: Iterable[Floats]) -> None:
        """Complete the first point with a feasible completion, and keep it if it is the best.

        Parameters
        ----------
        points
            ``(columns,)`` values, best first; only integer columns count.
        """
        for point in points:
            values = self._complete(point)
            if values is not None:
                self._keep(values)
                return

    def _keep(self, values: Floats) -> None:
        best, objective = self.objective, self._program.objective(values)
        if best is None or (objective > best if self._program.maximise else objective < best):
            self.values = values

    def _complete(self, point: Floats) -> Floats | None:
        if self._integers.size == self._program.columns:
            return point if self._program.violation(point) <= TOLERANCE else None
        highs = self._linear()
        fixed = np.rint(point[self._integers])
        highs.changeColsBounds(self._integers.size, self._integers, fixed, fixed)
        highs.run()
        if str(highs.getModelStatus()) != "HighsModelStatus.kOptimal":
            return None
        values = np.array(highs.getSolution().col_value)
        values[self._integers] = fixed
        return values if self._program.violation(values) <= TOLERANCE else None

    def _linear(self) -> Any:
        """Return the linear program in HiGHS, made once and started warm after that."""
        if self._highs is None:
            from qkdopt.adapters.highs import pass_program

            self._highs = new_highs()
            self._highs.setOptionValue("threads", 1)
            pass_program(self._highs, self._program)
            kinds = np.zeros(self._integers.size, dtype=np.uint8)
            self._highs.changeColsIntegrality(self._integers.size, self._integers, kinds)
        return self._highs
