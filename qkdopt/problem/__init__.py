"""The problem that models and heuristics work on: routes, coefficients, plans and their rates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import BoolArray, Tables, build_tables
from qkdopt.problem.demands_in_place import InPlace, in_place_of, lit_by, routes_in_place
from qkdopt.problem.key_flows import KeyFlows
from qkdopt.problem.key_shares import KEY_OBJECTIVES, Needs
from qkdopt.problem.load_states import (
    LinkStates,
    all_lightpaths,
    link_states,
    most_lightpaths,
)
from qkdopt.problem.routes import Route, candidate_routes, every_route
from qkdopt.result import Objective

__all__ = ["Problem", "RouteScope", "build_problem", "default_objective"]

# The candidate routes of the instance, or every simple path.
RouteScope = Literal["candidates", "all"]
# A demand with more simple paths than this has them found by need, not all listed; then at least so
# many of the shortest are.
MOST_LISTED = 40
LEAST_LISTED = 10


@dataclass(frozen=True)
class Problem:
    """What every heuristic and model reads.

    Parameters
    ----------
    instance
        The validated instance.
    tables
        Its coefficient arrays.
    routes
        Listed routes of every demand, best first: what searches and models choose from.
    objective
        What plans that serve equally many demands are compared by.
    scope
        Which routes bounds hold for: those listed, or ``all``.
    complete
        Whether the listed routes are all there are.
    in_place
        ``(R,)`` channels of each demand whose light stays in place, on its only listed route; None
        for others. Empty where there are none.
    movable
        ``(R,)`` channels in place of each demand that may be moved, on its first listed route; None
        for others. Empty where there are none.
    moves_limit
        How many of the movable demands may be moved; None for any number.

    Examples
    --------
    >>> import qkdopt
    >>> from qkdopt.problem import build_problem
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> problem = build_problem(line)
    >>> len(problem.routes) == len(line.demands), problem.route_set
    (True, 'K=3')
    """

    instance: Instance
    tables: Tables
    routes: tuple[tuple[Route, ...], ...]
    objective: Objective = "mean"
    scope: RouteScope = "candidates"
    complete: bool = False
    in_place: InPlace = ()
    movable: InPlace = ()
    moves_limit: int | None = None

    def must_serve(self, r: int) -> bool:
        """Whether demand r is in place, and so has to be served."""
        return self.stays(r) or self.is_movable(r)

    def is_movable(self, r: int) -> bool:
        """Whether demand r is in place and may be moved."""
        return bool(self.movable) and self.movable[r] is not None

    @property
    def movables(self) -> tuple[int, ...]:
        """Positions of the demands that are in place and may be moved."""
        return tuple(r for r, channels in enumerate(self.movable) if channels is not None)

    def moving_only(self, moving: Collection[int] = ()) -> Problem:
        """Return the problem in which some movable demands may move and the others stay.

        Its plans are plans of this problem: the route in place is number 0 in both.

        Parameters
        ----------
        moving
            Positions of the demands that may move, without a limit on their number.
        """
        if not self.movable:
            return self
        pinned = [r for r in self.movables if r not in moving]
        fixed = self.in_place or (None,) * len(self.routes)
        return replace(
            self,
            routes=tuple(
                listed[:1] if r in pinned else listed for r, listed in enumerate(self.routes)
            ),
            in_place=tuple(self.movable[r] if r in pinned else fixed[r] for r in range(len(fixed))),
            movable=tuple(
                None if r in pinned else channels for r, channels in enumerate(self.movable)
            ),
            moves_limit=None,
        )

    def stays(self, r: int) -> bool:
        """Whether the light of demand r stays in place."""
        return bool(self.in_place) and self.in_place[r] is not None

    @property
    def staying(self) -> tuple[int, ...]:
        """Positions of the demands whose light stays in place."""
        return tuple(r for r, channels in enumerate(self.in_place) if channels is not None)

    @cached_property
    def staying_light(self) -> BoolArray:
        """``(E, 2, W)`` channels lit by demands that stay in place, by direction of travel."""
        return lit_by(self.tables, self.routes, self.in_place)

    @cached_property
    def _left_by_staying(self) -> BoolArray:
        """``(E, 2, W)`` channels whose fibre carries no light of demands that stay in place."""
        lit = self.staying_light
        if self.tables.fibres[0] == self.tables.fibres[1]:
            lit = lit.any(axis=1, keepdims=True) | np.zeros_like(lit)
        return ~lit

    def open_channels(self, r: int, route: Route) -> BoolArray:
        """``(W,)`` channels that demand r may light on every hop of a route.

        They are usable; those of a demand that stays in place are its own, and nobody else's.
        """
        usable = self.tables.usable
        channels = np.all([usable[e, d] for e, d, _ in route.hops], axis=0)
        if not self.in_place:
            return np.asarray(channels)
        own = self.in_place[r]
        if own is not None:
            return np.isin(np.arange(len(channels)), own)
        free = self._left_by_staying
        return np.asarray(channels & np.all([free[e, d] for e, d, _ in route.hops], axis=0))

    @cached_property
    def standing_tables(self) -> Tables:
        """The tables beside the light of demands that stay in place: its noise, and what it leaves.

        No plan has less light.
        """
        if not self.staying:
            return self.tables
        added = np.einsum("edw,edwc->ec", self.staying_light.astype(float), self.tables.noise)
        return replace(
            self.tables,
            background_noise=self.tables.background_noise + added,
            usable=self.tables.usable & self._left_by_staying,
        )

    @property
    def route_set(self) -> str:
        """Name of the routes that bounds hold for, as results and bounds state it."""
        return "all" if self.scope == "all" else self.instance.routes.label

    @property
    def any_route(self) -> bool:
        """Whether bounds have to look beyond the listed routes."""
        return self.scope == "all" and not self.complete

    def over_candidates(self) -> Problem:
        """Return the problem over the candidate routes of the instance alone.

        They come first among the listed ones, so that its plans are plans of this problem.
        """
        if self.scope == "candidates":
            return self
        routes = candidate_routes(self.instance)
        if self.in_place or self.movable:
            routes = routes_in_place(self.instance, routes)
        return replace(self, routes=routes, scope="candidates", complete=False)

    def with_routes(self, more: Mapping[int, Sequence[Route]]) -> Problem:
        """Return the problem with more listed routes, behind those that there are.

        Plans stay what they are, for a route keeps its number. Demands with the same ends get the
        same routes.

        Parameters
        ----------
        more
            Routes to list, by position of the demand.
        """
        ends: list[object] = [
            r if self.must_serve(r) else (demand.source, demand.target)
            for r, demand in enumerate(self.instance.demands)
        ]
        found: dict[object, dict[Route, None]] = {}
        for r, routes in more.items():
            if self.stays(r):
                continue
            found.setdefault(ends[r], dict.fromkeys(self.routes[r])).update(dict.fromkeys(routes))
        longer = {pair: tuple(routes) for pair, routes in found.items()}
        every = tuple(
            longer.get(pair, listed) for pair, listed in zip(ends, self.routes, strict=True)
        )
        other = replace(self, routes=every)
        if self.any_route and "load_states" in self.__dict__:
            # They are those of all routes already.
            other.__dict__["load_states"] = self.load_states
        return other

    @cached_property
    def needs(self) -> Needs:
        """What the demands ask for, where links' keys are shared."""
        return Needs.of(self.instance)

    @cached_property
    def key_flows(self) -> KeyFlows:
        """The constraints on keys that may be relayed over any nodes."""
        return KeyFlows(self.instance)

    @cached_property
    def load_states(self) -> tuple[LinkStates, ...]:
        """Load states of every link, as far as any demands can load it.

        They are evaluated once, for search and bound.
        """
        if self.any_route:
            most = all_lightpaths(self.instance.demands, len(self.tables.usable))
        else:
            most = most_lightpaths(self.tables, self.instance.demands, self.routes)
        return tuple(
            link_states(self.tables, e, (int(co), int(counter)), self.staying_light[e])
            for e, (co, counter) in enumerate(most)
        )


