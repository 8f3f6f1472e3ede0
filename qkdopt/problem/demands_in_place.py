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


def in_place_of(instance: Instance) -> InPlace:
    """Return the channels of each demand whose light stays in place; nothing without any."""
    fixed = _fixed(instance)
    if not fixed:
        return ()
    return tuple(
        tuple(sorted(fixed[demand.id].channels)) if demand.id in fixed else None
        for demand in instance.demands
    )


def routes_in_place(instance: Instance, routes: Routes) -> Routes:
    """Return the listed routes with those in place as the only ones of their demands."""
    fixed = _fixed(instance)
    return tuple(
        (route_of(instance, fixed[demand.id]),) if demand.id in fixed else listed
        for demand, listed in zip(instance.demands, routes, strict=True)
    )


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


def _fixed(instance: Instance) -> dict[object, InPlaceLightpath]:
    return {
        path.demand: path
        for path in instance.lightpaths or ()
        if path.demand is not None and not path.movable
    }
