r"""Count the demands or links that have key, in place of a sum of rates.

A rate below a solver's tolerance cannot be distinguished from zero, and a bound that is widened by
that tolerance never falls to zero. A binary says whether a link is in a segment with key: a count
needs no tolerance.

.. math:: \max \sum_{rp} a_{rp}, \qquad a_{rp} \le x_{rp}, \qquad
    a_{rp} \le \sum_{q,s:\, g_{eqs} > 0} u_{eqs} \; (e \text{ on the route of the key})
"""

from __future__ import annotations

import pyomo.environ as pyo

from qkdopt.milp.variables import JointModel


def count_keyed(m: JointModel) -> None:
    """Replace a model's objective by the number of demands (``link-sum``: links) with key."""
    m.goal.deactivate()
    m.keyed = pyo.Block(concrete=True)
    m.keyed.rows = pyo.ConstraintList()
    if m.problem.objective == "link-sum":
        counted = [_has_key(m, e) for e in m.E]
    elif m.problem.instance.qkd.relay == "widest":
        counted = _keyed_demands(m)
    else:
        counted = _keyed_routes(m)
    m.keyed.goal = pyo.Objective(expr=sum(counted), sense=pyo.maximize)


def min_keyed(m: JointModel, served: int) -> int:
    """Return how many demands or links with key make the objective more than 0."""
    return served if m.problem.objective == "max-min" else 1


def _has_key(m: JointModel, e: int) -> pyo.Expression:
    """Return 1 where the link's working candidate is in a segment with key, 0 elsewhere."""
    return sum(
        m.u[e, q, s]
        for q in range(len(m.problem.tables.candidates[e]))
        for s, rates in enumerate(m.segments[e, q].upper)
        if rates.max() > 0.0
    )


def _keyed_routes(m: JointModel) -> list[pyo.Var]:
    """Declare, by demand and route, whether it is served there and every link has key."""
    with_key = set(m.E)
    pairs = [(r, p) for r, p in m.RP if with_key.issuperset(m.problem.routes[r][p].links)]
    m.keyed.a = pyo.Var(pairs, bounds=(0.0, 1.0))
    for r, p in pairs:
        m.keyed.rows.add(m.keyed.a[r, p] - m.x[r, p] <= 0)
        for e in m.problem.routes[r][p].links:
            m.keyed.rows.add(m.keyed.a[r, p] - _has_key(m, e) <= 0)
    return [m.keyed.a[pair] for pair in pairs]


def _keyed_demands(m: JointModel) -> list[pyo.Var]:
    """Declare, by demand, whether it is served and links with key join its ends."""
    relay = m.c7_relay_widest
    demands = [r for r in m.R if m.problem.routes[r]]
    m.keyed.a = pyo.Var(demands, bounds=(0.0, 1.0))
    for r in demands:
        routes = range(len(m.problem.routes[r]))
        m.keyed.rows.add(m.keyed.a[r] - sum(m.x[r, p] for p in routes) <= 0)
        m.keyed.rows.add(m.keyed.a[r] - relay.v[r] <= 0)
        for e in m.E:
            carried = relay.a[r, e, 0] + relay.a[r, e, 1]
            m.keyed.rows.add(m.keyed.a[r] + carried - _has_key(m, e) <= 1)
    return [m.keyed.a[r] for r in demands]
