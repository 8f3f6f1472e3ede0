"""Demands whose light is in place: their routes and channels, and what they light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qkdopt.instance import InPlaceLightpath, Instance, links_along
from qkdopt.problem.coefficients import BoolArray, Tables
from qkdopt.problem.routes import Route, route_over

# Channels by demand; None for a demand that is to be planned.
InPlace = tuple[tuple[int, ...] | None, ...]
Routes = tuple[tuple[Route, ...], ...]


def in_place_of(instance: Instance, *, movable: bool) -> InPlace:
    """Return the channels of each demand in place; nothing without any.

    Parameters
    ----------
    instance
        The instance.
    movable
        Whether those that may be moved, or those that stay.
    """
    lit = _by_demand(instance, movable=movable)
    if not lit:
        return ()
    return tuple(
        tuple(sorted(lit[demand.id].channels)) if demand.id in lit else None
        for demand in instance.demands
    )


def routes_in_place(instance: Instance, routes: Routes) -> Routes:
    """Return the listed routes with those in place: the only ones of demands that stay.

    The route in place is the first of a demand that may be moved.
    """
    fixed, movable = (_by_demand(instance, movable=which) for which in (False, True))
    found = list(routes)
    for r, demand in enumerate(instance.demands):
        if demand.id in fixed:
            found[r] = (route_of(instance, fixed[demand.id]),)
        elif demand.id in movable:
            first = route_of(instance, movable[demand.id])
            found[r] = (first, *(route for route in routes[r] if route.hops != first.hops))
    return tuple(found)


def route_of(instance: Instance, lightpath: InPlaceLightpath) -> Route:
    """Return the route of a lightpath in place."""
    position = {link.id: e for e, link in enumerate(instance.network.links)}
    along = links_along(instance.network, lightpath)
    assert along is not None  # validated with the instance
    route = route_over(instance, lightpath.route, tuple(position[link.id] for link in along))
    assert route is not None
    return route


def lit_by(tables: Tables, routes: Sequence[Sequence[Route]], in_place: InPlace) -> BoolArray:
    """``(E, 2, W)`` channels that demands in place light, by direction of travel.

    Parameters
    ----------
    tables
        Coefficients of the instance.
    routes
        Listed routes; a demand in place has one.
    in_place
        Channels by demand.
    """
    lit = np.zeros(tables.usable.shape, dtype=np.bool_)
    for r, channels in enumerate(in_place):
        if channels is not None:
            for e, direction, _ in routes[r][0].hops:
                lit[e, direction, list(channels)] = True
    return lit


def _by_demand(instance: Instance, *, movable: bool) -> dict[object, InPlaceLightpath]:
    return {
        path.demand: path
        for path in instance.lightpaths or ()
        if path.demand is not None and path.movable == movable
    }
