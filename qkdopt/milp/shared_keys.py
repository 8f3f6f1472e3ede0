r"""Keys that demands share (rules C19 and C20), and the objectives about them.

Rates and needs count in the model's unit of rate; :math:`z_{rp}` is the key of a demand on its
route, or, with ``relay = flow``, wherever it is relayed.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from qkdopt.milp.variables import JointModel
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.problem.plan import BLOCKED, Plan, assess
from qkdopt.units import FloatArray


def shares_keys(m: JointModel) -> bool:
    """Whether the objective of a model is about keys that demands share."""
    return m.problem.objective in KEY_OBJECTIVES


def needs_in_units(m: JointModel) -> FloatArray:
    """``(R,)`` key that each demand asks for, in the model's unit of rate."""
    return m.problem.needs.rate_bps / m.unit_bps


def key_of_link(m: JointModel) -> pyo.Constraint:
    r"""Limit what is drawn of a link (C19): :math:`\sum_{(r,p) \ni e} z_{rp} \le k_e`."""

    def rule(m: JointModel, e: int) -> object:
        drawn = [m.z[key] for key in m.over[e]]
        return sum(drawn) - m.k[e] <= 0 if drawn else pyo.Constraint.Skip

    return pyo.Constraint(m.E, rule=rule)


def key_flows(m: JointModel) -> pyo.Block:
    r"""Relay keys over any nodes (C19): flows ``f`` by source, over links with QKD.

    .. math:: \sum_{a \in \delta^+(v)} f_{sa} - \sum_{a \in \delta^-(v)} f_{sa}
        = \sum_{r:\, s_r = s} z_r \, ([v = s] - [v = t_r]), \qquad
        \sum_s (f_{se} + f_{s\bar e}) \le k_e
    """
    instance, links = m.problem.instance, m.problem.instance.network.links
    demands = [r for r in m.R if m.problem.routes[r]]
    sources = list(dict.fromkeys(instance.demands[r].source for r in demands))
    block = pyo.Block(concrete=True)
    block.f = pyo.Var(sources, m.E, [0, 1], domain=pyo.NonNegativeReals)
    block.rows = pyo.ConstraintList()
    for e in m.E:
        carried = sum(block.f[s, e, d] for s in sources for d in (0, 1))
        if sources:
            block.rows.add(carried - m.k[e] <= 0)
    for s in sources:
        own = [r for r in demands if instance.demands[r].source == s]
        for node in instance.network.nodes:
            out = sum(
                (1 if links[e].a == node.id else -1) * (block.f[s, e, 0] - block.f[s, e, 1])
                for e in m.E
                if node.id in (links[e].a, links[e].b)
            )
            sent = sum(
                ((node.id == s) - (node.id == instance.demands[r].target)) * key_of_demand(m, r)
                for r in own
            )
            balance = out - sent
            if not isinstance(balance, int | float):
                block.rows.add(balance == 0)
    return block


def key_of_demand(m: JointModel, r: int) -> Any:
    """Return the key of a demand over all of its routes."""
    return sum(m.z[r, p] for p in range(len(m.problem.routes[r])))


def at_most_needed(m: JointModel) -> pyo.Constraint:
    r"""Give a demand no more than it asks for (C20): :math:`\sum_p z_{rp} \le d_r`."""
    needs = needs_in_units(m)

    def rule(m: JointModel, r: int) -> object:
        if not m.problem.routes[r]:
            return pyo.Constraint.Skip
        return key_of_demand(m, r) <= float(needs[r])

    return pyo.Constraint(m.R, rule=rule)


def delivered(m: JointModel) -> pyo.Objective:
    """Maximise the key that is delivered of what is asked for."""
    m.c20_at_most_needed = at_most_needed(m)
    return pyo.Objective(expr=sum(m.z[key] for key in m.RP), sense=pyo.maximize)


