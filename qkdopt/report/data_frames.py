"""Tables of a page from the data frames that are written as CSV files beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qkdopt.report.table import Column, Table, Value

if TYPE_CHECKING:
    import pandas as pd


def frame_table(
    name: str, caption: str, frame: pd.DataFrame, columns: Mapping[str, Column]
) -> Table:
    """Return a data frame as a table.

    Parameters
    ----------
    name, caption
        Of the table.
    frame
        One row a row of the table; its first column names the row.
    columns
        How columns are shown, by their names; others are shown as they are.
    """
    heads = [
        columns.get(key, Column(key=key, title=key.replace("_", " ").capitalize()))
        for key in frame.columns
    ]
    rows = [[plain(value) for value in row] for row in frame.itertuples(index=False)]
    return Table(name=name, caption=caption, columns=heads, rows=rows)


def plain(value: object) -> Value:
    """Return a value of a frame as a table has it: nothing for NaN."""
    item = value.item() if hasattr(value, "item") else value
    if item is None or (isinstance(item, float) and not math.isfinite(item)):
        return None
    if isinstance(item, bool):
        return "yes" if item else "no"
    return item if isinstance(item, int | float) else str(item)


def finite(value: object) -> float | None:
    """Return a number of a frame; None for NaN and for nothing."""
    item = plain(value)
    return float(item) if isinstance(item, int | float) else None
