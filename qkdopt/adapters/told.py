"""What solvers tell in text: numbers of a few digits, and values by name."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qkdopt.adapters.completion import Completion
from qkdopt.adapters.program import Floats, Program

# Violation beyond which what a file holds is not a solution.
TOLERANCE = 1e-5
# Violation up to which the integer columns are worth completing.
REPAIRABLE = 1e-2


def read_columns(pairs: Iterable[tuple[str, str]], columns: int) -> Floats:
    """Return values from (name, number) pairs, as the MPS writer names columns.

    A column that is not named is zero; names of no column are passed over.
    """
    values = np.zeros(columns)
    for name, number in pairs:
        if name[:1] == "c" and int(name[1:]) < columns:
            values[int(name[1:])] = float(number)
    return values


def solution(program: Program, values: Floats) -> Floats | None:
    """Return the values if they are a solution: files also hold what a run was stopped at.

    Where rounded digits or the solver's own tolerance leave them a little outside, their integer
    columns are completed to a solution, if they can be.
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

    A bound printed with so many digits may be off by half a unit in the last of them: it is
    moved outward by a whole one.
    """
    if bound is not None:
        bound = sign * (bound - abs(bound) * 10.0 ** (1 - digits))
    return (None if incumbent is None else sign * incumbent), bound


def bound_of_optimum(
    program: Program, values: Floats | None, told: float | None, gap: float
) -> float | None:
    """Bound of a run that ended within its gap: what was told, or the gap itself if better.

    ``values`` are those that the solver gives, though rounding leaves them a little outside: its
    claim is about them, and not about the solution that they are completed to.
    """
    if values is None:
        return told
    best = program.objective(values)
    within = gap * abs(best)
    if program.maximise:
        return best + within if told is None else min(told, best + within)
    return best - within if told is None else max(told, best - within)
