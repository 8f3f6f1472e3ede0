"""Net2Plan's n2p files: nodes, the links of one layer, and its demands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.traffic_units import gbps_of
from qkdopt.io.importers.values import Reading, label_of
from qkdopt.io.importers.xml_tree import children

OPTICAL = re.compile(r"wdm|optic|physical|fib(re|er)|photonic", flags=re.IGNORECASE)


def read_net2plan(content: Content) -> Draft:
    """Return the network of an n2p file.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(content.where)
    root = content.tree
    nodes = tuple(_nodes(root, reading))
    layer = _layer(root, reading)
    links = tuple(_links(layer, reading))
    demands = tuple(_demands(layer, reading))
    reading.stop()
    return Draft(
        format="Net2Plan",
        source=", ".join(
            filter(None, (label_of(root.get(key)) for key in ("name", "description")))
        ),
        nodes=nodes,
        links=links,
        demands=demands,
        directed=True,
        traffic_gbps=gbps_of(layer.get("demandTrafficUnitsName")),
        labels_first=True,
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


def _nodes(root: Any, reading: Reading) -> Iterator[DraftNode]:
    for k, node in enumerate(children(root, "node"), start=1):
        where = f"node {k}"
        label = label_of(node.get("name"))
        yield DraftNode(
            id=reading.name(node.get("id"), f"{where}: id"),
            label=label,
            x=reading.number(node.get("xCoord"), f"{where}: xCoord"),
            y=reading.number(node.get("yCoord"), f"{where}: yCoord"),
        )


def _layer(root: Any, reading: Reading) -> Any:
    """Return the layer whose links are fibres: the optical one by its name, or the first."""
    layers = [layer for layer in children(root, "layer") if children(layer, "link")]
    if not layers:
        # Files of old versions have links beside the nodes.
        return root
    named = [layer for layer in layers if OPTICAL.search(layer.get("name") or "")]
    layer = (named or layers)[0]
    if len(layers) > 1:
        reading.assumed.append(f"fibres are the links of layer {_title(layer)}")
        for other in layers:
            if other is not layer:
                reading.leave_out(f"layer {_title(other)}")
    return layer


def _title(layer: Any) -> str:
    return repr(label_of(layer.get("name")) or label_of(layer.get("id")))


def _links(layer: Any, reading: Reading) -> Iterator[DraftLink]:
    for k, link in enumerate(children(layer, "link"), start=1):
        where = f"link {label_of(link.get('id')) or k}"
        yield DraftLink(
            where=where,
            a=reading.name(link.get("originNodeId"), f"{where}: originNodeId"),
            b=reading.name(link.get("destinationNodeId"), f"{where}: destinationNodeId"),
            length_km=reading.number(link.get("lengthInKm"), f"{where}: lengthInKm", low=0.0),
        )


def _demands(layer: Any, reading: Reading) -> Iterator[DraftDemand]:
    for k, demand in enumerate(children(layer, "demand"), start=1):
        where = f"demand {label_of(demand.get('id')) or k}"
        yield DraftDemand(
            where=where,
            source=reading.name(demand.get("ingressNodeId"), f"{where}: ingressNodeId"),
            target=reading.name(demand.get("egressNodeId"), f"{where}: egressNodeId"),
            traffic=reading.number(
                demand.get("offeredTraffic"), f"{where}: offeredTraffic", low=0.0
            ),
        )
