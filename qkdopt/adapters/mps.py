"""Free MPS: how programs are handed to solvers that read files.

Always a minimisation, columns ``c0, c1, ...`` and rows ``r0, r1, ...``: senses and long names
are where readers of MPS differ. Every bound is written out, since readers also differ in the
bounds of an integer column that has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qkdopt.adapters.program import Program

# A column that is one carries the offset: readers differ in the sign of an objective's constant.
# Its row keeps the matrix from being empty, on which CBC crashes.
OFFSET_COLUMN = "one"


def write_mps(program: Program, path: Path) -> None:
    """Write a program as a minimisation in free MPS."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in _lines(program))


def _lines(program: Program) -> Iterator[str]:
    sides = [_sides(program, row) for row in range(program.rows)]
    yield "NAME qkdopt"
    yield "ROWS"
    yield " N cost"
    for row, kinds in enumerate(sides):
        for kind, _ in kinds:
            yield f" {kind} {_row_name(row, kind)}"
    yield f" E r{OFFSET_COLUMN}"
    yield "COLUMNS"
    yield from _columns(program, sides)
    yield "RHS"
    for row, kinds in enumerate(sides):
        for kind, value in kinds:
            yield f" RHS {_row_name(row, kind)} {value!r}"
    yield f" RHS r{OFFSET_COLUMN} 1.0"
    yield "BOUNDS"
    for column in range(program.columns):
        yield from _bounds(column, float(program.lower[column]), float(program.upper[column]))
    yield f" UP BND {OFFSET_COLUMN} 2.0"
    yield "ENDATA"


def _sides(program: Program, row: int) -> list[tuple[str, float]]:
    """Return the row's sides as (kind, right-hand side); a range is two rows, to stay exact."""
    low, high = float(program.row_lower[row]), float(program.row_upper[row])
    if low == high:
        return [("E", low)]
    both = (("G", low), ("L", high))
    return [(kind, value) for kind, value in both if np.isfinite(value)]


def _row_name(row: int, kind: str) -> str:
    return f"r{row}{'u' if kind == 'L' else ''}"


def _columns(program: Program, sides: list[list[tuple[str, float]]]) -> Iterator[str]:
    by_column = program.matrix.tocsc()
    cost = program.descent
    offset = -program.offset if program.maximise else program.offset
    inside = False
    for column in range(program.columns):
        if bool(program.integer[column]) is not inside:
            inside = not inside
            yield f" M{column} 'MARKER' '{'INTORG' if inside else 'INTEND'}'"
        # The entry in the objective also declares columns that are in no row.
        yield f" c{column} cost {float(cost[column])!r}"
        for entry in range(by_column.indptr[column], by_column.indptr[column + 1]):
            row, value = int(by_column.indices[entry]), float(by_column.data[entry])
            for kind, _ in sides[row]:
                yield f" c{column} {_row_name(row, kind)} {value!r}"
    if inside:
        yield " MEND 'MARKER' 'INTEND'"
    yield f" {OFFSET_COLUMN} cost {offset!r}"
    yield f" {OFFSET_COLUMN} r{OFFSET_COLUMN} 1.0"


def _bounds(column: int, low: float, high: float) -> Iterator[str]:
    if low == high:
        yield f" FX BND c{column} {low!r}"
        return
    yield f" MI BND c{column}" if np.isinf(low) else f" LO BND c{column} {low!r}"
    yield f" PL BND c{column}" if np.isinf(high) else f" UP BND c{column} {high!r}"
