"""Seeded random instances for every fuzz: small, and varied in every setting that matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from qkdopt.instance import Instance

SHAPES = {
    "triangle": [(0, 1), (1, 2), (0, 2)],
    "line": [(0, 1), (1, 2)],
    "ring": [(0, 1), (1, 2), (2, 3), (3, 0)],
    "mesh": [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)],
    "parallel": [(0, 1), (0, 1), (1, 2)],
}


def random_instance(
    seed: int,
    *,
    most_demands: int = 3,
    channels: tuple[int, int] = (3, 4),
    relay: str | None = None,
    floors: bool = True,
    other_noise: bool = False,
    shape: str | None = None,
    yields: str = "paper",
) -> Instance:
    """Draw an instance; the same seed and options give the same one."""
    rng = np.random.default_rng(seed)
    links = SHAPES[shape or str(rng.choice(list(SHAPES)))]
    nodes = 1 + max(max(pair) for pair in links)
    width = int(rng.integers(channels[0], channels[1] + 1))
    guard = float(rng.choice([0.0, 200.0, 200.0, 300.0 if width > 3 else 200.0]))
    candidates = _candidates(rng, width)
    small_set = candidates != "all" and len(candidates) == 1
    reserve = "all" if small_set and guard <= 200.0 and rng.random() < 0.7 else "working"
    data: dict[str, Any] = {
        "name": f"random_{seed}",
        "network": {
            "nodes": [{"id": n} for n in range(nodes)],
            "links": [_link(rng, k, pair, width) for k, pair in enumerate(links)],
        },
        "grid": {"channels": width},
        "fibre": {"layout": str(rng.choice(["single", "pair"]))},
        "classical": {"launch_dbm": float(rng.uniform(-18.0, -4.0))},
        "qkd": {
            "candidates": candidates,
            "reserve": reserve,
            "guard_ghz": guard,
            "relay": relay or "lightpath",
            "decoys": str(rng.choice(["infinite", "infinite", "vacuum+weak"])),
            "yields": yields,
        },
        "routes": {"k": int(rng.integers(1, 3))},
        "demands": [
            _demand(rng, r, nodes, floors) for r in range(int(rng.integers(1, most_demands + 1)))
        ],
    }
    if other_noise:
        data["other_noise"] = {"four_wave_mixing": {}, "crosstalk": {}, "amplifier": {}}
    return Instance.model_validate({"schema": "qkdopt/instance/1", **data}, strict=False)


def _candidates(rng: np.random.Generator, width: int) -> Any:
    kind = rng.random()
    if kind < 0.3:
        return "all"
    if kind < 0.4:
        return [0, {"frequency_thz": 228.8, "loss_db_per_km": 0.33}]
    size = int(rng.integers(1, 3))
    return sorted(int(c) for c in rng.choice(width, size=size, replace=False))


def _link(
    rng: np.random.Generator, number: int, pair: tuple[int, int], width: int
) -> dict[str, Any]:
    link: dict[str, Any] = {
        "id": f"{pair[0]}-{pair[1]}/{number}",
        "a": pair[0],
        "b": pair[1],
        "length_km": round(float(rng.uniform(2.0, 45.0)), 3),
        "qkd_direction": str(rng.choice(["a->b", "b->a"])),
    }
    if rng.random() < 0.1:
        link["qkd"] = False
    elif rng.random() < 0.15:
        link["candidates"] = [int(rng.integers(width))]
    if rng.random() < 0.2:
        link["loss_db"] = round(0.25 * link["length_km"], 4)
    return link


def _demand(rng: np.random.Generator, r: int, nodes: int, floors: bool) -> dict[str, Any]:
    source, target = (int(n) for n in rng.choice(nodes, size=2, replace=False))
    demand: dict[str, Any] = {
        "id": r,
        "source": source,
        "target": target,
        "channels": int(rng.choice([1, 1, 1, 2])),
    }
    if floors and rng.random() < 0.1:
        demand["min_skr_bps"] = float(rng.choice([1.0, 5e3, 2e4]))
    return demand
