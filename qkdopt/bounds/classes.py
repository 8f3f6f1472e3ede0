"""Demand classes and what the load-state relaxation counts: uses of links by routes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.bounds.arcs import Arcs, Item, build_arcs
from qkdopt.bounds.demand_classes import DemandClass, demand_classes
from qkdopt.bounds.moves_limit import move_states, moving_routes
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.load_states import LinkStates, co_direction
from qkdopt.problem.routes import Hop


@dataclass(frozen=True)
class Relaxation:
    """Arrays of the load-state relaxation, in compressed rows.

    An *item* is (link, direction, class): the lightpaths of a class that cross a link in one
    direction, 0 co-propagating and 1 counter-propagating with the quantum signal. Items are
    sorted by link, then direction.

    Parameters
    ----------
    item_class, item_limit
        ``(I,)`` class of the item, and the most lightpaths it can stand for.
    item_start
        ``(E, 3)`` first item of direction 0, of direction 1, and the end, per link.
    route_class
        ``(P,)`` class of each route.
    route_start, route_item
        Items that route p uses are ``route_item[route_start[p]:route_start[p + 1]]``.
    route_key
        ``(P,)`` false when the route crosses a link without QKD.
    class_route
        ``(C + 1,)`` routes of class c are ``class_route[c]:class_route[c + 1]``.
    class_count, class_channels
        ``(C,)`` number of demands, and channels of each; with ``arcs`` ``class_channels`` has one
        more.
    states
        Load states of each link.
    arcs
        The network, where plans may take any path, and not the listed routes alone. Each link and
        direction then has one more item, of a class after the last with one channel: it stands for
        all demands with no listed route there, and its lightpaths bring at least what theirs can.
    counts_moves
        Whether the last of ``states`` counts moves (:mod:`qkdopt.bounds.moves_limit`).
    """

    item_class: IntArray
    item_limit: IntArray
    item_start: IntArray
    route_class: IntArray
    route_start: IntArray
    route_item: IntArray
    route_key: IntArray
    class_route: IntArray
    class_count: IntArray
    class_channels: IntArray
    states: tuple[LinkStates, ...]
    arcs: Arcs | None = None
    counts_moves: bool = False

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.item_class)


def build_relaxation(problem: Problem) -> Relaxation:
    """Lay out classes, routes, items and states of a problem as arrays.

    Where no demand in place may move, they are those of the problem in which all of them stay.
    """
    if problem.moves_limit == 0:
        problem = problem.moving_only()
    classes = demand_classes(problem)
    uses = [
        (hop.link, _direction(problem, hop), c)
        for c, group in enumerate(classes)
        for route in group.routes
        for hop in route.hops
    ]
    counted = moving_routes(problem, classes)
    links = len(problem.instance.network.links)
    uses += [(links, 0, c) for c, _ in counted]
    listed = set(uses)
    others = _shared_items(problem, classes, listed) if problem.any_route else {}
    items = sorted([*listed, *others])
    number = {item: i for i, item in enumerate(items)}
    routes = [(c, route) for c, group in enumerate(classes) for route in group.routes]
    rows = [
        [number[hop.link, _direction(problem, hop), c] for hop in route.hops]
        + ([number[links, 0, c]] if (c, route) in counted else [])
        for c, route in routes
    ]
    limit = np.array([
        others[item] if item in others else _lightpaths(classes[item[2]]) for item in items
    ])  # fmt: skip
    start = _item_start(items, links + bool(counted))
    states = [
        states.within(_max_loads(limit, start[e])) for e, states in enumerate(problem.load_states)
    ]
    if counted:
        states.append(move_states(problem, states))
    with_key = problem.tables.candidate_count > 0
    return Relaxation(
        item_class=np.array([c for _, _, c in items], dtype=np.int64),
        item_limit=limit.astype(np.int64),
        item_start=start,
        route_class=np.array([c for c, _ in routes], dtype=np.int64),
        route_start=np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        route_item=np.array([i for row in rows for i in row], dtype=np.int64),
        route_key=np.array([with_key[list(r.links)].all() for _, r in routes], dtype=np.int64),
        class_route=np.cumsum([0, *(len(group.routes) for group in classes)]).astype(np.int64),
        class_count=np.array([len(group.demands) for group in classes], dtype=np.int64),
        class_channels=np.array(
            [*(group.channels for group in classes), *([1] if problem.any_route else [])],
            dtype=np.int64,
        ),
        states=tuple(states),
        arcs=(
            build_arcs(problem, [group.demands for group in classes], number)
            if problem.any_route
            else None
        ),
        counts_moves=bool(counted),
    )


def _lightpaths(group: DemandClass) -> int:
    return group.channels * len(group.demands)


def _shared_items(
    problem: Problem, classes: tuple[DemandClass, ...], listed: set[Item]
) -> dict[Item, int]:
    """Return the items of all classes without one of their own, and their most lightpaths.

    More lightpaths than the grid has channels need no place: no state has so many.
    """
    shared = {}
    for e in range(len(problem.instance.network.links)):
        for direction in (0, 1):
            lightpaths = sum(
                _lightpaths(group)
                for c, group in enumerate(classes)
                if (e, direction, c) not in listed
            )
            if lightpaths:
                shared[e, direction, len(classes)] = min(lightpaths, problem.instance.grid.channels)
    return shared


def _direction(problem: Problem, hop: Hop) -> int:
    """Return 0 where light travels with the quantum signal, 1 where against it."""
    return 0 if hop.direction == co_direction(problem.tables, hop.link) else 1


def _item_start(items: list[tuple[int, int, int]], links: int) -> IntArray:
    keys = np.array([2 * e + direction for e, direction, _ in items], dtype=np.int64)
    edges = np.searchsorted(keys, np.arange(2 * links + 1))
    return np.stack([edges[0:-1:2], edges[1::2], edges[2::2]], axis=1).astype(np.int64)


def _max_loads(limit: IntArray, start: IntArray) -> tuple[int, int]:
    return int(limit[start[0] : start[1]].sum()), int(limit[start[1] : start[2]].sum())


__all__ = ["DemandClass", "Relaxation", "build_relaxation", "demand_classes"]
