"""Shipped topologies; each file carries its source and licence."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from typing import Any

from qkdopt.errors import UsageError
from qkdopt.instance import Link, Network, Node, NodeId

TOPOLOGIES = (
    "beijing_qman",
    "cambridge",
    "coronet_conus",
    "germany50",
    "madqci",
    "nobel_germany",
    "nsfnet",
    "nsfnet22",
    "usnet",
)

# Networks of a city, of lengths that key survives; the others are backbones.
METRO = ("beijing_qman", "cambridge", "madqci")
BACKBONE_SCALE = 0.01


def default_length_scale(name: str) -> float:
    """Return the factor on lengths where none is given: backbones alone are scaled."""
    return 1.0 if name in METRO else BACKBONE_SCALE


def load_topology(name: str, length_scale: float = 1.0) -> Network:
    """Read a shipped topology, its lengths and measured losses scaled.

    Long-haul networks have links of a thousand kilometres, where no key survives; the
    DS-QKD study keeps their shape at a hundredth of the length.

    Raises
    ------
    UsageError
        An unknown name, or a scale that is not positive.
    """
    if not length_scale > 0.0:
        raise UsageError(f"length scale = {length_scale:g}; expected more than 0")
    data = _read(name)
    scaled = "" if length_scale == 1.0 else f"; lengths x {length_scale:g}"
    return Network(
        nodes=tuple(_node(node) for node in data["nodes"]),
        links=tuple(_links(data["links"], length_scale)),
        source=f"{data['source']}{scaled}",
    )


def traffic_weights(name: str) -> dict[tuple[NodeId, NodeId], float]:
    """Weights of ordered node pairs from the topology's demand matrix, both ways alike.

    Raises
    ------
    UsageError
        The topology ships no demands.
    """
    demands = _read(name).get("demands")
    if not demands:
        raise UsageError(f"topology {name} ships no demand matrix; use uniform demands")
    weights: Counter[tuple[NodeId, NodeId]] = Counter()
    for row in demands:
        weights[row["a"], row["b"]] += row["value"]
        weights[row["b"], row["a"]] += row["value"]
    return dict(weights)


def _read(name: str) -> dict[str, Any]:
    if name not in TOPOLOGIES:
        raise UsageError(f"topology = {name!r}; expected one of {', '.join(TOPOLOGIES)}")
    path = files("qkdopt").joinpath("data", "topologies", f"{name}.json")
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _node(node: dict[str, Any]) -> Node:
    return Node(**{key: node[key] for key in ("id", "label", "lat", "lon") if key in node})


def _links(rows: list[dict[str, Any]], scale: float) -> list[Link]:
    times: Counter[str] = Counter()
    links = []
    for row in rows:
        name = f"{row['a']}-{row['b']}"
        times[name] += 1
        loss = row.get("loss_db")
        links.append(
            Link(
                id=name if times[name] == 1 else f"{name}#{times[name]}",
                a=row["a"],
                b=row["b"],
                length_km=round(row["length_km"] * scale, 6),
                loss_db=None if loss is None else round(loss * scale, 6),
            )
        )
    return links
