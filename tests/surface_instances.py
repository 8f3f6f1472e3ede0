"""Instances whose key rates are a surface that is not convex in the noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from qkdopt.instance import Instance
from tests.random_instances import random_instance

# A plateau, a cliff, a slope, a second plateau: no chord over several of them bounds the rate.
SHAPE = np.array([1.0, 0.98, 0.97, 0.4, 0.38, 0.37, 0.05, 0.0])
NOISES = [1e-7, 1e-6, 2e-5, 4e-5, 2e-4, 6e-4, 7e-4, 2e-3]
LOSSES = [0.5, 2.0, 4.0, 9.0, 30.0]


def uneven_surface(scale_bps: float = 4e4) -> dict[str, Any]:
    """Return a grid with a curve of its own shape at each loss."""
    falls = 10.0 ** (-np.array(LOSSES) / 10.0)
    rows = [scale_bps * fall * SHAPE ** (1.0 + 0.3 * k) for k, fall in enumerate(falls)]
    return {
        "losses_db": LOSSES, "noises_per_gate": NOISES, "skr_bps": [row.tolist() for row in rows],
    }  # fmt: skip


def surface_instance(seed: int, **options: Any) -> Instance:
    """Draw a random instance of links of different losses, with a surface for its key rates."""
    data = random_instance(seed, **options).to_json_dict()
    rng = np.random.default_rng(seed)
    for link in data["network"]["links"]:
        link.pop("loss_db_per_km", None)
        link |= {"length_km": 20.0, "loss_db": float(rng.choice([3.0, 4.0, 5.0, 8.0]))}
    for demand in data["demands"]:
        if demand.get("min_skr_bps"):
            demand["min_skr_bps"] = 900.0
    data["classical"] = {"launch_dbm": float(rng.uniform(-14.0, 0.0))}
    data["qkd"] = data.get("qkd", {}) | {
        "surface": uneven_surface(),
        "insertion_loss_db": float(rng.choice([0.0, 1.5])),
    }
    return Instance.model_validate(data, strict=False)
