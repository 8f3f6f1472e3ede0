r"""Count the movable demands that stay, in place of a sum of rates.

.. math:: \max \sum_r a_r, \qquad a_r \le l_{r0w} \; (w \text{ in place}), \qquad
    \text{objective} \ge V

Rates of the model are never below the exact ones, so every plan with as many served and an
objective of ``V`` or more is a solution: what the maximum leaves is moved by each of them.
"""

from __future__ import annotations

import pyomo.environ as pyo

from qkdopt.milp.variables import JointModel
from qkdopt.problem.moves import moved_demands
from qkdopt.problem.plan import Plan


def count_kept(m: JointModel, least: float, plan: Plan) -> None:
    """Replace a model's objective by the number of movable demands that stay in place.

    Parameters
    ----------
    m
        Model with the problem's own objective, at a number served.
    least
        Least value of that objective, in the model's unit.
    plan
        Gives the new variables their start.
    """
    problem = m.problem
    m.goal.deactivate()
    m.kept = pyo.Block(concrete=True)
    m.kept.a = pyo.Var(problem.movables, domain=pyo.Binary)
    lit = [(r, w) for r in problem.movables for w in problem.movable[r] or ()]
    m.kept.in_place = pyo.Constraint(lit, rule=lambda kept, r, w: kept.a[r] - m.l[r, 0, w] <= 0)
    m.kept.as_good = pyo.Constraint(expr=m.goal.expr >= least)
    m.kept.goal = pyo.Objective(expr=sum(m.kept.a[r] for r in problem.movables), sense=pyo.maximize)
    moved = moved_demands(problem, plan)
    for r in problem.movables:
        m.kept.a[r].set_value(float(r not in moved))
