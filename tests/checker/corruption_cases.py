"""Results of every kind, solved when they are asked for: what the oracle corrupts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import qkdopt
from qkdopt.instance import Instance
from qkdopt.result import Result
from tests.random_instances import random_instance
from tests.small_instances import instance_of
from tests.surface_instances import surface_instance

SMALL = Path(__file__).parent.parent.parent / "instances" / "small"
Case = tuple[Instance, Result]

SQUARE = [
    ("a", 0, 1, 8.0), ("b", 1, 2, 11.0), ("c", 2, 3, 9.0), ("d", 3, 0, 14.0), ("e", 1, 3, 7.0),
]  # fmt: skip
PAIRS = [(0, 2), (2, 0), (1, 3)]
KEYS = [
    (0, 2, {"key": {"rate_bps": 4000.0}}),
    (1, 2, {"key": {"rate_bps": 90000.0, "weight": 2.0}}),
    (2, 1, {"key": {"rate_bps": 3000.0, "per": "lightpath"}}),
    (1, 0),
]


def _square(demands: Any = PAIRS, *, qkd: Mapping[str, Any] | None = None, **parts: Any) -> Any:
    usual = {"candidates": [0, 5], "guard_ghz": 100.0}
    return instance_of(SQUARE, demands, channels=6, qkd={**usual, **(qkd or {})}, **parts)


def _solved(instance: Instance, **options: Any) -> Case:
    return instance, qkdopt.solve(instance, threads=1, **{"strategy": "ds-qkd"} | options)


def _small(name: str, **options: Any) -> Case:
    return _solved(qkdopt.read_instance(SMALL / f"{name}.json"), **options)


def _shared(objective: str, relay: str = "lightpath", **options: Any) -> Case:
    qkd = {"key_accounting": "shared", "relay": relay}
    return _solved(_square(KEYS, qkd=qkd), objective=objective, **options)


def _another_band() -> Case:
    """Solve with candidates off the grid, one of them in the O band."""
    far = [{"frequency_thz": 228.8, "loss_db_per_km": 0.33}, {"frequency_thz": 192.15}]
    return _solved(_square(qkd={"candidates": [*far, 5]}), strategy="ds-qkd-synergistic")


def _in_place() -> Case:
    """Solve with one demand that stays, one that may move, and foreign light."""
    lightpaths = [
        {"demand": 0, "route": [0, 3, 2], "channels": [2]},
        {"demand": 1, "route": [2, 1, 0], "channels": [3], "movable": True},
        {"route": [0, 1], "channels": [4], "launch_dbm": -5.0},
    ]
    return _solved(_square(lightpaths=lightpaths))


def _moved() -> Case:
    """Solve with light in place that is better elsewhere, so that some of it is moved."""
    lightpaths = [
        {"demand": 0, "route": [0, 3, 1, 2], "channels": [2], "movable": True},
        {"demand": 1, "route": [2, 3, 1, 0], "channels": [3], "movable": True},
    ]
    instance = _square(lightpaths=lightpaths, moves_limit=2)
    return _solved(instance, strategy="milp", node_limit=1)


def _around() -> Case:
    """Solve around an earlier plan: one demand is gone, one is new, two may move."""
    first = qkdopt.solve(_square([*PAIRS, (3, 1)]), strategy="ds-qkd", threads=1)
    new = {"id": "new", "source": 0, "target": 1}
    kept = [demand.model_dump(exclude_none=True) for demand in _square().demands]
    return _solved(_square().replace(demands=[*kept, new]), around=first, movable=2)


CASES: Mapping[str, Callable[[], Case]] = {
    "plain": lambda: _solved(_square()),
    "MILP, proved": lambda: _solved(_square(), strategy="milp", time_limit=600.0),
    "MILP, one node": lambda: _solved(_square(), strategy="milp", node_limit=0),
    "blocked": lambda: _small("ring_blocks"),
    "auto, one node": lambda: _small("ring_blocks", strategy="auto", node_limit=1),
    "all reserved": lambda: _solved(_square(qkd={"reserve": "all"})),
    "two fibres": lambda: _small("triangle_pair"),
    "another band": _another_band,
    "without key": lambda: _small("ring_without_key"),
    "max-min": lambda: _solved(_square(), objective="max-min", strategy="milp", node_limit=0),
    "link-sum": lambda: _solved(_square(), objective="link-sum", strategy="local-search",
                                time_limit=0.1),
    "widest": lambda: _solved(_square(qkd={"relay": "widest"})),
    "every noise": lambda: _solved(random_instance(5, most_demands=5, channels=(6, 8),
                                                   other_noise=True)),
    "surface": lambda: _solved(surface_instance(2)),
    "preset, modified": lambda: _solved(_square(preset="field")),
    "light in place": _in_place,
    "light moved": _moved,
    "around a plan": _around,
    "shared, key-factor": lambda: _shared("key-factor", strategy="milp", time_limit=600.0),
    "shared, key-delivered": lambda: _shared("key-delivered"),
    "shared, key-served": lambda: _shared("key-served", strategy="auto", node_limit=1),
    "shared, link-sum": lambda: _shared("link-sum"),
    "shared over all nodes": lambda: _shared("key-factor", "flow"),
    "delivered over all nodes": lambda: _shared("key-delivered", "flow"),
}  # fmt: skip


@cache
def case(name: str) -> Case:
    """Return instance and result of a kind, solved once.

    Its times are whole seconds, so that no corruption of them is found on one machine alone.
    """
    instance, result = CASES[name]()
    history = tuple(
        point.model_copy(update={"seconds": number + 1.0})
        for number, point in enumerate(result.history)
    )
    seconds = len(history) + 1.0
    return instance, result.model_copy(update={"history": history, "seconds": seconds})
