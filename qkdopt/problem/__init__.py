"""The problem that models and heuristics work on: routes, coefficients, plans and their rates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from qkdopt.instance import Instance
from qkdopt.problem.coefficients import Tables, build_tables
from qkdopt.problem.load_states import LinkStates, link_states, most_lightpaths
from qkdopt.problem.routes import Route, candidate_routes
from qkdopt.result import Objective

__all__ = ["Problem", "build_problem"]


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
        Candidate routes of every demand, best first.
    objective
        What plans that serve equally many demands are compared by.

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

    @property
    def route_set(self) -> str:
        """Name of the candidate routes, as results and bounds state it."""
        return f"K={self.instance.routes.k}"

    @cached_property
    def load_states(self) -> tuple[LinkStates, ...]:
        """Load states of every link, as far as any demands can load it.

        They are evaluated once, for search and bound.
        """
        most = most_lightpaths(self.tables, self.instance.demands, self.routes)
        return tuple(
            link_states(self.tables, e, (int(co), int(counter)))
            for e, (co, counter) in enumerate(most)
        )


def build_problem(instance: Instance, objective: Objective = "mean") -> Problem:
    """Evaluate routes and physics of an instance once."""
    return Problem(
        instance=instance,
        tables=build_tables(instance),
        routes=candidate_routes(instance),
        objective=objective,
    )
