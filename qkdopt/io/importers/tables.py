"""Tables of links, nodes and demands, whatever file they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from qkdopt.io.importers.columns import (
    DEMAND_COLUMNS,
    GBPS,
    LINK_COLUMNS,
    LINK_NUMBERS,
    MAYBE_FIBRE,
    NODE_COLUMNS,
    Table,
    column_of,
    folded,
    records,
)
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, label_of, shown


def draft_of_tables(
    reading: Reading, form: str, links: Table, nodes: Table | None, demands: Table | None
) -> Draft:
    """Return the network of its tables.

    Raises
    ------
    InstanceError
        With every fault of the three.
    """
    links, fibre_from = _with_fibre_column(links)
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
        fibre_from=fibre_from,
        length_hint=_length_hint(links),
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


def _with_fibre_column(links: Table) -> tuple[Table, Literal["fibre", "type"]]:
    """Return the table with its column ``type`` as ``fibre`` where no other is, and which it is."""
    columns = [column_of(name, LINK_COLUMNS) for name in links.header]
    maybe = [k for k, name in enumerate(links.header) if folded(name) == MAYBE_FIBRE]
    if "fibre" in columns or len(maybe) != 1:
        return links, "fibre"
    header = [*links.header]
    header[maybe[0]] = "fibre"
    return replace(links, header=tuple(header)), "type"


def _length_hint(links: Table) -> str:
    """Return what to do about columns without meaning where links have no length."""
    columns = {name: column_of(name, LINK_COLUMNS) for name in links.header if name}
    unknown = [shown(name) for name, column in columns.items() if column is None]
    if not unknown or set(columns.values()) & {"length_km", "length_m", "loss_db"}:
        return ""
    return f"the name length_km to its column (of no meaning here: {some(unknown, 5)})"


def _links(reading: Reading, table: Table) -> Iterator[DraftLink]:
    for where, row in records(reading, table, LINK_COLUMNS, {"a", "b"}):
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
            qkd_system=label_of(row.get("qkd_system")) or None,
            fibre=label_of(row.get("fibre")) or None,
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
    for where, row in records(reading, table, NODE_COLUMNS, {"id"}):
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
    for where, row in records(reading, table, DEMAND_COLUMNS, {"source", "target"}):
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
