"""Instances by hand: links, demands, and what else is not as usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qkdopt.instance import Instance


def instance_of(
    links: Sequence[tuple[Any, ...]],
    demands: Sequence[tuple[Any, ...]] = (),
    *,
    name: str = "small",
    channels: int = 4,
    launch_dbm: float = -12.4,
    **sections: Any,
) -> Instance:
    """Build an instance from as little as a test is about.

    Parameters
    ----------
    links
        ``(id, a, b, length_km)``, and other fields of the link in a dictionary at the end.
    demands
        ``(source, target)``, and other fields in a dictionary at the end; numbered from 0.
    name
        Name of the instance.
    channels
        Channels of the grid.
    launch_dbm
        Launch power of every channel [dBm].
    sections
        Other sections of the schema, such as ``qkd`` or ``fibre``.
    """
    nodes = sorted({node for link in links for node in link[1:3]})
    return Instance.model_validate(
        {
            "schema": "qkdopt/instance/1",
            "name": name,
            "network": {"nodes": [{"id": n} for n in nodes], "links": [_link(*x) for x in links]},
            "grid": {"channels": channels},
            "classical": {"launch_dbm": launch_dbm},
            "demands": [_demand(number, *demand) for number, demand in enumerate(demands)],
        }
        | sections,
        strict=False,
    )


def _link(name: str, a: int, b: int, km: float, other: dict[str, Any] | None = None) -> Any:
    return {"id": name, "a": a, "b": b, "length_km": km} | (other or {})


def _demand(number: int, source: int, target: int, other: dict[str, Any] | None = None) -> Any:
    return {"id": number, "source": source, "target": target} | (other or {})
