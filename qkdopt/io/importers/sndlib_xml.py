"""SNDlib's XML format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.traffic_units import gbps_of
from qkdopt.io.importers.values import Reading, label_of
from qkdopt.io.importers.xml_tree import child_text, children

COORDINATES: dict[str, Literal["degrees", "drawing"]] = {
    "geographical": "degrees",
    "pixel": "drawing",
}


def read_sndlib_xml(content: Content) -> Draft:
    """Return the network of SNDlib's XML.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(content.where)
    root = content.tree
    structure = next(iter(children(root, "networkStructure")), root)
    places = next(iter(children(structure, "nodes")), structure)
    nodes = tuple(_nodes(places, reading))
    links = tuple(_links(next(iter(children(structure, "links")), structure), reading))
    demands = tuple(_demands(next(iter(children(root, "demands")), None), reading))
    reading.stop()
    meta = next(iter(children(root, "meta")), None)
    return Draft(
        format="SNDlib XML",
        source="" if meta is None else label_of(child_text(meta, "origin")),
        nodes=nodes,
        links=links,
        demands=demands,
        coordinates=COORDINATES.get(places.get("coordinatesType") or "", "unknown"),
        traffic_gbps=None if meta is None else gbps_of(child_text(meta, "unit")),
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


def _nodes(parent: Any, reading: Reading) -> Iterator[DraftNode]:
    for k, node in enumerate(children(parent, "node"), start=1):
        where = f"node {label_of(node.get('id')) or k}"
        place = next(iter(children(node, "coordinates")), None)
        x, y = (
            None if place is None else reading.number(child_text(place, axis), f"{where}: {axis}")
            for axis in ("x", "y")
        )
        yield DraftNode(id=reading.name(node.get("id"), f"{where}: id"), x=x, y=y)


def _links(parent: Any, reading: Reading) -> Iterator[DraftLink]:
    for k, link in enumerate(children(parent, "link"), start=1):
        where = f"link {label_of(link.get('id')) or k}"
        yield DraftLink(
            where=where,
            id=label_of(link.get("id")) or None,
            a=reading.name(child_text(link, "source"), f"{where}: source"),
            b=reading.name(child_text(link, "target"), f"{where}: target"),
        )


def _demands(parent: Any, reading: Reading) -> Iterator[DraftDemand]:
    for k, demand in enumerate(() if parent is None else children(parent, "demand"), start=1):
        where = f"demand {label_of(demand.get('id')) or k}"
        yield DraftDemand(
            where=where,
            id=label_of(demand.get("id")) or None,
            source=reading.name(child_text(demand, "source"), f"{where}: source"),
            target=reading.name(child_text(demand, "target"), f"{where}: target"),
            traffic=reading.number(
                child_text(demand, "demandValue"), f"{where}: demandValue", low=0.0
            ),
        )
