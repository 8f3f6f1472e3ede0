"""Columns of links, nodes and demands by all their names, and tables of such columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qkdopt.io.importers.values import Reading, shown, suggestion

# Every column with the other names that it may have, as `folded` spells them.
LINK_COLUMNS = {
    "a": "from source src node_a nodea a_node site_a start origin end_a",
    "b": "to target dst dest destination node_b nodeb b_node site_b end_b node_z nodez site_z z",
    "id": "link link_id name",
    "length_km": "length km distance distance_km dist dist_km lengthkm length_in_km",
    "length_m": "distance_m dist_m length_in_m",
    "loss_db": "loss db attenuation attenuation_db measured_loss_db measured_db loss_measured_db",
    "loss_db_per_km": "attenuation_db_per_km db_per_km loss_db_km attenuation_db_km db_km",
    "launch_dbm": "launch launch_power_dbm power_dbm launch_power launch_power_per_channel_dbm",
    "qkd": "has_qkd qkd_yes_no",
    "candidates": "qkd_candidates qkd_channels",
    "qkd_direction": "",
    "qkd_system": "",
    "fibre": "fiber fibre_type fiber_type type_of_fibre type_of_fiber",
}
NODE_COLUMNS = {
    "id": "node node_id name site",
    "label": "title city",
    "lat": "latitude",
    "lon": "longitude lng long",
    "x": "",
    "y": "",
}
DEMAND_COLUMNS = {
    "source": "a from src node_a origin",
    "target": "b to dst dest destination node_b node_z z",
    "id": "demand_id name",
    "channels": "lightpaths wavelengths",
    "traffic": "demand volume value demand_value offered_traffic",
    "traffic_gbps": "gbps gbit_s traffic_gbit_s demand_gbps rate_gbps capacity_gbps",
    "traffic_mbps": "mbps mbit_s traffic_mbit_s demand_mbps",
    "min_skr_bps": "min_skr min_key_rate_bps skr_bps",
}
FIBRE_COLUMNS = {
    "id": "name type fibre fiber fibre_type fiber_type type_variety",
    "loss_db_per_km": f"{LINK_COLUMNS['loss_db_per_km']} loss attenuation",
    "raman_ratio": "raman raman_factor",
    "effective_area_um2": "effective_area area area_um2 aeff aeff_um2",
}
FIBRE_NUMBERS = ("loss_db_per_km", "raman_ratio", "effective_area_um2")
# A column of links that holds their fibre types in some files and something else in others.
MAYBE_FIBRE = "type"
# Each table with its columns and those that it must have.
TABLES = {
    "links": (LINK_COLUMNS, {"a", "b"}),
    "nodes": (NODE_COLUMNS, {"id"}),
    "demands": (DEMAND_COLUMNS, {"source", "target"}),
}
MOST_TITLE_ROWS = 10
# A table of a network has a dozen; each unknown one is compared with all that are known.
MOST_COLUMNS = 500
LINK_NUMBERS = ("length_km", "length_m", "loss_db", "loss_db_per_km", "launch_dbm")
GBPS = {"traffic_gbps": 1.0, "traffic_mbps": 1e-3}


@dataclass(frozen=True)
class Table:
    """Rows of one table.

    Parameters
    ----------
    where
        Name of the table in messages; empty where the source has one alone.
    header
        Names of the columns.
    rows
        Number of the line or row, and its cells.
    comma
        Whether numbers have a decimal comma.
    """

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Any, ...]], ...]
    comma: bool = False

    def place(self, line: int) -> str:
        """Return where a row stands."""
        return f"{self.where}, line {line}" if self.where else f"line {line}"


def folded(name: object) -> str:
    """Return the name of a column in small letters, with one underscore for all between words."""
    return re.sub(r"[^a-z0-9]+", "_", str(name).strip().lower()).strip("_")


def column_of(name: object, columns: dict[str, str]) -> str | None:
    """Return the column that a name stands for; None for none."""
    key = folded(name)
    return next(
        (column for column, others in columns.items() if key in (column, *others.split())), None
    )


def header_of(rows: Sequence[Sequence[object]]) -> int:
    """Return the number of the row that names the columns: titles may stand above it."""
    for k, row in enumerate(rows[:MOST_TITLE_ROWS]):
        if any(looks_like(row, columns, needed) for columns, needed in TABLES.values()):
            return k
    return 0


def looks_like(header: Sequence[object], columns: dict[str, str], needed: set[str]) -> bool:
    """Whether the names of columns are those of a table."""
    return needed <= {column_of(name, columns) for name in header}


def records(
    reading: Reading, table: Table, columns: dict[str, str], needed: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each row stands, and its cells by column.

    Parameters
    ----------
    reading
        Takes the faults.
    table
        The table.
    columns
        Name of each column by its heading.
    needed
        Columns that no row goes without.
    """
    if len(table.header) > MOST_COLUMNS:
        where = table.where or table.place(1)
        reading.fault(
            f"{where}: {len(table.header):,} columns; expected at most {MOST_COLUMNS:,} (a matrix, "
            "or the wrong file?)"
        )
        return
    named = _named(reading, table, columns)
    missing = needed - set(named)
    if missing:
        first = table.place(1) if not table.where else table.where
        reading.fault(
            f"{first}: no column {' and no column '.join(sorted(missing))}; expected "
            f"{', '.join(columns)} (read {', '.join(map(shown, table.header))})"
        )
        return
    for line, cells in table.rows:
        where = table.place(line)
        if len(cells) > len(table.header) and any(
            cell not in (None, "") for cell in cells[len(table.header) :]
        ):
            reading.fault(
                f"{where}: {len(cells)} values for {len(table.header)} columns; expected as many "
                "(a separator or decimal comma inside a value? put it in quotes)"
            )
            continue
        yield where, {column: cells[k] for column, k in named.items() if k < len(cells)}


def _named(reading: Reading, table: Table, columns: dict[str, str]) -> dict[str, int]:
    """Return the place of each column; what is none is left out, or a fault if it is close."""
    named: dict[str, int] = {}
    every = [*columns, *(other for others in columns.values() for other in others.split())]
    for k, name in enumerate(table.header):
        column = column_of(name, columns)
        where = f"{table.where}: " if table.where else ""
        if column in named:
            reading.fault(
                f"{where}columns {table.header[named[column]]!r} and {name!r} are both {column}; "
                "expected one of them"
            )
        elif column is not None:
            named[column] = k
        elif hint := suggestion(folded(name), every):
            reading.fault(f"{where}column {name!r} is unknown{hint}")
        elif str(name).strip():
            reading.leave_out(f"column {name!r}")
    return named
