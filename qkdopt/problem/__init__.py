"""The problem that models and heuristics work on: routes, coefficients, plans and their rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

from qkdopt.errors import UsageError
from qkdopt.instance import Instance, NodeId
from qkdopt.problem.coefficients import Tables, build_tables
from qkdopt.problem.load_states import (
    LinkStates,
    all_lightpaths,
    link_states,
    most_lightpaths,
)
from qkdopt.problem.routes import Route, candidate_routes, every_route
from qkdopt.result import Objective

__all__ = ["Problem", "RouteScope", "build_problem"]

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
        ends = [(demand.source, demand.target) for demand in self.instance.demands]
        found: dict[tuple[NodeId, NodeId], dict[Route, None]] = {}
        for r, routes in more.items():
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
    def load_states(self) -> tuple[LinkStates, ...]:
        """Load states of every link, as far as any demands can load it.

        They are evaluated once, for search and bound.
        """
        if self.any_route:
            most = all_lightpaths(self.instance.demands, len(self.tables.usable))
        else:
            most = most_lightpaths(self.tables, self.instance.demands, self.routes)
        return tuple(
            link_states(self.tables, e, (int(co), int(counter)))
            for e, (co, counter) in enumerate(most)
        )


def build_problem(
    instance: Instance, objective: Objective = "mean", scope: RouteScope = "candidates"
) -> Problem:
    """Evaluate routes and physics of an instance once.

    Parameters
    ----------
    instance
        The instance.
    objective
        What plans that serve equally many demands are compared by.
    scope
        Which routes bounds hold for; with ``all`` every route is listed where no demand has more
        than ``MOST_LISTED``.

    Raises
    ------
    UsageError
        Objective or scope are none of those that there are.
    """
    for what, name, known in (
        ("objective", objective, get_args(Objective)),
        ("routes", scope, get_args(RouteScope)),
    ):
        if name not in known:
            raise UsageError(f"{what} = {name!r}; expected one of {', '.join(known)}")
    every = every_route(instance, MOST_LISTED) if scope == "all" else None
    listed = max(instance.routes.k, LEAST_LISTED) if scope == "all" else None
    return Problem(
        instance=instance,
        tables=build_tables(instance),
        routes=candidate_routes(instance, listed) if every is None else every,
        objective=objective,
        scope=scope,
        complete=every is not None,
    )
