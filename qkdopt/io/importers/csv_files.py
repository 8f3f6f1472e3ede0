"""CSV: a file of links, with files of nodes and demands beside it."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from qkdopt.errors import InstanceError
from qkdopt.io.importers.content import content_of, read_bytes
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.tables import (
    DEMAND_COLUMNS,
    LINK_COLUMNS,
    NODE_COLUMNS,
    Table,
    column_of,
    draft_of_tables,
)
from qkdopt.io.importers.values import Reading, shown

SEPARATORS = (",", ";", "\t", "|")
COLUMNS = {**LINK_COLUMNS, **NODE_COLUMNS, **DEMAND_COLUMNS}
FORMAT = "CSV table"


def read_csv(text: str, where: str, *, nodes: Table | None, demands: Table | None) -> Draft:
    """Return the network of a table of links and, where given, of nodes and demands.

    Raises
    ------
    InstanceError
        With every fault.
    """
    return draft_of_tables(Reading(where), FORMAT, csv_table(text, where), nodes, demands)


def csv_table(text: str, where: str, name: str = "") -> Table:
    """Return the table of a CSV text.

    Parameters
    ----------
    text
        Lines of cells, the first with the names of columns; lines that begin with ``#`` and empty
        ones are skipped.
    where
        Name of the file, for an error of the whole.
    name
        Name of the file in messages about rows; empty where it is the only one.

    Raises
    ------
    InstanceError
        No table, or none with names of columns.
    """
    separator = separator_of(text)
    rows = []
    reader = csv.reader(StringIO(text), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
                rows.append((reader.line_num, tuple(cells)))
    except csv.Error as problem:
        fault = f"line {reader.line_num}: {problem}; expected a CSV table"
        raise InstanceError(where, [fault]) from None
    if not rows:
        raise InstanceError(where, ["has no row; expected names of columns and a row a link"])
    line, header = rows[0]
    if not any(column_of(cell, COLUMNS) for cell in header):
        fault = (
            f"line {line}: {shown(separator.join(header))} names no column; expected names such as "
            "a,b,length_km in the first line"
        )
        raise InstanceError(where, [fault])
    return Table(name, tuple(cell.strip() for cell in header), tuple(rows[1:]), separator != ",")


def separator_of(text: str) -> str:
    """Return what separates cells: what splits the first line into most known columns."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    header = next(lines, "")

    def known(separator: str) -> int:
        return sum(
            column_of(cell.strip(' "'), COLUMNS) is not None for cell in header.split(separator)
        )

    return max(SEPARATORS, key=known)


def looks_like_csv(text: str) -> bool:
    """Whether the first line names the ends of links."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    header = next(lines, "")
    cells = header.split(separator_of(text))
    found = {column_of(cell.strip(' "'), LINK_COLUMNS) for cell in cells}
    return len(cells) > 1 and bool(found - {None})


def table_of_file(path: str | Path, encoding: str | None) -> Table:
    """Return the table of a CSV file beside that of the links.

    Raises
    ------
    InstanceError
        The file cannot be read or is no CSV.
    """
    where = str(path)
    content = content_of(read_bytes(path), where, encoding)
    if content.kind != "text":
        raise InstanceError(where, [f"holds {content.kind}; expected a CSV table"])
    return csv_table(content.text, where, Path(path).name)
