"""Convert between models and plans: read a solution, write a start."""

from __future__ import annotations

import numpy as np

from qkdopt.milp.shared_keys import start_keys
from qkdopt.milp.textbook import noise_unit
from qkdopt.milp.variables import JointModel
from qkdopt.problem.moves import moved_demands
from qkdopt.problem.plan import (
    BLOCKED,
    Plan,
    assess,
    candidate_noise,
    lit_channels,
    tune_working_channels,
)

HALF = 0.5


def plan_of_model(m: JointModel) -> Plan:
    """Read the lightpaths of a solved model; every link works on its best candidate."""
    routes = [BLOCKED] * len(m.R)
    channels: list[tuple[int, ...]] = [()] * len(m.R)
    for r, p in m.RP:
        if m.x[r, p].value is not None and m.x[r, p].value > HALF:
            routes[r] = p
            channels[r] = tuple(w for w in m.channels[r, p] if m.l[r, p, w].value > HALF)
    return tune_working_channels(m.problem, routes, channels)


def set_start(m: JointModel, plan: Plan) -> None:
    """Give every variable the value it has in a plan."""
    for key in m.RP:
        m.x[key].set_value(float(plan.routes[key[0]] == key[1]))
    for r, p, w in m.RPW:
        m.l[r, p, w].set_value(float(plan.routes[r] == p and w in plan.channels[r]))
    for e, q in m.EQ:
        m.y[e, q].set_value(float(plan.working[e] == q))
    if hasattr(m, "g"):
        moved = moved_demands(m.problem, plan)
        for r in m.g:
            m.g[r].set_value(float(r in moved))
    if hasattr(m, "k"):
        _start_rates(m, plan)
        _start_optional(m, plan)


def _start_rates(m: JointModel, plan: Plan) -> None:
    noise = candidate_noise(m.problem, lit_channels(m.problem, plan))
    for e, q, s in m.EQS:
        edges = m.segments[e, q].edges
        segment = int(np.clip(np.searchsorted(edges, noise[e, q]) - 1, 0, len(edges) - 2))
        chosen = plan.working[e] == q and segment == s
        m.u[e, q, s].set_value(float(chosen))
        share = (noise[e, q] - edges[segment]) / (edges[segment + 1] - edges[segment])
        m.n[e, q, s].set_value(float(np.clip(share, 0.0, 1.0)) if chosen else 0.0)
        if chosen and hasattr(m, "noise"):
            excess = float(noise[e, q] - m.segments[e, q].background) / noise_unit(m, e)
            m.noise[e].set_value(min(excess, m.noise[e].ub))
    exact = assess(m.problem, plan)
    for e in m.E:
        rate = m.segments[e, plan.working[e]].upper_at(float(noise[e, plan.working[e]]))
        m.k[e].set_value(min(rate / m.unit_bps, m.k[e].ub))
    for r, p in m.RP:
        chosen = plan.routes[r] == p
        rate = min(float(exact.demand_skr_bps[r]), m.cap_bps) / m.unit_bps
        m.z[r, p].set_value(rate if chosen else 0.0)


def _start_optional(m: JointModel, plan: Plan) -> None:
    """Start the worst rate and the load states, where the model has them.

    The rate of a link is held to the best rate of its load, which the exact rate never
    exceeds but the upper segment may.
    """
    exact = assess(m.problem, plan)
    start_keys(m, plan)
    if m.problem.objective == "max-min" and hasattr(m, "t"):
        rates = [exact.demand_skr_bps[r] for r in m.R if plan.routes[r] != BLOCKED]
        m.t.set_value(float(min(rates, default=0.0)) / m.unit_bps)
    if not hasattr(m, "c10_load_states"):
        return
    lit = lit_channels(m.problem, plan)
    in_quantum_fibre = m.problem.tables.in_quantum_fibre
    block = m.c10_load_states
    for e in m.E:
        load = int((lit[e].sum(axis=1) * in_quantum_fibre[e]).sum())
        m.k[e].set_value(min(float(exact.link_skr_bps[e]) / m.unit_bps, m.k[e].ub))
        for key in block.h:
            if key[0] == e:
                block.h[key].set_value(float(key[1] == load))
        for key in block.v:
            if key[0] == e:
                p = plan.routes[key[1]]
                on_link = p != BLOCKED and e in m.problem.routes[key[1]][p].links
                block.v[key].set_value(float(on_link and key[2] == load))
