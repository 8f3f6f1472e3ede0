"""Cuts: demands that all must cross some fibres, and need more lightpaths than these carry.

A cut is a proof that a reader can recount: no solver's word enters the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyomo.environ as pyo

from qkdopt.adapters import Limits as SolverLimits
from qkdopt.adapters import adapter_of
from qkdopt.conflicts.limits import Fibre
from qkdopt.problem import Problem
from qkdopt.problem.routes import Route

# What the search for a cut may take; the solver's own time is a small part of it.
SECONDS = 5.0
HALF = 0.5


@dataclass(frozen=True)
class Cut:
    """Demands against the fibres that they cannot avoid.

    Parameters
    ----------
    fibres
        Every route of every demand of the cut crosses one of them at least.
    demands
        Positions of the demands.
    required_count, capacity
        Lightpaths of these demands, and the most that the fibres carry together.
    """

    fibres: tuple[Fibre, ...]
    demands: tuple[int, ...]
    required_count: int
    capacity: int

    @property
    def is_proof(self) -> bool:
        """Tell whether the demands need more lightpaths than the fibres carry."""
        return self.required_count > self.capacity


def fibres_on(problem: Problem, route: Route) -> frozenset[Fibre]:
    """Return the fibres that a route uses."""
    fibres = problem.tables.fibres
    return frozenset((e, int(fibres[direction])) for e, direction, _ in route.hops)


def find_cut(
    problem: Problem,
    routes: Sequence[Sequence[Route]],
    capacities: Mapping[Fibre, int],
    seconds: float = SECONDS,
) -> Cut | None:
    """Find a cut with too little capacity, of as few fibres as possible; None when there is none.

    Parameters
    ----------
    problem
        Gives the lightpaths of each demand.
    routes
        Routes that each demand may take.
    capacities
        Lightpaths that each fibre carries; fibres left out carry any number.
    seconds
        Time limit [s].
    """
    crossed = [
        [fibres_on(problem, route).intersection(capacities) for route in own] for own in routes
    ]
    lightpath_counts = [demand.channels for demand in problem.instance.demands]
    chosen = _solve(crossed, lightpath_counts, capacities, seconds)
    demands = tuple(r for r, own in enumerate(crossed) if all(p & chosen for p in own))
    cut = Cut(
        fibres=tuple(sorted(chosen)),
        demands=demands,
        required_count=sum(lightpath_counts[r] for r in demands),
        capacity=sum(capacities[fibre] for fibre in chosen),
    )
    return cut if cut.is_proof else None


def _solve(
    crossed: Sequence[Sequence[frozenset[Fibre]]],
    lightpath_counts: Sequence[int],
    capacities: Mapping[Fibre, int],
    seconds: float,
) -> frozenset[Fibre]:
    r"""Choose fibres ``s`` that demands ``n`` cannot avoid, and miss at least one lightpath.

    .. math:: \min \sum_f s_f, \qquad \sum_r b_r n_r - \sum_f C_f s_f \ge 1
    """
    useful = sorted(frozenset().union(*(p for own in crossed for p in own)))
    if not useful:
        return frozenset()
    m = pyo.ConcreteModel()
    m.s = pyo.Var(useful, domain=pyo.Binary)
    m.n = pyo.Var(range(len(crossed)), bounds=(0.0, 1.0))
    m.rows = pyo.ConstraintList()
    for r, own in enumerate(crossed):
        if not all(own):
            m.n[r].fix(0.0)
            continue
        for route in set(own):
            m.rows.add(m.n[r] - sum(m.s[fibre] for fibre in route) <= 0)
    required = sum(lightpath_count * m.n[r] for r, lightpath_count in enumerate(lightpath_counts))
    m.rows.add(required - sum(capacities[fibre] * m.s[fibre] for fibre in useful) >= 1)
    m.goal = pyo.Objective(expr=sum(m.s[fibre] for fibre in useful))
    limits = SolverLimits(seconds=seconds, gap=1e-6)
    if not adapter_of("highs").solve(m, limits).has_solution:
        return frozenset()
    return frozenset(fibre for fibre in useful if m.s[fibre].value > HALF)
