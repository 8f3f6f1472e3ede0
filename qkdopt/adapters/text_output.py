"""Read solvers' text output: numbers of a few digits, and values by name."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qkdopt.adapters.completion import Completion
from qkdopt.adapters.program import Floats, Program

# Violation up to which the values of a file are a solution.
TOLERANCE = 1e-5
# Violation up to which the integer columns are completed.
REPAIRABLE = 1e-2


def read_columns(pairs: Iterable[tuple[str, str]], columns: int) -> Floats:
    """Return values from (name, number) pairs, as the MPS writer names columns.

    A column that is not named is zero; other names are skipped.
    """
    values = np.zeros(columns)
    for name, number in pairs:
        if name[:1] == "c" and int(name[1:]) < columns:
            values[int(name[1:])] = float(number)
    return values


def solution(program: Program, values: Floats) -> Floats | None:
    """Return the values if they are a solution, else None: a stopped run may write any point.

    Where rounded digits or the solver's own tolerance leave them slightly infeasible, their integer
    columns are completed to a solution where possible.
    """
    if program.violation(values) <= TOLERANCE:
        return values
    if program.violation(values) > REPAIRABLE:
        return None
    completion = Completion(program)
    completion.offer([values])
    return completion.values


def outward(
    incumbent: float | None, bound: float | None, sign: float, digits: int
) -> tuple[float | None, float | None]:
    """Return incumbent and bound of a minimisation in the program's sense.

    A printed bound may be off by half a unit in its last digit: it is moved outward by a whole
    one.

    Parameters
    ----------
    incumbent, bound
        Of the minimisation; None where there is none.
    sign
        -1 where the program maximises, else 1.
    digits
        Digits that the solver prints of a bound.
    """
    if bound is not None:
        bound = sign * (bound - abs(bound) * 10.0 ** (1 - digits))
    return (None if incumbent is None else sign * incumbent), bound


def bound_of_optimum(
    program: Program, values: Floats | None, bound: float | None, gap: float
) -> float | None:
    """Return the bound of a run that ended within its gap: as printed, or by the gap if better.

    Parameters
    ----------
    program
        The program.
    values
        ``(columns,)`` values as the solver returns them, even where rounding leaves them slightly
        infeasible: its gap is about them. None without a solution.
    bound
        Printed bound, moved outward; None without one.
    gap
        Relative gap limit of the run.
    """
    if values is None:
        return bound
    objective = program.objective(values)
    allowance = gap * abs(objective)
    if program.maximise:
        return objective + allowance if bound is None else min(bound, objective + allowance)
    return objective - allowance if bound is None else max(bound, objective - allowance)
