"""The instance with QKD on some of its links only, and with more or less key asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance


def with_qkd_on(instance: Instance, links: Iterable[str]) -> Instance:
    """Return the instance with QKD on these links only.

    The others have no key and reserve no guard band.

    Raises
    ------
    InstanceError
        What is left breaks a rule of instances.
    """
    kept = set(links)
    without = [link.id for link in instance.network.links if link.qkd and link.id not in kept]
    if not without:
        return instance
    change = {name: {"qkd": False, "candidates": None, "qkd_system": None} for name in without}
    return instance.replace(network={"links": change})


def with_needs_times(instance: Instance, factor: float) -> Instance:
    """Return the instance whose demands ask for so many times their key."""
    if factor == 1.0:
        return instance
    changes: dict[int | str, dict[str, dict[str, float]]] = {}
    for demand in instance.demands:
        if demand.key is None:
            continue
        name = "bits" if demand.key.rate_bps is None else "rate_bps"
        changes[demand.id] = {"key": {name: factor * getattr(demand.key, name)}}
    return instance.replace(demands=changes)


__all__ = ["with_needs_times", "with_qkd_on"]
