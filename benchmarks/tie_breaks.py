"""How far the order of routes moves blocking: ``python benchmarks/tie_breaks.py``.

USNET and NSFNET of preset ``paper``, first fit, the study's four candidates: the K shortest
routes with equal lengths in several orders, and the K routes of fewest hops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qkdopt.instance import Instance
from qkdopt.instance.generation import new_instance
from qkdopt.problem.routes import Route, RouteFinder
from qkdopt.simulation import SimulationOptions, simulate
from qkdopt.simulation.network import _KEPT_ROUTES

REQUESTS = 300_000
LOADS = {"usnet": (140.0, 180.0, 220.0, 260.0), "nsfnet": (180.0, 220.0, 260.0)}
Key = Callable[[RouteFinder, Route], tuple[Any, ...]]
OURS = RouteFinder._key


def reversed_nodes(finder: RouteFinder, route: Route) -> tuple[Any, ...]:
    """Break ties of length by the node order read backwards."""
    km, _, nodes, links = OURS(finder, route)
    return km, tuple(-n for n in nodes), links


def most_hops(finder: RouteFinder, route: Route) -> tuple[Any, ...]:
    """Break ties of length by more hops."""
    km, hops, nodes, links = OURS(finder, route)
    return km, -hops, nodes, links


def by_lot(seed: int) -> Key:
    """Break ties of length by lot."""

    def key(finder: RouteFinder, route: Route) -> tuple[Any, ...]:
        km, _, nodes, links = OURS(finder, route)
        return km, np.random.default_rng([seed, *nodes]).random(), links

    return key


ORDERS: dict[str, Key] = {
    "km, hops, nodes (ours)": OURS,
    "km, nodes backwards": reversed_nodes,
    "km, most hops": most_hops,
    **{f"km, by lot {seed}": by_lot(seed) for seed in range(4)},
}


def blocking(instance: Instance, load: float, key: Key) -> float:
    """Return the share of blocked requests with routes in this order."""
    RouteFinder._key = key  # type: ignore[method-assign]
    _KEPT_ROUTES.clear()
    try:
        outcome = simulate(
            instance, SimulationOptions(), load_erlang=load, requests=REQUESTS, seed=1
        )
    finally:
        RouteFinder._key = OURS  # type: ignore[method-assign]
        _KEPT_ROUTES.clear()
    assert outcome.blocking.value is not None
    return outcome.blocking.value


def by_hops(instance: Instance) -> Instance:
    """Return the instance with its shortest routes those of fewest hops; km breaks ties.

    With all candidates reserved, first fit blocks whatever the lengths: only routes change.
    """
    links = {
        link.id: {"length_km": 10.0 + 1e-4 * link.length_km} for link in instance.network.links
    }
    return instance.replace(network={"links": links})


def main() -> None:
    """Print blocking [%] by order, and the ratio of the largest to the smallest."""
    for topology, loads in LOADS.items():
        instance = new_instance(
            topology, topology=topology, demands=0, seed=1,
            candidates=(3, 13, 23, 33), reserve="all",
        )  # fmt: skip
        for load in loads:
            found = {name: 100.0 * blocking(instance, load, key) for name, key in ORDERS.items()}
            hops = 100.0 * blocking(by_hops(instance), load, OURS)
            low, high = min(found.values()), max(found.values())
            ratio = high / low if low else float("nan")
            print(f"{topology} {load:g} erlang: ties move blocking by a factor of {ratio:.2f}")
            for name, share in found.items():
                print(f"  {name:24} {share:8.4f} %")
            print(
                f"  {'hops, km':24} {hops:8.4f} %  (a factor of {high / hops:.2f} below the most)"
            )


if __name__ == "__main__":
    main()
