"""Node-link JSON: what networkx, D3, TopoHub, FlexNetSim and the topologies of qkdopt write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qkdopt.instance import NodeId
from qkdopt.io.importers.columns import DEMAND_COLUMNS, GBPS, LINK_COLUMNS, column_of
from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft, DraftDemand
from qkdopt.io.importers.graph import GraphData, draft_of_graph
from qkdopt.io.importers.traffic_units import gbps_of
from qkdopt.io.importers.values import Reading, label_of, shown

FORMAT = "node-link JSON"
NODE_IDS = ("id", "name", "uid", "label")


def read_node_link(content: Content, length_field: str | None, form: str = FORMAT) -> Draft:
    """Return the network of node-link JSON.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(content.where)
    data = content.tree
    nodes = _nodes(data["nodes"], reading)
    key = "links" if "links" in data else "edges"
    edges = list(_edges(data[key], key, [node for node, _ in nodes], reading))
    graph, meta = data.get("graph"), data.get("meta")
    about: dict[str, Any] = {**graph, **data} if isinstance(graph, dict) else data
    demands, traffic_gbps = _demands(about.get("demands"), reading)
    if traffic_gbps is None and isinstance(meta, dict):
        traffic_gbps = gbps_of(label_of(meta.get("unit")))
    reading.stop()
    names = (label_of(about.get(name)) for name in ("name", "title", "source"))
    directed = data.get("directed")
    return draft_of_graph(
        GraphData(
            form,
            nodes,
            edges,
            directed=directed if isinstance(directed, bool) else None,
            source=", ".join(dict.fromkeys(filter(None, names))),
            demands=demands,
            traffic_gbps=traffic_gbps,
        ),
        reading,
        length_field,
    )


def _nodes(rows: object, reading: Reading) -> list[tuple[NodeId, Mapping[str, Any]]]:
    rows = _listed(rows)
    if not isinstance(rows, list):
        reading.fault(f"nodes = {shown(rows)}; expected a list")
        return []
    nodes: list[tuple[NodeId, Mapping[str, Any]]] = []
    if rows and all(isinstance(row, dict) and not set(row) & set(NODE_IDS) for row in rows):
        reading.assumed.append("nodes without ids are numbered from 0")
        rows = [{"id": k, **row} for k, row in enumerate(rows)]
    for k, row in enumerate(rows):
        attributes: dict[str, Any] = row if isinstance(row, dict) else {"id": row}
        key = next((key for key in NODE_IDS if attributes.get(key) is not None), "id")
        nodes.append((reading.node_id(attributes.get(key), f"nodes[{k}].{key}"), attributes))
    return nodes


def _listed(rows: object) -> object:
    """Return a list of objects where a file has an object of them by id; else what it has."""
    if isinstance(rows, dict) and all(isinstance(row, dict) for row in rows.values()):
        return [{"id": key, **row} for key, row in rows.items()]
    return rows


def _edges(
    rows: object, key: str, nodes: list[NodeId], reading: Reading
) -> Iterator[tuple[str, NodeId, NodeId, Mapping[str, Any]]]:
    rows = _listed(rows)
    if not isinstance(rows, list):
        reading.fault(f"{key} = {shown(rows)}; expected a list")
        return
    known = {str(node) for node in nodes}
    found: list[tuple[str, NodeId, NodeId, Mapping[str, Any]]] = []
    for k, row in enumerate(rows):
        where = f"{key}[{k}]"
        if not isinstance(row, dict):
            reading.fault(f"{where} = {shown(row)}; expected an object")
            continue
        ends = {column_of(name, LINK_COLUMNS): name for name in row}
        if not {"a", "b"} <= set(ends):
            reading.fault(f"{where}: no two ends; expected source and target")
            continue
        a, b = row[ends["a"]], row[ends["b"]]
        rest: dict[str, Any] = {
            name: value for name, value in row.items() if name not in (ends["a"], ends["b"])
        }
        found.append(
            (where, reading.node_id(a, f"{where}.{ends['a']}"),
             reading.node_id(b, f"{where}.{ends['b']}"), rest)
        )  # fmt: skip
    yield from _by_place(found, nodes, known, reading)


def _by_place(
    edges: list[tuple[str, NodeId, NodeId, Mapping[str, Any]]],
    nodes: list[NodeId],
    known: set[str],
    reading: Reading,
) -> Iterator[tuple[str, NodeId, NodeId, Mapping[str, Any]]]:
    """Yield edges with ids for ends; files of D3 give places in the list of nodes instead."""
    ends = {end for _, a, b, _ in edges for end in (a, b)}
    places = all(isinstance(end, int) and 0 <= end < len(nodes) for end in ends)
    if not places or all(str(end) in known for end in ends):
        yield from edges
        return
    reading.assumed.append("ends of links are places in the list of nodes, from 0")
    for where, a, b, rest in edges:
        yield where, nodes[int(a)], nodes[int(b)], rest


def _demands(rows: object, reading: Reading) -> tuple[tuple[DraftDemand, ...], float | None]:
    """Return demands: a list of objects, or traffic by source and target as TopoHub has it."""
    if not rows:
        return (), None
    if isinstance(rows, dict):
        return tuple(_matrix(rows, reading)), None
    if not isinstance(rows, list):
        reading.fault(f"demands = {shown(rows)}; expected a list or an object by source")
        return (), None
    demands, units = [], set()
    for k, row in enumerate(rows):
        where = f"demands[{k}]"
        if not isinstance(row, dict):
            reading.fault(f"{where} = {shown(row)}; expected an object")
            continue
        named = {column_of(name, DEMAND_COLUMNS) or "": value for name, value in row.items()}
        unit = next((u for u in ("traffic", *GBPS) if named.get(u) is not None), "traffic")
        units |= {unit}
        demands.append(
            DraftDemand(
                where=where,
                source=reading.node_id(named.get("source"), f"{where}.source"),
                target=reading.node_id(named.get("target"), f"{where}.target"),
                channels=reading.whole(named.get("channels"), f"{where}.channels", low=1),
                traffic=reading.number(named.get(unit), f"{where}.{unit}", low=0.0),
                min_skr_bps=reading.number(
                    named.get("min_skr_bps"), f"{where}.min_skr_bps", low=0.0
                ),
            )
        )
    if len(units) > 1:
        reading.fault(f"demands: traffic in {' and '.join(sorted(units))}; expected one unit")
    return tuple(demands), GBPS.get(units.pop()) if len(units) == 1 else None


def _matrix(rows: dict[str, Any], reading: Reading) -> Iterator[DraftDemand]:
    for source, targets in rows.items():
        if not isinstance(targets, dict):
            reading.fault(f"demands.{source} = {shown(targets)}; expected traffic by target")
            continue
        for target, value in targets.items():
            where = f"demands.{source}.{target}"
            yield DraftDemand(
                where=where,
                source=reading.node_id(source, where),
                target=reading.node_id(target, where),
                traffic=reading.number(value, where, low=0.0),
            )
