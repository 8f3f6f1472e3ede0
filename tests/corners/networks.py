"""Fibre types, other bands, values of an amplified network and routes of one's own, at random.

The draw before it is the usual one; what this adds has a generator of its own.
"""

from __future__ import annotations

from typing import Any

from qkdopt.instance import Instance
from qkdopt.instance.generation.presets import dwdm
from qkdopt.result import Objective
from tests.corners.generator import (
    Corner,
    Data,
    Rng,
    add_minimum_rates,
    add_raman_table,
    drawn_with,
    pick,
    small_enough,
    tune_launch,
    valid,
)
from tests.corners.paths import node_paths

FIRST_SEED = 2_000_000


def networks(seed: int) -> Corner:
    """Draw an instance with some of what this module adds, and an objective.

    Draws to which nothing can be added are passed over.
    """

    def add(rng: Rng, base: Corner) -> tuple[Instance, Objective] | None:
        instance = _added(rng, base.instance)
        return None if instance is None else (instance, base.objective)

    return drawn_with(seed, FIRST_SEED, add)


def _added(rng: Rng, instance: Instance) -> Instance | None:
    """Return the instance with some of everything; None where the draw was of nothing."""
    data = instance.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["name"] = f"networks_{instance.name}"
    amplified = rng.random() < 0.3
    parts = rng.random(3) < (0.6, 0.7 if amplified else 0.4, 0.6)
    if amplified:
        _amplify(rng, data)
    for add, drawn in zip((_add_types, _add_other_band, _add_routes), parts, strict=True):
        if drawn:
            add(rng, data)
    if not amplified and not parts.any():
        return None
    if not amplified and rng.random() < 0.6:
        # The powers that make a difference are others than before.
        tune_launch(rng, data, loud=rng.random() < 0.3)
    if rng.random() < 0.5:
        add_minimum_rates(rng, data)
    return small_enough(rng, data)


# -- the values of an amplified network -----------------------------------------------------------

# What a planner chooses, or what the other draws say more about.
KEPT = ("candidates", "reserve", "relay", "guard_ghz", "skr_table")


def _amplify(rng: Rng, data: Data) -> None:
    """Take the values of the preset, 0 dBm a channel, over links that mostly have some key left."""
    preset = {
        name: part.model_dump(mode="json", exclude_none=True) for name, part in dwdm().items()
    }
    data["classical"] = preset["classical"]
    data["other_noise"] = {**data["other_noise"], **preset["other_noise"]}
    data["fibre"] |= {name: preset["fibre"][name] for name in ("layout", "raman_scale")}
    data["qkd"] |= {name: value for name, value in preset["qkd"].items() if name not in KEPT}
    if rng.random() < 0.5:
        data["qkd"]["guard_ghz"] = preset["qkd"]["guard_ghz"]
    for link in data["network"]["links"]:
        link.pop("launch_dbm", None)
        if "skr_table" not in data["qkd"]:
            link["length_km"] = round(float(rng.uniform(0.5, 14.0)), 3)
            link.pop("loss_db", None)


# -- fibre types ----------------------------------------------------------------------------------


def _add_types(rng: Rng, data: Data) -> None:
    """List one to three types; a link has one of them, or the network's fibre."""
    data["fibres"] = [_type(rng, f"type {number}") for number in range(int(rng.integers(1, 4)))]
    for link in data["network"]["links"]:
        if rng.random() < 0.7:
            link["fibre"] = pick(rng, data["fibres"])["id"]


def _type(rng: Rng, name: str) -> Data:
    """Draw a type with some of its fields, perhaps none."""
    own: Data = {"id": name}
    if rng.random() < 0.6:
        own["loss_db_per_km"] = pick(rng, (0.05, 0.091, 0.17, 0.174, 0.25, 0.4, 1.5))
    if rng.random() < 0.6:
        own["raman_ratio"] = pick(rng, (1e-4, 0.004, 0.3, 0.5, 2.0, 10.0))
    if rng.random() < 0.5:
        own["effective_area_um2"] = pick(rng, (20.0, 50.0, 125.0, 300.0, 1000.0))
    return own


# -- candidates in another band -------------------------------------------------------------------


