"""Changes of an instance that leave its optimum, or can only make it better or worse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import ValidationError

from qkdopt.instance import Instance, Qkd
from tests.corners.enumeration import assignment_count
from tests.corners.generator import Data, Rng, valid

# More than there are between two nodes of any drawn instance.
EVERY_ROUTE = 100
MOST_ASSIGNMENTS = 3_000
TURNED = {"a->b": "b->a", "b->a": "a->b"}

# Changes plain data in place; False where there is nothing to change.
Change = Callable[[Rng, Data], bool]


def changed(rng: Rng, instance: Instance, change: Change, *, every_route: bool) -> Any:
    """Return an instance before and after a change; None where there is none, or it is refused.

    Parameters
    ----------
    rng
        Random generator of the change.
    instance
        The drawn instance.
    change
        What is changed.
    every_route
        Whether both have all simple paths as candidates: which of equally long ones are among the
        K shortest depends on the order of nodes and links.
    """
    data = instance.to_json_dict()
    if every_route:
        data.setdefault("routes", {}).update(k=EVERY_ROUTE)
    for part in ("qkd", "fibre", "grid", "routes"):
        data.setdefault(part, {})
    data.setdefault("demands", [])
    before = valid(data)
    try:
        if not change(rng, data):
            return None
        after = valid(data)
    except ValidationError:
        return None
    most = max(assignment_count(before), assignment_count(after))
    return (before, after) if most <= MOST_ASSIGNMENTS else None


def _paths(data: Data) -> list[Data]:
    found: list[Data] = data.get("lightpaths") or []
    return found


def _in_place(data: Data) -> set[Any]:
    return {path["demand"] for path in _paths(data) if path.get("demand") is not None}


# -- the same instance in other words -------------------------------------------------------------


def relabel_nodes(rng: Rng, data: Data) -> bool:
    """Give nodes other names, and list them in another order."""
    nodes = [node["id"] for node in data["network"]["nodes"]]
    name = {
        node: f"p{number}" for node, number in zip(nodes, rng.permutation(len(nodes)), strict=True)
    }
    data["network"]["nodes"] = _shuffled(
        rng, [{**node, "id": name[node["id"]]} for node in data["network"]["nodes"]]
    )
    for link in data["network"]["links"]:
        link["a"], link["b"] = name[link["a"]], name[link["b"]]
    for demand in data["demands"]:
        demand["source"], demand["target"] = name[demand["source"]], name[demand["target"]]
    for path in _paths(data):
        path["route"] = [name[node] for node in path["route"]]
    _map_given(data, lambda route: [name[node] for node in route])
    return True


def reorder(rng: Rng, data: Data) -> bool:
    """List links, demands and light in place in another order."""
    data["network"]["links"] = _shuffled(rng, data["network"]["links"])
    data["demands"] = _shuffled(rng, data["demands"])
    if _paths(data):
        data["lightpaths"] = _shuffled(rng, data["lightpaths"])
    return len(data["network"]["links"]) > 1 or len(data["demands"]) > 1


def swap_ends(rng: Rng, data: Data) -> bool:
    """Swap the ends of some links; light and quantum signals keep their direction."""
    links = data["network"]["links"]
    for link in (link for link in links if rng.random() < 0.7):
        link["a"], link["b"] = link["b"], link["a"]
        _turn(link)
    return True


def turn_around(_rng: Rng, data: Data) -> bool:
    """Turn all light and all quantum signals around: who propagates with whom stays."""
    for link in data["network"]["links"]:
        _turn(link)
    for demand in data["demands"]:
        demand["source"], demand["target"] = demand["target"], demand["source"]
    for path in _paths(data):
        path["route"] = path["route"][::-1]
        if path.get("links"):
            path["links"] = path["links"][::-1]
    _map_given(data, lambda route: route[::-1])
    return True


def _turn(link: Data) -> None:
    link["qkd_direction"] = TURNED[link.get("qkd_direction", "a->b")]
    for entry in link.get("unavailable") or ():
        if isinstance(entry, dict) and "direction" in entry:
            entry["direction"] = TURNED[entry["direction"]]


def _map_given(data: Data, turned: Callable[[list[Any]], list[Any]]) -> None:
    given = data.get("routes", {}).get("given")
    if given:
        data["routes"]["given"] = [turned(list(route)) for route in given]


def _shuffled(rng: Rng, rows: list[Any]) -> list[Any]:
    return [rows[i] for i in rng.permutation(len(rows))]


def scale_rates(_rng: Rng, data: Data) -> bool:
    """Double the pulses, and every rate that is asked for."""
    qkd = data["qkd"]
    if "skr_table" in qkd or "surface" in qkd:
        return False
    qkd["repetition_mhz"] = 2.0 * qkd.get("repetition_mhz", Qkd().repetition_mhz)
    for demand in data["demands"]:
        if demand.get("min_skr_bps"):
            demand["min_skr_bps"] *= 2.0
        _scale_need(demand, 2.0)
    return True


def scale_needs(_rng: Rng, data: Data) -> bool:
    """Triple what every demand asks for."""
    for demand in data["demands"]:
        _scale_need(demand, 3.0)
    return True


def scale_weights(_rng: Rng, data: Data) -> bool:
    """Triple the weight of every need."""
    for demand in data["demands"]:
        if "key" in demand:
            demand["key"]["weight"] = 3.0 * demand["key"].get("weight", 1.0)
    return True


def _scale_need(demand: Data, factor: float) -> None:
    key = demand.get("key", {})
    if "rate_bps" in key:
        key["rate_bps"] *= factor
    elif "every_s" in key:
        key["every_s"] /= factor


# -- more to choose from --------------------------------------------------------------------------


def add_candidate(rng: Rng, data: Data) -> bool:
    """Add a QKD channel to those that receivers work on, one a link at a time."""
    qkd = data["qkd"]
    listed = qkd.get("candidates", "all")
    if qkd.get("reserve", "working") != "working" or listed == "all":
        return False
    width = data["grid"].get("channels", 40)
    free = [channel for channel in range(width) if channel not in listed]
    if not free:
        return False
    qkd["candidates"] = [*listed, int(rng.choice(free))]
    return True


def add_route(_rng: Rng, data: Data) -> bool:
    """Add the next shortest route to the candidates of every demand."""
    routes = data["routes"]
    if routes.get("k", 3) > 2:
        return False
    routes["k"] = routes.get("k", 3) + 1
    return True


def add_channel(_rng: Rng, data: Data) -> bool:
    """Add a channel at the end of the grid, which no receiver works on."""
    if data["qkd"].get("candidates", "all") == "all":
        return False
    data["grid"]["channels"] = data["grid"].get("channels", 40) + 1
    return True


def drop_minimum_rates(_rng: Rng, data: Data) -> bool:
    """Ask for no least key rate."""
    rates = [demand.pop("min_skr_bps", 0.0) for demand in data["demands"]]
    return any(rates)


def open_channels(_rng: Rng, data: Data) -> bool:
    """Make every channel available to new light."""
    closed = [link.pop("unavailable", None) for link in data["network"]["links"]]
    return any(closed)


def remove_foreign_light(_rng: Rng, data: Data) -> bool:
    """Take foreign light away: no receiver has to keep clear of it, or to stand its noise."""
    kept = [path for path in _paths(data) if path.get("demand") is not None]
    if len(kept) == len(_paths(data)) or data["qkd"].get("reserve", "working") != "working":
        return False
    data["lightpaths"] = kept or None
    return True


def allow_a_move(_rng: Rng, data: Data) -> bool:
    """Let one demand in place more be moved."""
    if data.get("moves_limit") is None:
        return False
    data["moves_limit"] += 1
    return True


def make_movable(_rng: Rng, data: Data) -> bool:
    """Let every demand in place be moved."""
    fixed = [path for path in _paths(data) if path.get("demand") is not None]
    fixed = [path for path in fixed if not path.get("movable", False)]
    for path in fixed:
        path["movable"] = True
    data["moves_limit"] = None
    return bool(fixed)


# -- more noise, fewer demands --------------------------------------------------------------------


def more_raman(_rng: Rng, data: Data) -> bool:
    """Scatter one and a half times as much light."""
    fibre = data["fibre"]
    fibre["raman_scale"] = 1.5 * fibre.get("raman_scale", 1.0)
    return True


def more_dark_counts(_rng: Rng, data: Data) -> bool:
    """Count more where there is no light."""
    qkd = data["qkd"]
    if "skr_table" in qkd or "surface" in qkd:
        return False
    qkd["dark_count_per_gate"] = (
        2.0 * qkd.get("dark_count_per_gate", Qkd().dark_count_per_gate) + 1e-9
    )
    return True


def louder(_rng: Rng, data: Data) -> bool:
    """Launch one decibel more on every channel without a power of its own."""
    power_dbm = data["classical"].get("launch_dbm")
    if power_dbm is None or power_dbm > 29.0:
        return False
    data["classical"]["launch_dbm"] = power_dbm + 1.0
    return True


def drop_demand(rng: Rng, data: Data) -> bool:
    """Drop a demand that is not in place, and leave one with a need where there is any."""
    free = [row for row in data["demands"] if row["id"] not in _in_place(data)]
    if not free or len(data["demands"]) < 2:
        return False
    dropped = free[int(rng.integers(len(free)))]
    left = [row for row in data["demands"] if row is not dropped]
    shared = data["qkd"].get("key_accounting") == "shared"
    data["demands"] = left
    return not shared or any("key" in row for row in left)


def split_demand(rng: Rng, data: Data) -> bool:
    """Put two demands of fewer lightpaths in the place of one of several."""
    wide = [
        row
        for row in data["demands"]
        if row.get("channels", 1) > 1 and row["id"] not in _in_place(data)
    ]
    if not wide:
        return False
    row = wide[int(rng.integers(len(wide)))]
    row["channels"] -= 1
    data["demands"].append({**row, "id": "the other part", "channels": 1})
    return True


def generator(*numbers: int) -> Rng:
    """Return a random generator of its own for some numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(numbers))))