def needs_met(m: JointModel) -> pyo.Objective:
    r"""Maximise the weight of the needs that are met (C20): :math:`\sum_p z_{rp} \ge d_r v_r`.

    Weights are scaled so that all together are worth what all ask for.
    """
    needs, problem = needs_in_units(m), m.problem
    m.c20_at_most_needed = at_most_needed(m)
    asking = [r for r in m.R if needs[r] > 0.0 and problem.routes[r]]
    m.v = pyo.Var(asking, domain=pyo.Binary)
    m.c20_met = pyo.Constraint(
        asking, rule=lambda m, r: key_of_demand(m, r) - float(needs[r]) * m.v[r] >= 0
    )
    scale = float(needs.sum()) / max(float(problem.needs.weight.sum()), 1e-300)
    worth = sum(scale * float(problem.needs.weight[r]) * m.v[r] for r in asking)
    return pyo.Objective(expr=worth, sense=pyo.maximize)


def least_factor(m: JointModel) -> pyo.Objective:
    r"""Maximise what all demands served get of their needs (C20).

    .. math:: \sum_p z_{rp} \ge \theta d_r - \Theta d_r \Bigl(1 - \sum_p x_{rp}\Bigr)

    with ``t`` the factor times the sum of all needs. Where others ask for none, plans that serve
    those alone have no factor: :math:`\theta \le \Theta \sum_{r, p} x_{rp}` over those that ask.
    """
    needs, problem = needs_in_units(m), m.problem
    needed = float(needs.sum())
    asking = [r for r in m.R if needs[r] > 0.0 and problem.routes[r]]
    top = needed * max((most_key(m, r) / float(needs[r]) for r in asking), default=0.0)
    m.t = pyo.Var(bounds=(0.0, top))

    def rule(m: JointModel, r: int) -> object:
        share = float(needs[r]) / needed
        routed = sum(m.x[r, p] for p in range(len(problem.routes[r])))
        return key_of_demand(m, r) - share * m.t - top * share * routed >= -top * share

    m.c20_factor = pyo.Constraint(asking, rule=rule)
    if asking and any(needs[r] <= 0.0 and problem.routes[r] for r in m.R):
        routed = sum(m.x[r, p] for r in asking for p in range(len(problem.routes[r])))
        m.c20_some = pyo.Constraint(expr=m.t - top * routed <= 0)
    return pyo.Objective(expr=1.0 * m.t, sense=pyo.maximize)


def worth_of_key(m: JointModel) -> float:
    r"""Return what one unit of a demand's key may be worth in the model's objective.

    In a sum it is worth 1. Where a factor is maximised, key of a demand that asks for little
    counts by what all ask for, :math:`\sum_{r'} d_{r'} / d_r`: there, what a solver's tolerance
    hides of the key it multiplies.
    """
    if not hasattr(m, "c20_factor") or not len(m.c20_factor):
        return 1.0
    needs = needs_in_units(m)
    return float(needs.sum()) / min(float(needs[r]) for r in m.c20_factor)


def most_key(m: JointModel, r: int) -> float:
    """Return the most key that a demand can have on any of its routes."""
    return max((m.z[r, p].ub for p in range(len(m.problem.routes[r]))), default=0.0)


def start_keys(m: JointModel, plan: Plan) -> None:
    """Give the variables about shared keys the values that they have in a plan."""
    exact, needs = assess(m.problem, plan), m.problem.needs
    if hasattr(m, "v"):
        met = needs.met(exact.demand_skr_bps)
        for r in m.v:
            m.v[r].set_value(float(met[r]))
    if m.problem.objective == "key-factor" and hasattr(m, "t"):
        served = [plan.routes[r] != BLOCKED for r in m.R]
        worth = exact.objective_bps / m.unit_bps if any(served) else 0.0
        m.t.set_value(min(worth, m.t.ub))


OBJECTIVES = {
    "key-delivered": delivered,
    "key-served": needs_met,
    "key-factor": least_factor,
}
