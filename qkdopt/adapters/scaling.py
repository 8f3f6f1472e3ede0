r"""An integer relaxation of a mixed-integer program, with a proved rounding error.

CP-SAT knows integers only. A continuous column :math:`x_j \in [l_j, u_j]` becomes an integer
:math:`y_j \in [\lfloor s_j l_j \rfloor, \lceil s_j u_j \rceil]` with a power of two :math:`s_j`;
an integer column keeps :math:`s_j = 1`. A row or objective :math:`\sum_j a_j x_j` becomes
:math:`\sum_j b_j y_j` with :math:`b_j = \operatorname{round}(t a_j / s_j)`, :math:`t` a power
of two per row.

*Claim.* For every feasible :math:`x` the nearest :math:`y_j` to :math:`s_j x_j` lie in their
domains, and

.. math::
    \Bigl| \sum_j b_j y_j - t \sum_j a_j x_j \Bigr| \le e, \qquad
    e = t \sum_{j \notin I} \frac{|a_j|}{2 s_j} + \sum_j |\delta_j| \, Y_j,

with :math:`\delta_j = b_j - t a_j / s_j` and :math:`Y_j = \max |y_j|`.

*Proof.* Write :math:`y_j = s_j x_j + \varepsilon_j`; nearest means :math:`|\varepsilon_j| \le 1/2`,
and :math:`\varepsilon_j = 0` on integer columns. Rounding is monotone, so the domain's ends
enclose it. Then :math:`\sum b_j y_j = \sum (t a_j / s_j + \delta_j) y_j
= t \sum a_j x_j + t \sum (a_j / s_j) \varepsilon_j + \sum \delta_j y_j`. ∎

So with each row relaxed to :math:`\lceil t r^- - e \rceil \le \sum b_j y_j \le
\lfloor t r^+ + e \rfloor` every feasible :math:`x` has a feasible :math:`y`: the integer program
is a relaxation, and infeasible only if the program is. If :math:`B` bounds its objective from
below, :math:`c^\top x \ge (B - e) / t` for the objective's own :math:`t` and :math:`e`.

In floating point :math:`t a_j / s_j` is exact (powers of two), and so is :math:`\delta_j`
(a number and its own rounding). What is left is the rounding of a few sums and products; the
relative ``SLACK`` on ``e`` and on the sides is far above it.

A column without bounds has no such integer: :func:`implied_bounds` derives them from the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qkdopt.adapters.program import Floats, Program
from qkdopt.errors import UnsupportedError

Integers = NDArray[np.int64]

# Steps on a continuous column's grid: 2^25 leaves bits of 63 for the rows' coefficients.
GRID = 2.0**25
# Largest magnitude of an integer column: well within what a double holds exactly.
LARGEST = 2.0**50
# Largest activity of a row; CP-SAT takes up to 2^63. Of the objective, which it reports as double.
ROW_CAPACITY, OBJECTIVE_CAPACITY = 2.0**59, 2.0**52
# Beyond any activity, within 64 bits.
OUTSIDE = 2**61
# Share of a row's activity that the rounding of its coefficients may take.
PRECISION = 2.0**-30
SLACK = 2.0**-40
# Each round may bound columns by those that the round before has bounded.
ROUNDS = 10
# Far above the rounding of the sums in one row, relative to their largest parts.
ROW_SLACK = 1e-9

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """A linear expression in integers: ``b``, ``t`` and ``e`` of the claim."""

    columns: Integers
    coefficients: Integers
    scale: float
    error: float

    def at_least(self, side: float) -> int:
        """Return the lower side in integers, relaxed outward; ``-OUTSIDE`` for no side."""
        exact = self.scale * side
        relaxed = exact - self.error - SLACK * abs(exact)
        return -OUTSIDE if relaxed < -OUTSIDE else int(np.ceil(min(relaxed, OUTSIDE)))

    def at_most(self, side: float) -> int:
        """Return the upper side in integers, relaxed outward; ``OUTSIDE`` for no side."""
        return -self.at_least(-side)

    def below(self, bound: float) -> float:
        """Return a lower bound on the expression in reals from one in integers."""
        return (bound - self.error - SLACK * abs(bound)) / self.scale


class Grid:
    """The integers that stand for a program's columns.

    Parameters
    ----------
    program
        Every column must have finite bounds.

    Raises
    ------
    UnsupportedError
        A column has no bounds, or bounds so large that its integers would overflow.
    """

    def __init__(self, program: Program) -> None:
        _require_bounds(program)
        largest = np.maximum(np.abs(program.lower), np.abs(program.upper))
        fitting = np.floor(np.log2(GRID / np.maximum(largest, 2.0**-20)))
        self._continuous = ~program.integer
        self.scale: Floats = np.where(self._continuous, np.exp2(fitting), 1.0)
        # Integer bounds that a solver's tolerance calls integer are taken as integer.
        shift = np.where(program.integer, 1e-6, 0.0)
        low = np.where(program.integer, np.ceil(program.lower - shift), program.lower)
        high = np.where(program.integer, np.floor(program.upper + shift), program.upper)
        self.lower: Integers = np.floor(low * self.scale).astype(np.int64)
        self.upper: Integers = np.ceil(high * self.scale).astype(np.int64)
        self._largest = np.maximum(np.abs(self.lower), np.abs(self.upper)).astype(np.float64)

    def to_integers(self, values: Floats) -> Integers:
        """Return the nearest point of the grid."""
        nearest = np.rint(values * self.scale).astype(np.int64)
        return np.clip(nearest, self.lower, self.upper)

    def to_values(self, integers: Integers) -> Floats:
        """Return the point of the program for integers of the grid."""
        values: Floats = integers / self.scale
        return values

    def scaled(self, columns: Integers, coefficients: Floats, capacity: float) -> Scaled:
        """Round one linear expression, as in the claim.

        Parameters
        ----------
        columns
            ``(n,)`` columns of the expression.
        coefficients
            ``(n,)`` coefficients.
        capacity
            Largest activity of the integer expression.
        """
        exact = coefficients / self.scale[columns]
        largest = self._largest[columns]
        scale = _scale(exact, largest, capacity)
        rounded = np.rint(scale * exact)
        grid = np.where(self._continuous[columns], np.abs(scale * exact) / 2.0, 0.0)
        error = float((grid + np.abs(rounded - scale * exact) * largest).sum()) * (1.0 + SLACK)
        integers = rounded.astype(np.int64)
        divisor = max(1, int(np.gcd.reduce(integers)) if integers.size else 1)
        return Scaled(columns, integers // divisor, scale / divisor, error / divisor + SLACK)


def _scale(exact: Floats, largest: Floats, capacity: float) -> float:
    """Return the smallest power of two that is precise enough, within the capacity."""
    activity = float((np.abs(exact) * np.maximum(largest, 1.0)).sum())
    if activity == 0.0:
        return 1.0
    steps = float(np.maximum(largest, 1.0).sum())
    required = np.ceil(np.log2(steps / (2.0 * PRECISION * activity)))
    possible = np.floor(np.log2((capacity - steps) / activity))
    return float(np.exp2(min(required, possible)))


def _require_bounds(program: Program) -> None:
    for column in np.flatnonzero(~(np.isfinite(program.lower) & np.isfinite(program.upper))):
        raise UnsupportedError(
            f"cp-sat needs bounds on every variable; {program.name(int(column))} has none: "
            "use --solver highs"
        )
    largest = np.maximum(np.abs(program.lower), np.abs(program.upper))
    for column in np.flatnonzero(largest > LARGEST):
        raise UnsupportedError(
            f"cp-sat counts in 64-bit integers; {program.name(int(column))} goes up to "
            f"{largest[column]:.3g}, more than {LARGEST:.3g}: use --solver highs"
        )


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
    slack = ROW_SLACK * (np.abs(remainder) + size[rows])
    limits = (remainder + slack) / np.where(usable, data, 1.0)
    return np.where(usable, limits, np.where(data > 0, np.inf, -np.inf))
