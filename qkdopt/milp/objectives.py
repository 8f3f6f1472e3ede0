"""What the joint MILP maximises."""

from __future__ import annotations

import pyomo.environ as pyo

from qkdopt.milp.variables import JointModel, fastest


def most_served(m: JointModel) -> pyo.Objective:
    """Maximise the number of demands served."""
    return pyo.Objective(expr=sum(m.x[key] for key in m.RP), sense=pyo.maximize)


def total_rate(m: JointModel) -> pyo.Objective:
    """Total key rate of the demands: with the number served fixed, their mean."""
    return pyo.Objective(expr=sum(m.z[key] for key in m.RP), sense=pyo.maximize)


def link_sum(m: JointModel) -> pyo.Objective:
    """Total key rate of the links."""
    return pyo.Objective(expr=sum(m.k[e] for e in m.E), sense=pyo.maximize)


def worst_rate(m: JointModel) -> pyo.Objective:
    r"""Key rate of the worst served demand: :math:`t \le z_r + K (1 - \sum_p x_{rp})`."""
    most = max((fastest(m, e) for e in m.E), default=0.0)
    m.t = pyo.Var(bounds=(0.0, most))
    m.worst = pyo.ConstraintList()
    for r in m.R:
        routes = range(len(m.problem.routes[r]))
        if routes:
            rate = sum(m.z[r, p] for p in routes)
            m.worst.add(m.t - rate + most * sum(m.x[r, p] for p in routes) <= most)
    return pyo.Objective(expr=1.0 * m.t, sense=pyo.maximize)
