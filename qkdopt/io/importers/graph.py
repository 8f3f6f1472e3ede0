"""Graphs with attributes (GML, GraphML, node-link JSON): which attribute means what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qkdopt.instance import NodeId
from qkdopt.io.importers.columns import (
    LINK_COLUMNS,
    LINK_NUMBERS,
    MAYBE_FIBRE,
    column_of,
    folded,
)
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, label_of, shown

Attributes = Mapping[str, Any]
LABELS = ("label", "name", "title", "city", "nodelabel")
# Attributes that hold a length in some files and a cost in others: the caller says which.
MAYBE_LENGTHS = ("weight", "cost", "metric", "value")
PLACES = {  # (x, y) by what they are
    "degrees": (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat")),
    "drawing": (("x", "y"),),
}
NESTED_PLACES = ("graphics", "pos", "position", "coordinates")


@dataclass
class GraphData:
    """A graph as a library or a JSON file gives it.

    Parameters
    ----------
    form
        Name of its format.
    nodes
        Id and attributes of each node.
    edges
        Place in the file, both ends and attributes of each edge.
    directed
        Whether edges have a direction; None where the file does not say.
    source
        Where the graph comes from.
    """

    form: str
    nodes: list[tuple[NodeId, Attributes]]
    edges: list[tuple[str, NodeId, NodeId, Attributes]]
    directed: bool | None = None
    source: str = ""
    demands: tuple[DraftDemand, ...] = ()
    traffic_gbps: float | None = None


def draft_of_graph(graph: GraphData, reading: Reading, length_field: str | None) -> Draft:
    """Return the network of a graph.

    Parameters
    ----------
    graph
        Nodes and edges.
    reading
        Gets faults and notes.
    length_field
        Attribute that holds lengths [km]; None for those whose names say so.

    Raises
    ------
    InstanceError
        With every fault.
    """
    attributes = {key for _, _, _, found in graph.edges for key in found}
    columns = _link_columns(attributes, length_field, reading)
    columns, fibre_from = _with_fibre(columns, attributes, reading)
    nodes, coordinates = _nodes(graph, reading)
    links = tuple(_links(graph, columns, reading))
    reading.stop()
    maybe = [key for key in sorted(attributes) if folded(key) in MAYBE_LENGTHS]
    return Draft(
        format=graph.form,
        source=graph.source,
        nodes=nodes,
        links=links,
        demands=graph.demands,
        coordinates=coordinates,
        directed=graph.directed,
        traffic_gbps=graph.traffic_gbps,
        fibre_from=fibre_from,
        labels_first=True,
        length_hint=f"--length-field {maybe[0]} if that attribute is a length in km"
        if maybe
        else "",
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


def _link_columns(
    attributes: Iterable[str], length_field: str | None, reading: Reading
) -> dict[str, str]:
    """Return the attribute of each column of a link; what is no column is left out."""
    columns: dict[str, str] = {}
    unused: list[str] = []
    for key in sorted(attributes):
        column = column_of(key, LINK_COLUMNS)
        if length_field is not None:
            if folded(key) == folded(length_field):
                column = "length_km"
            elif column in ("length_km", "length_m"):
                column = None
        if column is None and folded(key) == MAYBE_FIBRE:
            continue
        if column in (None, "a", "b") or column in columns:
            unused.append(shown(key))
        else:
            columns[column] = key
    if unused:
        reading.leave_out(f"attributes of edges: {some(unused, 5)}")
    named = columns.get("length_km")
    if length_field is not None and named is None:
        found = ", ".join(map(shown, sorted(attributes))) or "none"
        reading.fault(f"no edge has the attribute {length_field!r}; read {found}")
    if named is not None and "km" not in folded(named):
        reading.assumed.append(f"edge attribute {named!r} is a length in km")
    return columns


def _with_fibre(
    columns: dict[str, str], attributes: Iterable[str], reading: Reading
) -> tuple[dict[str, str], Literal["fibre", "type"]]:
    """Return the columns with an attribute ``type`` for the fibre, where no other is, and which."""
    maybe = [key for key in sorted(attributes) if folded(key) == MAYBE_FIBRE]
    if "fibre" in columns or not maybe:
        for key in maybe:
            reading.leave_out(f"attributes of edges: {shown(key)}")
        return columns, "fibre"
    return {**columns, "fibre": maybe[0]}, "type"


def _links(graph: GraphData, columns: dict[str, str], reading: Reading) -> Iterable[DraftLink]:
    for where, a, b, attributes in graph.edges:
        row = {column: attributes.get(key) for column, key in columns.items()}
        values = {
            column: reading.number(
                row.get(column),
                f"{where}: {columns.get(column)}",
                low=None if column == "launch_dbm" else 0.0,
            )
            for column in LINK_NUMBERS
        }
        length_km, length_m = values["length_km"], values["length_m"]
        if length_km is None and length_m is not None:
            length_km = length_m / 1e3
        qkd = reading.flag(row.get("qkd"), f"{where}: qkd")
        yield DraftLink(
            where=where,
            a=a,
            b=b,
            id=link_name(row.get("id")),
            length_km=length_km,
            loss_db=values["loss_db"],
            loss_db_per_km=values["loss_db_per_km"],
            launch_dbm=values["launch_dbm"],
            qkd=True if qkd is None else qkd,
            qkd_system=label_of(row.get("qkd_system")) or None,
            fibre=label_of(row.get("fibre")) or None,
        )


def link_name(value: object) -> str | None:
    """Return the id of a link; none for a mere number, so that its ends name it."""
    name = label_of(value)
    return None if name.isdecimal() else name or None


def _nodes(graph: GraphData, reading: Reading) -> tuple[tuple[DraftNode, ...], Any]:
    """Return nodes and what their places are: degrees count more than those of a drawing."""
    flat = [{folded(key): value for key, value in found.items()} for _, found in graph.nodes]
    places = [
        _place(attributes, f"node {node}", reading)
        for (node, _), attributes in zip(graph.nodes, flat, strict=True)
    ]
    kinds = {kind for kind, _, _ in places}
    kept = next((kind for kind in (*PLACES, "unknown") if kind in kinds), "unknown")
    nodes = []
    for (node, _), attributes, (kind, x, y) in zip(graph.nodes, flat, places, strict=True):
        label = next(filter(None, (label_of(attributes.get(key)) for key in LABELS)), "")
        nodes.append(
            DraftNode(
                id=node,
                label="" if label == str(node) else label,
                x=x if kind == kept else None,
                y=y if kind == kept else None,
            )
        )
    return tuple(nodes), kept


def _place(
    flat: Mapping[str, Any], where: str, reading: Reading
) -> tuple[str | None, float | None, float | None]:
    """Return what the place of a node is (None without one), and its x and y."""
    for kind, pairs in PLACES.items():
        for x, y in pairs:
            if flat.get(x) is not None and flat.get(y) is not None:
                return (
                    kind,
                    reading.number(flat[x], f"{where}: {x}"),
                    reading.number(flat[y], f"{where}: {y}"),
                )
    for key in NESTED_PLACES:
        inner = flat.get(key)
        if isinstance(inner, Mapping):
            return _place({folded(k): v for k, v in inner.items()}, where, reading)
        if isinstance(inner, list | tuple) and len(inner) >= 2:
            first, second = (reading.number(value, f"{where}: {key}") for value in inner[:2])
            return "unknown", first, second
    return None, None, None
