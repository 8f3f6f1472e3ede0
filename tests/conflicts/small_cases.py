"""Hand-made instances whose conflicts are known."""

from __future__ import annotations

from qkdopt.instance import Instance
from tests.small_instances import instance_of


def line(demands, *, channels: int = 3, km: float = 10.0, **other) -> Instance:
    """Links 0-1 and 1-2; one QKD candidate, channel 0, whose guard band is its own channel."""
    return network([("0-1", 0, 1, km), ("1-2", 1, 2, km)], demands, channels=channels, **other)


def ring(demands, **other) -> Instance:
    """Four nodes in a ring: two routes between any two."""
    links = [("0-1", 0, 1, 10.0), ("1-2", 1, 2, 10.0), ("2-3", 2, 3, 10.0), ("3-0", 3, 0, 10.0)]
    return network(links, demands, **other)


def network(links, demands, *, channels: int = 3, **other) -> Instance:
    """Links are (id, a, b, km[, fields]), demands (source, target[, fields])."""
    qkd = {"candidates": [0], "guard_ghz": 0.0} | other.pop("qkd", {})
    return instance_of(links, demands, name="small_case", channels=channels, qkd=qkd, **other)
