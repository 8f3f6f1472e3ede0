"""Excel workbooks: sheets of links, nodes and demands."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from qkdopt.errors import InstanceError, UnsupportedError
from qkdopt.io.importers.columns import TABLES, Table, header_of, looks_like
from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.fibre_types import types_of_table
from qkdopt.io.importers.networkx_data import by_library
from qkdopt.io.importers.tables import draft_of_tables
from qkdopt.io.importers.values import Reading

WORKBOOK = "xl/workbook.xml"
# What a small archive may unpack to; a network of a million cells takes less.
MOST_UNPACKED_BYTES = 200_000_000
MOST_CELLS = 2_000_000
SHEETS = {
    "links": ("links", "link", "edges", "fibres", "fibers"),
    "nodes": ("nodes", "node", "sites"),
    "demands": ("demands", "demand", "services", "traffic"),
    "fibre types": ("fibre types", "fiber types", "fibre_types", "fiber_types"),
}


def read_xlsx(content: Content) -> Draft:
    """Return the network of a workbook.

    Raises
    ------
    UnsupportedError
        The library for it is not installed.
    InstanceError
        With every fault.
    """
    _validate_archive(content)
    if find_spec("openpyxl") is None:
        raise UnsupportedError(
            f"{content.where}: Excel files are read by an optional package; install it by pip "
            "install 'qkdopt[excel]' (or save the sheets as CSV)"
        )
    tables = by_library(lambda: _tables(content), content.where, "XLSX")
    reading = Reading(content.where)
    named = _by_content(tables, reading)
    if "links" not in named:
        found = ", ".join(repr(name) for name in tables) or "none"
        fault = f"no sheet 'links' with columns a and b; read the sheets {found}"
        raise InstanceError(content.where, [fault])
    fibres = types_of_table(reading, named["fibre types"]) if "fibre types" in named else ()
    draft = draft_of_tables(
        reading, "XLSX workbook", named["links"], named.get("nodes"), named.get("demands")
    )
    return draft.model_copy(update={"fibres": fibres})


def _validate_archive(content: Content) -> None:
    """Validate that an archive is a workbook, and unpacks to no more than a network needs."""
    try:
        with ZipFile(BytesIO(content.data)) as archive:
            entries = archive.infolist()
    except (BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as problem:
        raise InstanceError(content.where, [f"broken archive: {problem}"]) from None
    names = {entry.filename for entry in entries}
    if WORKBOOK not in names:
        kind = "an OpenDocument file; save it as .xlsx or CSV" if "mimetype" in names else (
            "a zip archive; unpack it first"
        )  # fmt: skip
        raise InstanceError(content.where, [f"is {kind}"])
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED_BYTES:
        fault = f"unpacks to more than {MOST_UNPACKED_BYTES // 1_000_000} MB; expected a network"
        raise InstanceError(content.where, [fault])


def _tables(content: Content) -> dict[str, Table]:
    """Return the table of each sheet that has one; formulas count by their last values."""
    import openpyxl

    book = openpyxl.load_workbook(BytesIO(content.data), read_only=True, data_only=True)
    tables: dict[str, Table] = {}
    cells = 0
    for sheet in book.worksheets:
        rows = []
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells += len(row)
            if cells > MOST_CELLS:
                raise InstanceError(
                    content.where, [f"more than {MOST_CELLS:,} cells; expected a network"]
                )
            if any(cell not in (None, "") for cell in row):
                rows.append((number, tuple(row)))
        if rows:
            start = header_of([cells for _, cells in rows])
            names = tuple("" if cell is None else str(cell).strip() for cell in rows[start][1])
            below = tuple(rows[start + 1 :])
            tables[str(sheet.title)] = Table(f"sheet {sheet.title}", names, below)
    book.close()
    return tables


def _by_content(tables: dict[str, Any], reading: Reading) -> dict[str, Table]:
    """Return tables by what they hold: by the names of their sheets, else by their columns."""
    named: dict[str, Table] = {}
    rest = dict(tables)
    for what, names in SHEETS.items():
        title = next((title for title in tables if title.strip().lower() in names), None)
        if title is not None:
            named[what] = rest.pop(title)
    for title, table in rest.items():
        likely = next(
            (
                what
                for what in SHEETS
                if what in TABLES and what not in named and looks_like(table.header, *TABLES[what])
            ),
            None,
        )
        if likely is None or (likely != "links" and "links" in named):
            reading.leave_out(f"sheet {title!r}")
        else:
            named[likely] = table
    return named
