"""Light in place and unavailable channels on instances from the corners.

The draw before it is the usual one; what this adds has a generator of its own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from qkdopt.instance import Instance
from qkdopt.result import Objective
from tests.corners.enumeration import Enumeration, assignment_count
from tests.corners.generator import MOST_ASSIGNMENTS, Corner, Data, Rng, drawn_with, pick, valid
from tests.corners.paths import shortest_routes

FIRST_SEED = 7_000


def brownfield(seed: int) -> Corner:
    """Draw an instance with light in place or unavailable channels, and an objective."""

    def add(rng: Rng, base: Corner) -> tuple[Instance, Objective] | None:
        instance = _added(rng, base.instance)
        if instance is None or assignment_count(instance) > MOST_ASSIGNMENTS:
            return None
        return (instance, base.objective) if has_rates_in_place(instance) else None

    return drawn_with(seed, FIRST_SEED, add)


def has_rates_in_place(instance: Instance) -> bool:
    """Tell whether demands in place have their least rates where they are; others are refused."""
    movable = any(path.movable for path in instance.lightpaths or ())
    unmoved = instance.replace(moves_limit=0) if movable else instance
    return bool(Enumeration(unmoved).run().sure)


def _added(rng: Rng, instance: Instance) -> Instance | None:
    """Return the instance with some of everything; None where the draw was of nothing."""
    data = instance.to_json_dict()
    data["name"] = f"brownfield_{instance.name}"
    lightpaths = _foreign(rng, data) if rng.random() < 0.5 else []
    if rng.random() < 0.4:
        _close_channels(rng, data)
    lightpaths += _of_demands(rng, instance) if rng.random() < DEMANDS_SHARE else []
    if lightpaths:
        data["lightpaths"] = lightpaths
    count = sum(path.get("movable", False) for path in lightpaths)
    if count and rng.random() < LIMIT_SHARE:
        data["moves_limit"] = int(rng.integers(0, count + 1))
    closed = any("unavailable" in link for link in data["network"]["links"])
    return valid(data) if lightpaths or closed else None


# Share of the draws with demands in place.
DEMANDS_SHARE = 0.8
# Share of these in which they may be moved, and of those the share with a limit.
MOVABLE_SHARE, LIMIT_SHARE = 0.6, 0.7


def _foreign(rng: Rng, data: Data) -> list[Data]:
    """Foreign lightpaths along walks of one or two links."""
    grid, found = data["grid"].get("channels", 40), []
    for _ in range(int(rng.integers(1, 3))):
        route, links = _walk(rng, data["network"]["links"], int(rng.integers(1, 3)))
        count = int(rng.integers(1, min(2, grid) + 1))
        path: Data = {
            "route": route,
            "channels": sorted(int(w) for w in rng.choice(grid, size=count, replace=False)),
        }
        pairs = [{link["a"], link["b"]} for link in data["network"]["links"]]
        pairs_of_route = [set(hop) for hop in pairwise(route)]
        if rng.random() < 0.5 or any(pairs.count(pair) > 1 for pair in pairs_of_route):
            path["links"] = links
        if rng.random() < 0.5 and "four_wave_mixing" not in data.get("other_noise", {}):
            path["launch_dbm"] = float(pick(rng, (-60.0, -30.0, -20.0, -10.0, 0.0, 10.0)))
        found.append(path)
    return found


def _walk(rng: Rng, links: list[Data], hops: int) -> tuple[list[Any], list[str]]:
    first = pick(rng, links)
    ends = [first["a"], first["b"]]
    route, names = (ends if rng.random() < 0.5 else ends[::-1]), [first["id"]]
    for _ in range(hops - 1):
        onward = [
            (link["id"], ({link["a"], link["b"]} - {route[-1]}).pop())
            for link in links
            if route[-1] in (link["a"], link["b"])
        ]
        onward = [(name, node) for name, node in onward if node not in route]
        if not onward:
            break
        name, node = pick(rng, onward)
        route, names = [*route, node], [*names, name]
    return route, names


def _close_channels(rng: Rng, data: Data) -> None:
    """Make channels of some links unavailable: numbers, lists, bands, in a pair by direction."""
    grid = data["grid"]
    count, spacing = grid.get("channels", 40), grid.get("spacing_ghz", 100.0) * 1e-3
    first = grid.get("first_thz", 192.1)
    for link in data["network"]["links"]:
        if rng.random() < 0.5:
            continue
        channel, kind = int(rng.integers(count)), rng.random()
        entry: Any = channel
        if kind < 0.4:
            low = first + channel * spacing
            entry = {"first_thz": low - pick(rng, (0.0, 0.001)), "last_thz": low + 0.4 * spacing}
        elif kind < 0.7:
            entry = {"channels": [channel]}
        if (
            isinstance(entry, dict)
            and data.get("fibre", {}).get("layout") == "pair"
            and rng.random() < 0.6
        ):
            entry["direction"] = pick(rng, ("a->b", "b->a"))
        link["unavailable"] = [entry]


def _of_demands(rng: Rng, instance: Instance) -> list[Data]:
    """Light of some demands along any simple path."""
    found, movable = [], rng.random() < MOVABLE_SHARE
    wide = instance.replace(routes={"k": 100})
    names = [link.id for link in instance.network.links]
    nodes = {link.id: (link.a, link.b) for link in instance.network.links}
    for demand in instance.demands:
        routes = shortest_routes(wide, demand.source, demand.target)
        if not routes or rng.random() < 0.4:
            continue
        hops = pick(rng, routes)
        route = [demand.source]
        for e, forward in hops:
            route.append(nodes[names[e]][1 if forward else 0])
        channels = rng.choice(instance.grid.channels, size=demand.channels, replace=False)
        found.append(
            {
                "demand": demand.id,
                "route": route,
                "links": [names[e] for e, _ in hops],
                "channels": sorted(int(w) for w in channels),
                "movable": bool(movable and rng.random() < 0.8),
            }
        )
    return found
