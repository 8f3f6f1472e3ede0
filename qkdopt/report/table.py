"""Tables of a page: sorted, filtered and saved as CSV by the reader, complete without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qkdopt.report.text import cleaned, shortened

Value = str | int | float | None
# Rows that a page shows at once; the rest waits for a click. On paper, and without scripts, all are
# there.
# there.
PAGE_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Parameters
    ----------
    key
        Name in CSV files, with the unit of the values.
    title
        Heading.
    unit
        Unit as shown; empty for none.
    scale
        Factor from a value to what is shown.
    style
        Format of what is shown of a number, such as ``,.3f``; None for whole numbers and texts.
    choice
        Whether a reader picks rows by the few values of this column.
    wide
        Whether its texts are long.
    cut
        Characters that are shown of a text, such as of a hash; None for all.
    """

    key: str
    title: str
    unit: str = ""
    scale: float = 1.0
    style: str | None = None
    choice: bool = False
    wide: bool = False
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it stands on the page.

    Parameters
    ----------
    shown
        Text.
    raw
        The exact value where the text is not it; None where it is.
    number
        Whether the value is a number.
    """

    shown: str
    raw: str | None = None
    number: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a page.

    Parameters
    ----------
    name
        Name of the CSV file.
    caption
        What a row is.
    columns
        Columns; the first names the row.
    rows
        Values, one a column; None where there is none.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]

    def without(self, *keys: str) -> Table:
        """Return the table without some of its columns."""
        kept = [k for k, column in enumerate(self.columns) if column.key not in keys]
        return replace(
            self,
            columns=[self.columns[k] for k in kept],
            rows=[[row[k] for k in kept] for row in self.rows],
        )

    @property
    def heads(self) -> list[tuple[Column, bool]]:
        """Return every column, and whether its values are numbers."""
        return [
            (column, any(isinstance(row[k], int | float) for row in self.rows))
            for k, column in enumerate(self.columns)
        ]

    def shown_values(self, number: int) -> list[str]:
        """Return what a column shows, each text once."""
        return list(dict.fromkeys(row[number].shown for row in self.cells))

    @property
    def page_rows(self) -> int:
        """Return how many rows the page shows at once."""
        return PAGE_ROWS

    @property
    def cells(self) -> list[list[Cell]]:
        """Return every value as it is shown."""
        heads = self.heads
        return [
            [
                cell_of(column, value, is_number=is_number)
                for (column, is_number), value in zip(heads, row, strict=True)
            ]
            for row in self.rows
        ]


def cell_of(column: Column, value: Value, *, is_number: bool) -> Cell:
    """Return a value as it is shown in a column, of numbers or of texts.

    Parameters
    ----------
    column
        The column, for its style and where it cuts texts.
    value
        The value; None where there is none.
    is_number
        Whether the column is of numbers.
    """
    if value is None:
        return Cell("–", "", is_number)
    if isinstance(value, str) and column.cut is not None and len(value) > column.cut:
        return Cell(f"{cleaned(value[: column.cut])}…", value)
    if isinstance(value, str):
        # Long texts are sentences of names that are short already.
        return Cell(value if column.wide else shortened(value))
    exact = str(value)
    if value == 0 and (column.style is None or "e" in column.style):
        shown = "0"
    elif column.style is None:
        shown = exact
    else:
        shown = format(column.scale * value, column.style)
    return Cell(shown, None if shown == exact else exact, is_number)


def rate_column(key: str, title: str) -> Column:
    """Return a column of key rates [bit/s], shown in kbit/s."""
    return Column(key=key, title=title, unit="kbit/s", scale=1e-3, style=",.3f")


def noise_column(key: str, title: str) -> Column:
    """Return a column of noise [clicks per gate]."""
    return Column(key=key, title=title, unit="per gate", style=".3e")


def share_column(key: str, title: str) -> Column:
    """Return a column of shares, shown in per cent."""
    return Column(key=key, title=title, unit="%", scale=100.0, style=".2f")
