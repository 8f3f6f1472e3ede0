"""Rows of a CSV text with named columns."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from qkdopt.errors import FaultsError

# Tables that are read here have a dozen; a row is filled up to as many cells as there are names.
MOST_COLUMNS = 500


def csv_rows(
    text: str,
    columns: Sequence[str],
    *,
    where: str,
    error: type[FaultsError] = FaultsError,
    optional: str = "",
) -> list[dict[str, str]]:
    """Return the rows of a CSV text by the names of its first row.

    Empty lines, and lines that begin with #, are left out.

    Parameters
    ----------
    text
        The whole text.
    columns
        Names that there have to be.
    where
        Names the text in errors.
    error
        Class of the error.
    optional
        A further column that there may be, for the message.

    Raises
    ------
    FaultsError
        Of class ``error``: it is no CSV text, lacks a column, or has more than
        :data:`MOST_COLUMNS`.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    expected = ", ".join([*columns, *([f"[{optional}]"] if optional else [])])
    try:
        reader = csv.DictReader(lines)
        names = reader.fieldnames or ()
        if len(names) > MOST_COLUMNS:
            fault = f"{len(names):,} columns; expected at most {MOST_COLUMNS:,}, with {expected}"
            raise error(where, [fault])
        rows = list(reader)
    except csv.Error as problem:
        raise error(where, [f"is no CSV table: {problem}"]) from None
    missing = [name for name in columns if name not in names]
    if missing:
        fault = f"no column {', '.join(missing)}; expected a first row with {expected}"
        raise error(where, [fault])
    return rows


__all__ = ["MOST_COLUMNS", "csv_rows"]
