"""Tables of links, nodes and demands: their columns, whatever file the tables come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.values import Reading, label_of, shown, suggestion

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
# Columns that planners have and an instance does not, with the reason they are left out.
KNOWN_AND_LEFT_OUT = {
    "fibre_type": "fibre type: an instance has one fibre for all links (`fibre`)",
}
FIBRE_TYPES = {"fibre", "fiber", "fibre_type", "fiber_type", "type_of_fibre", "type_of_fiber"}
# Each table with its columns and those that it must have.
TABLES = {
    "links": (LINK_COLUMNS, {"a", "b"}),
    "nodes": (NODE_COLUMNS, {"id"}),
    "demands": (DEMAND_COLUMNS, {"source", "target"}),
}
MOST_TITLE_ROWS = 10
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


def draft_of_tables(
    reading: Reading, form: str, links: Table, nodes: Table | None, demands: Table | None
) -> Draft:
    """Return the network of its tables.

    Raises
    ------
    InstanceError
        With every fault of the three.
    """
    link_rows = tuple(_links(reading, links))
    node_rows, coordinates = _nodes(reading, nodes, link_rows)
    demand_rows: tuple[DraftDemand, ...] = ()
    traffic_gbps = None
    if demands is not None:
        demand_rows, traffic_gbps = demands_of_table(reading, demands)
    reading.stop()
    return Draft(
        format=form,
        nodes=node_rows,
        links=link_rows,
        demands=demand_rows,
        coordinates=coordinates,
        traffic_gbps=traffic_gbps,
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


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


def _records(
    reading: Reading, table: Table, columns: dict[str, str], needed: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each row stands, and its cells by column."""
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
        elif folded(name) in FIBRE_TYPES:
            reading.leave_out(KNOWN_AND_LEFT_OUT["fibre_type"])
        elif hint := suggestion(folded(name), every):
            reading.fault(f"{where}column {name!r} is unknown{hint}")
        elif str(name).strip():
            reading.leave_out(f"column {name!r}")
    return named


def _links(reading: Reading, table: Table) -> Iterator[DraftLink]:
    for where, row in _records(reading, table, LINK_COLUMNS, {"a", "b"}):
        before = len(reading.faults)
        values = {
            column: reading.number(
                row.get(column),
                f"{where}: {column}",
                low=None if column == "launch_dbm" else 0.0,
                comma=table.comma,
            )
            for column in LINK_NUMBERS
        }
        length_km, length_m = values["length_km"], values["length_m"]
        if length_km is not None and length_m is not None:
            reading.fault(f"{where}: length_km and length_m; expected one of them")
        qkd = reading.flag(row.get("qkd"), f"{where}: qkd")
        link = DraftLink(
            where=where,
            a=reading.name(row.get("a"), f"{where}: a"),
            b=reading.name(row.get("b"), f"{where}: b"),
            id=label_of(row.get("id")) or None,
            length_km=length_km if length_m is None else length_m / 1e3,
            loss_db=values["loss_db"],
            loss_db_per_km=values["loss_db_per_km"],
            launch_dbm=values["launch_dbm"],
            qkd=True if qkd is None else qkd,
            candidates=_candidates(reading, row.get("candidates"), where),
            qkd_direction=_direction(reading, row.get("qkd_direction"), where),
        )
        if len(reading.faults) == before:
            yield link


def _candidates(reading: Reading, value: object, where: str) -> tuple[int, ...] | None:
    """Return channel numbers that stand in one cell, with spaces, commas or semicolons between."""
    words = [] if value is None else re.split(r"[\s,;]+", str(value).strip(" ;,[]{}"))
    words = [word for word in words if word]
    if not all(word.isdecimal() and len(word) < 6 for word in words):
        reading.fault(
            f"{where}: candidates = {shown(value)}; expected channel numbers such as 3 13 23"
        )
        return None
    return tuple(map(int, words)) or None


def _direction(reading: Reading, value: object, where: str) -> Literal["a->b", "b->a"]:
    text = "" if value is None else str(value).strip().replace(" ", "")
    if text not in ("", "a->b", "b->a"):
        reading.fault(f"{where}: qkd_direction = {shown(value)}; expected a->b or b->a")
    return "b->a" if text == "b->a" else "a->b"


def _nodes(
    reading: Reading, table: Table | None, links: tuple[DraftLink, ...]
) -> tuple[tuple[DraftNode, ...], Any]:
    """Return the nodes of their table, or those that links name, and what their places are."""
    if table is None:
        named = {end for link in links for end in (link.a, link.b)}
        # In an order that does not follow that of the rows.
        return tuple(DraftNode(id=name) for name in sorted(named, key=natural)), "unknown"
    nodes, kinds = [], set()
    for where, row in _records(reading, table, NODE_COLUMNS, {"id"}):
        place = {
            column: reading.number(row.get(column), f"{where}: {column}", comma=table.comma)
            for column in ("lat", "lon", "x", "y")
        }
        on_globe = place["lat"] is not None and place["lon"] is not None
        drawn = place["x"] is not None and place["y"] is not None
        kinds |= {"degrees"} if on_globe else {"drawing"} if drawn else set()
        x, y = ("lon", "lat") if on_globe else ("x", "y")
        name = reading.name(row.get("id"), f"{where}: id")
        nodes.append(DraftNode(id=name, label=label_of(row.get("label")), x=place[x], y=place[y]))
    if len(kinds) > 1:
        reading.fault(
            f"{table.where or 'nodes'}: lat and lon for some nodes, x and y for others; expected "
            "one kind of place for all"
        )
    return tuple(nodes), kinds.pop() if len(kinds) == 1 else "unknown"


def natural(name: object) -> tuple[Any, ...]:
    """Order names as people do: N2 before N10."""
    parts = re.split(r"(\d{1,18})", str(name))
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def demands_of_table(
    reading: Reading, table: Table
) -> tuple[tuple[DraftDemand, ...], float | None]:
    """Return the demands of a table, and the Gbit/s of one unit of their traffic."""
    demands, units = [], set()
    for where, row in _records(reading, table, DEMAND_COLUMNS, {"source", "target"}):
        before = len(reading.faults)
        values = {
            column: reading.number(
                row.get(column), f"{where}: {column}", low=0.0, comma=table.comma
            )
            for column in ("traffic", *GBPS, "min_skr_bps")
        }
        given = [column for column in ("traffic", *GBPS) if values[column] is not None]
        units |= set(given)
        source = reading.name(row.get("source"), f"{where}: source")
        target = reading.name(row.get("target"), f"{where}: target")
        channels = reading.whole(row.get("channels"), f"{where}: channels", low=1)
        if len(given) > 1:
            reading.fault(f"{where}: {' and '.join(given)}; expected one of them")
        if len(reading.faults) == before:
            demands.append(
                DraftDemand(
                    where=where,
                    source=source,
                    target=target,
                    id=label_of(row.get("id")) or None,
                    channels=channels,
                    traffic=values[given[0]] if given else None,
                    min_skr_bps=values["min_skr_bps"],
                )
            )
    if len(units) > 1:
        reading.fault(f"traffic in {' and '.join(sorted(units))}; expected one unit for all rows")
    return tuple(demands), GBPS.get(units.pop()) if len(units) == 1 else None
