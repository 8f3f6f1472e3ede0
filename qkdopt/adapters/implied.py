"""Derive missing bounds of columns from the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qkdopt.adapters.program import Floats, Program

# Each round may bound columns by those that the round before has bounded.
ROUNDS = 10
# Far above the rounding of the sums in one row, relative to their largest parts.
SLACK = 1e-9

Positions = NDArray[np.intp]


def implied_bounds(program: Program) -> Program:
    r"""Return the program with the missing bounds that its rows imply.

    In a row :math:`\sum_k a_k x_k \le r` each column obeys :math:`a_j x_j \le r -
    \min \sum_{k \ne j} a_k x_k`, the minimum over the other columns' bounds. No point that is
    feasible is lost; present bounds are not changed.
    """
    for _ in range(ROUNDS):
        missing = np.isinf(program.lower) | np.isinf(program.upper)
        if not missing.any():
            break
        tighter = _round(program)
        if tighter is None:
            break
        program = tighter
    return program


def _round(program: Program) -> Program | None:
    """Return the program after one pass over the rows; None where nothing changed."""
    entries = program.matrix.tocoo()
    rows, columns = entries.row.astype(np.intp), entries.col.astype(np.intp)
    low, high = np.full(program.columns, -np.inf), np.full(program.columns, np.inf)
    for sign, side in ((1.0, program.row_upper), (-1.0, -program.row_lower)):
        data = sign * entries.data
        limits = _limits(program, rows, columns, data, side)
        up = data > 0
        np.minimum.at(high, columns[up], limits[up])
        down = data < 0
        np.maximum.at(low, columns[down], limits[down])
    lower = np.where(np.isinf(program.lower), low, program.lower)
    upper = np.where(np.isinf(program.upper), high, program.upper)
    same = np.array_equal(lower, program.lower) and np.array_equal(upper, program.upper)
    return None if same else replace(program, lower=lower, upper=upper)


def _limits(
    program: Program, rows: Positions, columns: Positions, data: Floats, side: Floats
) -> Floats:
    """Return the limit of each entry's column by its row, moved outward by the rounding."""
    bounds = np.where(data > 0, program.lower[columns], program.upper[columns])
    finite = np.isfinite(bounds)
    parts = np.where(finite, data * np.where(finite, bounds, 0.0), 0.0)
    total = np.bincount(rows, parts, minlength=program.rows)
    size = np.bincount(rows, np.abs(parts), minlength=program.rows)
    open_ends = np.bincount(rows, ~finite, minlength=program.rows)
    usable = (open_ends[rows] - ~finite == 0) & np.isfinite(side)[rows] & (data != 0.0)
    remainder = np.where(usable, side[rows], 0.0) - (total[rows] - parts)
    slack = SLACK * (np.abs(remainder) + size[rows])
    limits = (remainder + slack) / np.where(usable, data, 1.0)
    return np.where(usable, limits, np.where(data > 0, np.inf, -np.inf))