def default_objective(instance: Instance) -> Objective:
    """Return what plans of an instance are compared by where nothing is said.

    The mean key rate; where keys are shared, what all can have in proportion to what they ask for,
    or the key rates of all links where none asks for key.
    """
    if instance.qkd.key_accounting == "per-demand":
        return "mean"
    return "key-factor" if any(demand.key for demand in instance.demands) else "link-sum"


def validate_objective(instance: Instance, objective: Objective) -> None:
    """Raise where an objective counts keys in another way than the instance does.

    Raises
    ------
    UsageError
        The objective does not fit the accounting of keys, or no demand asks for key.
    """
    shared = instance.qkd.key_accounting == "shared"
    if objective in KEY_OBJECTIVES:
        if not shared:
            raise UsageError(
                f"objective = {objective!r} is about keys that demands share; expected an "
                "instance with qkd.key_accounting = 'shared' and demands with key "
                "(qkdopt instance share-keys)"
            )
        if not any(demand.key for demand in instance.demands):
            raise UsageError(
                f"objective = {objective!r} is about what demands ask for, and none of "
                f"{instance.name} asks for key; expected demands with key (qkdopt instance "
                "share-keys)"
            )
    elif shared and objective != "link-sum":
        raise UsageError(
            f"objective = {objective!r} counts a link's key once for every demand; expected "
            f"{', '.join(KEY_OBJECTIVES)} or link-sum, for {instance.name} has "
            "qkd.key_accounting = 'shared'"
        )


def build_problem(
    instance: Instance, objective: Objective | None = None, scope: RouteScope = "candidates"
) -> Problem:
    """Evaluate routes and physics of an instance once.

    Parameters
    ----------
    instance
        The instance.
    objective
        What plans that serve equally many demands are compared by; None for that of
        :func:`default_objective`.
    scope
        Which routes bounds hold for; with ``all`` every route is listed where no demand has more
        than ``MOST_LISTED``.

    Raises
    ------
    UsageError
        Objective or scope are none of those that there are.
    """
    objective = default_objective(instance) if objective is None else objective
    for what, name, known in (
        ("objective", objective, get_args(Objective)),
        ("routes", scope, get_args(RouteScope)),
    ):
        if name not in known:
            raise UsageError(f"{what} = {name!r}; expected one of {', '.join(known)}")
    validate_objective(instance, objective)
    every = every_route(instance, MOST_LISTED) if scope == "all" else None
    listed = max(instance.routes.k, LEAST_LISTED) if scope == "all" else None
    routes = candidate_routes(instance, listed) if every is None else every
    in_place = in_place_of(instance, movable=False)
    movable = in_place_of(instance, movable=True)
    return Problem(
        instance=instance,
        tables=build_tables(instance),
        routes=routes_in_place(instance, routes) if in_place or movable else routes,
        objective=objective,
        scope=scope,
        complete=every is not None,
        in_place=in_place,
        movable=movable,
        moves_limit=instance.moves_limit,
    )
