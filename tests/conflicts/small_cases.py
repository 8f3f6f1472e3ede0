"""Hand-made instances whose conflicts are known."""

from __future__ import annotations

from qkdopt.instance import Instance


def line(demands, *, channels: int = 3, km: float = 10.0, **other) -> Instance:
    """Links 0-1 and 1-2; one QKD candidate, channel 0, whose guard band is its own channel."""
    return network([("0-1", 0, 1, km), ("1-2", 1, 2, km)], demands, channels=channels, **other)


def ring(demands, **other) -> Instance:
    """Four nodes in a ring: two routes between any two."""
    links = [("0-1", 0, 1, 10.0), ("1-2", 1, 2, 10.0), ("2-3", 2, 3, 10.0), ("3-0", 3, 0, 10.0)]
    return network(links, demands, **other)


def network(links, demands, *, channels: int = 3, **other) -> Instance:
    """Links are (id, a, b, km[, fields]), demands (source, target[, fields])."""
    nodes = sorted({node for link in links for node in link[1:3]})
    qkd = {"candidates": [0], "guard_ghz": 0.0} | other.pop("qkd", {})
    return Instance.model_validate(
        {
            "schema": "qkdopt/instance/1",
            "name": "small_case",
            "network": {
                "nodes": [{"id": n} for n in nodes],
                "links": [
                    {"id": link[0], "a": link[1], "b": link[2], "length_km": link[3]}
                    | (link[4] if len(link) > 4 else {})
                    for link in links
                ],
            },
            "grid": {"channels": channels},
            "classical": {"launch_dbm": -12.4},
            "qkd": qkd,
            "demands": [
                {"id": r, "source": d[0], "target": d[1]} | (d[2] if len(d) > 2 else {})
                for r, d in enumerate(demands)
            ],
            **other,
        },
        strict=False,
    )