def _add_other_band(rng: Rng, data: Data) -> None:
    """Add a candidate far from the grid, and crosstalk that knows other bands."""
    isolation = {
        "adjacent_isolation_db": pick(rng, (40.0, 60.0, 80.0)),
        "isolation_db": pick(rng, (30.0, 45.0, 60.0, 85.0)),
        "other_band_isolation_db": pick(rng, (0.0, 20.0, 60.0, 75.0, 120.0, 200.0)),
    }
    if rng.random() < 0.8:
        data["other_noise"]["crosstalk"] = isolation
    far = _far(rng, data)
    sets = [data["qkd"], *(k for k in data["network"]["links"] if "candidates" in k)]
    for part in sets:
        if part is data["qkd"] or rng.random() < 0.6:
            part["candidates"] = _with_far(rng, data, part["candidates"], far)
    if not isinstance(data["fibre"]["raman_profile"], str):
        data["fibre"]["raman_profile"] = "gnpy"
        add_raman_table(rng, data)


def _far(rng: Rng, data: Data) -> Data:
    """Draw a candidate in the O band, below the grid, or 15 THz from one of its channels."""
    grid = data["grid"]
    edge = grid["first_thz"] + int(rng.integers(grid["channels"])) * grid["spacing_ghz"] * 1e-3
    edge += 0.25 * grid["spacing_ghz"] * 1e-3
    usual = (228.8, 228.85, 231.0) if grid["first_thz"] < 200.0 else (187.0, 193.1, 201.0)
    # Some channels are less than 15 THz from the last two, the others more.
    thz = pick(rng, (*usual, edge - 15.0, edge + 15.0))
    candidate: Data = {"frequency_thz": round(thz, 6)}
    if "skr_table" not in data["qkd"] and rng.random() < 0.6:
        candidate["loss_db_per_km"] = pick(rng, (0.2, 0.33, 0.33, 0.4))
    return candidate


def _with_far(rng: Rng, data: Data, listed: Any, far: Data) -> list[Any]:
    """Return a set of candidates with the far one at its end; seldom that one alone."""
    channels = data["grid"]["channels"]
    if listed == "all":
        listed = [] if channels == 1 else [int(rng.integers(channels))]
    return [far] if rng.random() < 0.25 else [*listed, far]


# -- candidate routes -----------------------------------------------------------------------------


def _add_routes(rng: Rng, data: Data) -> None:
    """Order routes by hops or km, or list some, or both."""
    kind = rng.random()
    if kind < 0.7:
        data["routes"]["order"] = pick(rng, ("hops", "hops", "hops", "km"))
        data["routes"]["k"] = int(rng.integers(1, 4))
        if rng.random() < 0.8:
            _detour(rng, data)
    if kind > 0.35:
        given = _given(rng, data)
        if given:
            data["routes"]["given"] = given


def _detour(rng: Rng, data: Data) -> None:
    """Give a demand two links that together are shorter than the one that joins its ends."""
    nodes = [node["id"] for node in data["network"]["nodes"]]
    if len(nodes) < 3 or not data["demands"]:
        return
    demand = pick(rng, data["demands"])
    source, target = demand["source"], demand["target"]
    over = pick(rng, [node for node in nodes if node not in (source, target)])
    first, second = (_link_between(rng, data, over, end) for end in (source, target))
    direct = _link_between(rng, data, source, target)
    km = first["length_km"] + second["length_km"]
    direct["length_km"] = round(min(300.0, float(rng.uniform(0.8, 2.0)) * km), 3)


def _link_between(rng: Rng, data: Data, a: Any, b: Any) -> Data:
    """Return a link between two nodes: one that is there, or a copy of another."""
    links: list[Data] = data["network"]["links"]
    there = [link for link in links if {link["a"], link["b"]} == {a, b}]
    if there:
        return there[0]
    links.append({**pick(rng, links), "id": f"{a}-{b}/{len(links)}", "a": a, "b": b})
    return links[-1]


def _given(rng: Rng, data: Data) -> list[list[Any]]:
    """List some simple paths of some demands in any order, or of a pair that has no demand."""
    instance = valid(data)
    pairs = dict.fromkeys((demand.source, demand.target) for demand in instance.demands)
    found = []
    for source, target in pairs:
        ends = (target, source) if rng.random() < 0.15 else (source, target)
        paths = node_paths(instance, *ends)
        if not paths or rng.random() < 0.25:
            continue
        size = int(rng.integers(1, min(3, len(paths)) + 1))
        found += [list(paths[i]) for i in rng.choice(len(paths), size=size, replace=False)]
    shuffled = [found[i] for i in rng.permutation(len(found))]
    return list(map(list, dict.fromkeys(map(tuple, shuffled))))
