"""Links with QKD systems of their own, at random.

The draw before it is the usual one; what this adds has a generator of its own.
"""

from __future__ import annotations

from qkdopt.instance import Instance
from qkdopt.result import Objective
from tests.corners.generator import (
    Corner,
    Data,
    Rng,
    add_minimum_rates,
    drawn_with,
    pick,
    small_enough,
    tune_launch,
    valid,
)

FIRST_SEED = 3_000_000
NAMES = ("old", "new", "third")


def qkd_systems(seed: int) -> Corner:
    """Draw an instance of which two or more QKD systems share the links, and an objective."""

    def add(rng: Rng, base: Corner) -> tuple[Instance, Objective] | None:
        instance = _added(rng, base.instance)
        return None if instance is None else (instance, base.objective)

    return drawn_with(seed, FIRST_SEED, add)


def systems_in_use(instance: Instance) -> set[str | None]:
    """QKD systems of the links that run QKD; None is the network's."""
    return {link.qkd_system for link in instance.network.links if link.qkd}


def _added(rng: Rng, instance: Instance) -> Instance | None:
    """Return the instance with systems; None where fewer than two of them would be in use."""
    data = instance.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["name"] = f"qkd_systems_{instance.name}"
    names = NAMES[: pick(rng, (1, 2, 2, 3))]
    data["qkd_systems"] = [_system(rng, data, name) for name in names]
    for link in data["network"]["links"]:
        own = pick(rng, (*names, None))
        if link.get("qkd", True) and own is not None:
            link["qkd_system"] = own
    if len(systems_in_use(valid(data))) < 2:
        return None
    if rng.random() < 0.6:
        # The powers that make a difference are others than before.
        tune_launch(rng, data, loud=rng.random() < 0.3)
    if rng.random() < 0.5:
        add_minimum_rates(rng, data)
    return small_enough(rng, data)


def _system(rng: Rng, data: Data, name: str) -> Data:
    """A system: of the network's rates or its own, and some values of the receiver."""
    system: Data = {"id": name}
    if "skr_table" in data["qkd"]:
        kind = pick(rng, ("none", "table", "equations", "equations"))
        if kind == "none":
            return system
        if kind == "table":
            system["skr_table"] = _scaled(rng, data["qkd"]["skr_table"])
        else:
            system["protocol"] = "decoy-bb84"
    for field, values in VALUES.items():
        if rng.random() < 0.4:
            system[field] = pick(rng, values)
    if system.get("decoys") == "vacuum+weak":
        system |= {"mean_photon_number": 0.5, "weak_photon_number": pick(rng, (0.05, 0.1))}
    return system


def _scaled(rng: Rng, table: Data) -> Data:
    """The network's table with other noises and rates, and some of its samples left out."""
    noise, rates = table["noise_per_gate"], table["skr_bps"]
    kept = [0, *(k for k in range(1, len(noise) - 1) if rng.random() < 0.7), len(noise) - 1]
    stretch, faster = pick(rng, (0.3, 1.0, 5.0)), pick(rng, (0.1, 1.0, 20.0))
    return {
        "noise_per_gate": [stretch * noise[k] for k in kept],
        "skr_bps": [faster * rates[k] for k in kept],
    }


VALUES: dict[str, tuple[object, ...]] = {
    "decoys": ("infinite", "vacuum+weak"),
    "yields": ("paper", "exact", "approximate"),
    "mean_photon_number": (0.2, 0.48, 0.9),
    "misalignment": (0.0, 0.01, 0.03),
    "detector_efficiency": (0.05, 0.2, 0.7),
    "dark_count_per_gate": (0.0, 1e-8, 1e-6),
    "gate_ps": (50.0, 100.0, 1000.0),
    "repetition_mhz": (1.0, 2.0, 50.0, 1000.0),
    "error_correction_efficiency": (1.0, 1.16, 1.22),
    "sifting": (0.5, 1.0),
    "insertion_loss_db": (0.0, 2.0, 5.0),
    "filter_ghz": (10.0, 50.0, 100.0),
}
