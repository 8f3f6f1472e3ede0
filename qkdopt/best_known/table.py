"""``best_known.csv`` in and out: sorted rows, the same text for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from qkdopt.best_known.record import BestKnown
from qkdopt.errors import LibraryError
from qkdopt.io import fault_texts, read_text

COLUMNS = (
    "instance", "sha256", "objective", "served", "served_bound", "value_bps", "bound_bps",
    "bound_routes", "bound_method", "gap", "status", "strategy", "solver", "seed", "date",
    "checked", "version",
)  # fmt: skip
# Columns that follow from others: written for readers, compared when read.
DERIVED = ("gap", "status")

Rows = dict[tuple[str, str], BestKnown]


def table_text(rows: Iterable[BestKnown]) -> str:
    """Return the CSV text, sorted by instance and objective."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: (row.instance, row.objective)):
        writer.writerow(_cells(row).values())
    return text.getvalue()


def _cells(row: BestKnown) -> dict[str, str]:
    """Return the text of every column; None is the empty text."""
    data = row.model_dump(mode="json")
    data["gap"] = None if row.gap is None else f"{row.gap:.6f}"
    data["status"] = row.status
    return {name: "" if data[name] is None else str(data[name]) for name in COLUMNS}


def read_table(path: Path) -> Rows:
    """Read a table by (instance, objective); a missing file has no rows.

    Raises
    ------
    LibraryError
        The file cannot be read or is no such table: every fault listed by its line.
    """
    if not path.exists():
        return {}
    text = read_text(path, LibraryError, expected="a CSV table")
    try:
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as problem:
        raise LibraryError(str(path), [f"is no CSV table: {problem}"]) from None
    if not lines or tuple(lines[0]) != COLUMNS:
        read = ",".join(lines[0]) if lines else "nothing"
        fault = f"line 1 holds {read}; expected the columns {','.join(COLUMNS)}"
        raise LibraryError(str(path), [fault])
    rows: Rows = {}
    faults: list[str] = []
    for number, cells in enumerate(lines[1:], start=2):
        faults.extend(f"line {number}: {fault}" for fault in _parse_line(cells, rows))
    if faults:
        raise LibraryError(str(path), faults)
    return rows


def _parse_line(cells: list[str], rows: Rows) -> Iterator[str]:
    """Add the row of one line to ``rows``, or yield its faults."""
    if len(cells) != len(COLUMNS):
        yield f"holds {len(cells)} cells; expected {len(COLUMNS)}"
        return
    read = dict(zip(COLUMNS, cells, strict=True))
    data = {name: text or None for name, text in read.items() if name not in DERIVED}
    try:
        row = BestKnown.model_validate(data)
    except ValidationError as problem:
        yield from fault_texts(problem, data, BestKnown)
        return
    expected = _cells(row)
    for name in DERIVED:
        if read[name] != expected[name]:
            yield f"{name} = {read[name]}; expected {expected[name]} by the other columns"
    key = row.instance, row.objective
    if key in rows:
        yield f"{row.instance} {row.objective} is given twice; expected once"
    rows[key] = row
