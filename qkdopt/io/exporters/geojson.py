"""A plan on the map as GeoJSON (RFC 7946)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from qkdopt.errors import UnsupportedError
from qkdopt.instance import NodeId
from qkdopt.io.exporters.plan import ExportedPlan

Place = tuple[float, float]


def geojson_file(plan: ExportedPlan) -> bytes:
    """Return a collection of points for nodes, lines for links, and lines for lightpaths.

    Every feature says in ``kind`` what it is.

    Raises
    ------
    UnsupportedError
        A node has no latitude or longitude.
    """
    places = _places(plan)
    features = [*_nodes(plan, places), *_links(plan, places), *_lightpaths(plan, places)]
    collection = {"type": "FeatureCollection", "name": plan.instance.name, "features": features}
    return (json.dumps(collection, ensure_ascii=False, indent=1) + "\n").encode()


def _places(plan: ExportedPlan) -> dict[NodeId, Place]:
    nodes = plan.instance.network.nodes
    missing = [node.id for node in nodes if node.lat is None or node.lon is None]
    if missing:
        raise UnsupportedError(
            f"geojson: node {missing[0]!r} and {len(missing) - 1} more have no place; expected lat "
            "and lon of every node in network.nodes (graphml needs none)"
        )
    return {
        node.id: (node.lon, node.lat)
        for node in nodes
        if node.lon is not None and node.lat is not None
    }


def _nodes(plan: ExportedPlan, places: dict[NodeId, Place]) -> Iterator[dict[str, Any]]:
    for node in plan.instance.network.nodes:
        point = {"type": "Point", "coordinates": list(places[node.id])}
        yield _feature(point, {"kind": "node", "id": node.id, "label": node.label})


def _links(plan: ExportedPlan, places: dict[NodeId, Place]) -> Iterator[dict[str, Any]]:
    for row in plan.link_rows():
        yield _feature(_line([places[row["a"]], places[row["b"]]]), {"kind": "link", **row})


def _lightpaths(plan: ExportedPlan, places: dict[NodeId, Place]) -> Iterator[dict[str, Any]]:
    for path, row in zip(plan.plan.lightpaths, plan.tables()["lightpaths"], strict=True):
        rate = plan.demand_skr_bps.get(path.demand, 0.0)
        line = _line([places[node] for node in path.route])
        yield _feature(line, {"kind": "lightpath", **row, "skr_bps": rate})


def _line(places: list[Place]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(place) for place in places]}


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
