"""A linear program, gathered column by column and solved for its values and dual prices."""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np
from scipy.sparse import csc_array

from qkdopt.runtime.output import one_highs
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class LinearSolution:
    """An optimal solution.

    Parameters
    ----------
    value
        ``(columns,)`` of the variables.
    dual
        ``(rows,)`` dual prices: what the least cost rises by where a row's limit rises by one.
    """

    value: FloatArray
    dual: FloatArray


@dataclass
class Columns:
    """Columns of a program that has no matrix yet, appended one by one."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.cost)

    def add(
        self,
        cost: float,
        rows: list[int],
        values: list[float],
        low: float = 0.0,
        high: float = np.inf,
    ) -> None:
        """Append a column.

        Parameters
        ----------
        cost
            Of one of it.
        rows, values
            The rows that it enters, and with which coefficients.
        low, high
            Its limits.
        """
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.rows.append(rows)
        self.values.append(values)

    def cheapest(self, row_low: FloatArray, row_high: FloatArray) -> LinearSolution | None:
        """Return the solution of least cost whose rows keep to their limits; None without one."""
        matrix = csc_array(
            (
                np.concatenate(self.values),
                np.concatenate(self.rows).astype(np.int32),
                np.cumsum([0, *map(len, self.rows)]),
            ),
            shape=(len(row_low), len(self)),
        )
        limits = np.array(self.low), np.array(self.high), row_low, row_high
        return cheapest(np.array(self.cost), matrix, *limits)


def cheapest(
    cost: FloatArray,
    matrix: csc_array,
    low: FloatArray,
    high: FloatArray,
    row_low: FloatArray,
    row_high: FloatArray,
) -> LinearSolution | None:
    """Solve a linear program; None where the solver finds no optimal solution.

    Parameters
    ----------
    cost
        ``(columns,)``, of which the least is sought.
    matrix
        ``(rows, columns)``.
    low, high
        ``(columns,)`` limits of the variables, infinite where there is none.
    row_low, row_high
        ``(rows,)`` limits of the rows.
    """
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = cost
    lp.col_lower_, lp.col_upper_ = low, high
    lp.row_lower_, lp.row_upper_ = row_low, row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    with one_highs() as solver:
        solver.setOptionValue("output_flag", False)
        solver.passModel(lp)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = solver.getSolution()
        return LinearSolution(np.array(solution.col_value), np.array(solution.row_dual))


__all__ = ["Columns", "LinearSolution", "cheapest"]
