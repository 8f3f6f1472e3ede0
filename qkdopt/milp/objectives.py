"""Objectives of the joint MILP."""

from __future__ import annotations

import pyomo.environ as pyo

from qkdopt.milp.variables import JointModel, max_link_rate


def most_served(m: JointModel) -> pyo.Objective:
    """Maximise the number of demands served."""
    return pyo.Objective(expr=sum(m.x[key] for key in m.RP), sense=pyo.maximize)


def total_rate(m: JointModel) -> pyo.Objective:
    """Maximise the total key rate of the demands: with the number served fixed, their mean."""
    return pyo.Objective(expr=sum(m.z[key] for key in m.RP), sense=pyo.maximize)


def link_sum(m: JointModel) -> pyo.Objective:
    """Maximise the total key rate of the links."""
    return pyo.Objective(expr=sum(m.k[e] for e in m.E), sense=pyo.maximize)


def worst_rate(m: JointModel) -> pyo.Objective:
    r"""Maximise the worst served demand's rate: :math:`t \le z_r + K (1 - \sum_p x_{rp})`."""
    max_rate = max((max_link_rate(m, e) for e in m.E), default=0.0)
    m.t = pyo.Var(bounds=(0.0, max_rate))
    m.worst = pyo.ConstraintList()
    for r in m.R:
        routes = range(len(m.problem.routes[r]))
        if routes:
            rate = sum(m.z[r, p] for p in routes)
            m.worst.add(m.t - rate + max_rate * sum(m.x[r, p] for p in routes) <= max_rate)
    return pyo.Objective(expr=1.0 * m.t, sense=pyo.maximize)
