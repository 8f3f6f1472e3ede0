"""Write programs in free MPS, for solvers that read files.

Always a minimisation, columns ``c0, c1, ...`` and rows ``r0, r1, ...``: readers of MPS differ in
senses and long names. Every bound is written out, since readers also differ in the
bounds of an integer column that has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from qkdopt.adapters.program import Program

# A column that is one carries the offset: readers differ in the sign of an objective's constant.
# Its row keeps the matrix from being empty, on which CBC crashes.
OFFSET_COLUMN = "one"


def write_mps(program: Program, path: Path) -> None:
    """Write a program without ranges, as a minimisation in free MPS."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in _lines(program))


def _lines(program: Program) -> Iterator[str]:
    kinds = program.row_kinds.tolist()
    yield "NAME qkdopt"
    yield "ROWS"
    yield " N cost"
    yield from (f" {kind} r{row}" for row, kind in enumerate(kinds) if kind != "N")
    yield f" E r{OFFSET_COLUMN}"
    yield "COLUMNS"
    yield from _columns(program, kinds)
    yield "RHS"
    sides = np.where(program.row_kinds == "G", program.row_lower, program.row_upper).tolist()
    yield from (f" RHS r{row} {sides[row]!r}" for row, kind in enumerate(kinds) if kind != "N")
    yield f" RHS r{OFFSET_COLUMN} 1.0"
    yield "BOUNDS"
    for column in range(program.columns):
        yield from _bounds(column, float(program.lower[column]), float(program.upper[column]))
    yield f" UP BND {OFFSET_COLUMN} 2.0"
    yield "ENDATA"


def _columns(program: Program, kinds: Sequence[str]) -> Iterator[str]:
    by_column = program.matrix.tocsc()
    rows, entries = by_column.indices.tolist(), by_column.data.tolist()
    cost = program.descent.tolist()
    offset = -program.offset if program.maximise else program.offset
    inside = False
    for column in range(program.columns):
        if bool(program.integer[column]) is not inside:
            inside = not inside
            yield f" M{column} 'MARKER' '{'INTORG' if inside else 'INTEND'}'"
        # The entry in the objective also declares columns that are in no row.
        yield f" c{column} cost {cost[column]!r}"
        for entry in range(by_column.indptr[column], by_column.indptr[column + 1]):
            if kinds[rows[entry]] != "N":
                yield f" c{column} r{rows[entry]} {entries[entry]!r}"
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
