"""Measurements in a CSV file: a row a measurement, every fault of the file in one error."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qkdopt.errors import FaultsError, UsageError
from qkdopt.experiments.calibration.measurement import Measurement, read_lit
from qkdopt.instance import read_candidates
from qkdopt.instance.faults import fault_texts
from qkdopt.io import read_text

COLUMNS = tuple(Measurement.model_fields)
REQUIRED = ("link", "channel")
LISTS = ("lit_co", "lit_counter")
MOST_ROWS = 100_000


def read_measurements(path: str | Path) -> tuple[Measurement, ...]:
    """Read measurements of QKD links from a CSV file.

    Its first row names the columns: those of :class:`Measurement`, ``link`` and ``channel`` at
    least. An empty cell is a value that was not measured; lines that begin with ``#`` are left out.

    Raises
    ------
    FaultsError
        With every fault: file, row, what was read, what was expected.

    Examples
    --------
    >>> import qkdopt
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> rows = ["link,length_km,channel,lit_co,launch_dbm,qber", "spool,20,3,10-14 20,-10,0.024"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "measured.csv"
    ...     _ = path.write_text(chr(10).join(rows))
    ...     (row,) = qkdopt.read_measurements(path)
    >>> len(row.lit_co), row.lit_set
    (6, 'co 10-14 20')
    """
    text = read_text(Path(path), FaultsError, expected="a CSV file")
    return parse_measurements(text, where=str(path))


def parse_measurements(text: str, *, where: str) -> tuple[Measurement, ...]:
    """Parse the CSV text of measurements; ``where`` names it in errors."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = csv.DictReader(io.StringIO("\n".join(lines)), restkey="")
    columns = [name.strip() for name in rows.fieldnames or ()]
    faults = list(_column_faults(columns))
    if faults:
        raise FaultsError(where, faults)
    rows.fieldnames = columns
    return measurements_of([dict(row) for row in rows], where=where)


def measurements_of(rows: Sequence[Mapping[str, Any]], *, where: str) -> tuple[Measurement, ...]:
    """Return measurements of rows of cells, as text or as numbers.

    Raises
    ------
    FaultsError
        With every fault of every row.
    """
    faults: list[str] = []
    if not rows:
        faults.append("no measurement; expected a row for each")
    if len(rows) > MOST_ROWS:
        faults.append(f"{len(rows):,} rows; expected at most {MOST_ROWS:,}")
    found = []
    for number, row in enumerate(rows[:MOST_ROWS], start=1):
        measurement = _measurement(row, f"row {number}", faults)
        if measurement is not None:
            found.append(measurement)
    if faults:
        raise FaultsError(where, faults)
    return tuple(found)


def _column_faults(columns: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(columns):
        if name not in COLUMNS:
            close = get_close_matches(name, COLUMNS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"expected some of {list(COLUMNS)}"
            yield f"column {name!r} is unknown; {hint}"
        elif columns.count(name) > 1:
            yield f"column {name!r} twice; expected once"
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        yield f"no column {', '.join(missing)}; expected a first row with {', '.join(REQUIRED)}"
    if not {"skr_bps", "qber"} & set(columns):
        yield "no column skr_bps or qber; expected at least one of them"


def _measurement(row: Mapping[str, Any], where: str, faults: list[str]) -> Measurement | None:
    fields: dict[str, Any] = {}
    before = len(faults)
    for name, cell in row.items():
        if name not in COLUMNS:
            faults.append(f"{where}: {cell!r} has no column; expected {len(row) - 1} cells")
        elif not _is_empty(cell):
            try:
                fields[name] = _value(name, cell)
            except (ValueError, UsageError) as problem:
                text = str(problem)
                faults.append(f"{where}: {text if text.startswith(name) else f'{name} = {text}'}")
    if len(faults) > before:
        return None
    try:
        return Measurement.model_validate(fields, strict=False)
    except ValidationError as problem:
        faults += [f"{where}: {text}" for text in fault_texts(problem, fields, Measurement)]
        return None


def _is_empty(cell: object) -> bool:
    # NaN is what pandas has for an empty cell.
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # noqa: PLR0124


def _value(name: str, cell: Any) -> Any:
    if name == "link":
        return str(cell).strip()
    if name == "channel" and isinstance(cell, str):
        (channel,) = read_candidates(cell.strip(), name)[:1]
        if "," in cell:
            raise ValueError(f"{cell!r}; expected one channel")
        return channel
    if name in LISTS:
        return read_lit(cell if isinstance(cell, str) else f"{cell:g}") if _flat(cell) else cell
    if not isinstance(cell, str):
        return cell
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{cell!r}; expected a number") from None


def _flat(cell: object) -> bool:
    return isinstance(cell, str | int | float)
