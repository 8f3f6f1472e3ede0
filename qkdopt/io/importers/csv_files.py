"""CSV: a file of links, with files of nodes and demands beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from itertools import islice
from pathlib import Path

from qkdopt.errors import InstanceError
from qkdopt.io.importers.columns import (
    DEMAND_COLUMNS,
    LINK_COLUMNS,
    MOST_TITLE_ROWS,
    NODE_COLUMNS,
    Table,
    column_of,
    header_of,
)
from qkdopt.io.importers.content import content_of, read_bytes
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.tables import draft_of_tables
from qkdopt.io.importers.values import Reading, shown

SEPARATORS = (",", ";", "\t", "|")
COLUMNS = {**LINK_COLUMNS, **NODE_COLUMNS, **DEMAND_COLUMNS}
FORMAT = "CSV table"


def read_csv(text: str, where: str, *, nodes: Table | None, demands: Table | None) -> Draft:
    """Return the network of a table of links and, where given, of nodes and demands.

    Parameters
    ----------
    text
        Table of links, as CSV.
    where
        Name of its file, for messages.
    nodes, demands
        Tables beside it; None where not given.

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
    start = header_of([cells for _, cells in rows])
    line, header = rows[start]
    _refuse_matrix(header, [cells for _, cells in rows[start + 1 :]], where)
    if not any(column_of(cell, COLUMNS) for cell in header):
        fault = (
            f"line {line}: {shown(separator.join(header))} names no column; expected names such as "
            "a,b,length_km in the first line"
        )
        raise InstanceError(where, [fault])
    return Table(
        name, tuple(cell.strip() for cell in header), tuple(rows[start + 1 :]), separator != ","
    )


def _refuse_matrix(header: tuple[str, ...], rows: list[tuple[str, ...]], where: str) -> None:
    """Raise an error for a matrix: the names of its columns are those of its rows."""
    names = [cells[0].strip() for cells in rows]
    if len(names) > 1 and names == [cell.strip() for cell in header[1:]]:
        fault = (
            f"looks like a matrix of {len(names)} nodes; expected a row a link, with columns such "
            "as a,b,length_km"
        )
        raise InstanceError(where, [fault])


def separator_of(text: str) -> str:
    """Return what separates cells: what splits one of the first lines into most known columns."""
    lines = _first_lines(text)
    return max(SEPARATORS, key=lambda separator: max(map(_known(separator), lines), default=0))


def _known(separator: str) -> Callable[[str], int]:
    """Return a function that counts the known columns of a line."""
    return lambda line: sum(
        column_of(cell.strip(' "'), COLUMNS) is not None for cell in line.split(separator)
    )


def looks_like_csv(text: str) -> bool:
    """Whether the first line names a column of links, or one of the next the two ends."""
    separator = separator_of(text)
    for k, line in enumerate(_first_lines(text)):
        cells = line.split(separator)
        found = {column_of(cell.strip(' "'), LINK_COLUMNS) for cell in cells} - {None}
        if len(cells) > 1 and (found >= {"a", "b"} or (k == 0 and found)):
            return True
    return False


def _first_lines(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return list(islice(lines, MOST_TITLE_ROWS))


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
