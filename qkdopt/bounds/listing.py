"""Paths that the relaxation takes and no list has, as routes; prices carried to a longer list."""

from __future__ import annotations

import numpy as np

from qkdopt.bounds.arcs import Arcs, Item
from qkdopt.bounds.classes import Relaxation, demand_classes
from qkdopt.bounds.cut_kernels import UNLISTED
from qkdopt.bounds.cuts import Cuts
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.routes import Route, route_over
from qkdopt.units import FloatArray

# A path with less weight than this in the relaxed solution is left to the search by need.
LEAST_WEIGHT = 1e-3


def list_paths(problem: Problem, relaxation: Relaxation, cuts: Cuts) -> Problem:
    """Return the problem with the unlisted paths of the relaxed solution among its routes.

    The problem itself where there are none.

    Parameters
    ----------
    problem, relaxation
        The problem whose plans may take any route, and its relaxation.
    cuts
        Of a bundle of the relaxation; its weights are the relaxed solution.
    """
    if relaxation.arcs is None:
        return problem
    more: dict[int, list[Route]] = {}
    for c, group in enumerate(demand_classes(problem)):
        found = _routes_of_class(problem, relaxation, relaxation.arcs, cuts, c)
        fresh = [route for route in found if route not in group.routes]
        if fresh:
            more[group.demands[0]] = fresh
    return problem.with_routes(more) if more else problem


def _routes_of_class(
    problem: Problem, relaxation: Relaxation, arcs: Arcs, cuts: Cuts, c: int
) -> list[Route]:
    b = len(relaxation.states) + c
    routes = []
    for k in range(cuts.count[b]):
        if cuts.route[b, k] == UNLISTED and cuts.weight[b, k] >= LEAST_WEIGHT:
            first = cuts.start[b]
            items = cuts.item[k, first : first + cuts.filled[b, k]]
            route = _route(problem, arcs, c, items)
            if route is not None:
                routes.append(route)
    return routes


def _route(problem: Problem, arcs: Arcs, c: int, items: IntArray) -> Route | None:
    """Return the simple path over some items of a class; None where they are no simple path."""
    origin = np.repeat(np.arange(len(arcs.start) - 1), np.diff(arcs.start))
    leaving = {int(origin[a]): int(a) for a in np.flatnonzero(np.isin(arcs.item[c], items))}
    nodes, taken = [int(arcs.source[c])], list[int]()
    while nodes[-1] in leaving and len(taken) < len(items):
        taken.append(leaving[nodes[-1]])
        nodes.append(int(arcs.target[taken[-1]]))
    if nodes[-1] != arcs.sink[c]:
        return None
    every = problem.instance.network.nodes
    links = tuple(int(arcs.link[a]) for a in taken)
    return route_over(problem.instance, [every[n].id for n in nodes], links)


def carried_prices(prices: FloatArray, old: Relaxation, new: Relaxation) -> FloatArray:
    """Return ``(I', 1 + L)`` prices of the items of a longer list of routes.

    An item that was shared by all classes without one of their own keeps its price, whichever
    class it now is of: so the bound does not rise.

    Parameters
    ----------
    prices
        ``(I, 1 + L)`` prices of the items of ``old``.
    old, new
        Relaxations of the same problem, ``new`` with more routes.
    """
    shared = len(old.class_count)
    number = {item: i for i, item in enumerate(_items(old))}
    return prices[[number.get(item, number.get((*item[:2], shared), 0)) for item in _items(new)]]


def _items(relaxation: Relaxation) -> list[Item]:
    side = np.searchsorted(
        relaxation.item_start[:, 1:].ravel(), np.arange(relaxation.items), side="right"
    )
    pairs = zip(side.tolist(), relaxation.item_class.tolist(), strict=True)
    return [(place // 2, place % 2, c) for place, c in pairs]
