"""Two models of a feasibility query: routes and loads alone, and with every channel.

Both decide only whether a plan exists, so no key rate is linearised: a required rate is a limit
on noise, which is linear in the lit channels. Four-wave mixing, which is not, is left out: that
adds plans, so an infeasible model proves that no plan exists.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pyomo.environ as pyo

from qkdopt.conflicts.feasibility_query import FeasibilityQuery
from qkdopt.conflicts.limits import Limits, capacity, capacity_at, fibres_of, is_quantum
from qkdopt.milp import constraints
from qkdopt.milp.variables import (
    JointModel,
    declare_channels,
    declare_routes,
    declare_working,
)


def route_model(query: FeasibilityQuery, limits: Limits) -> JointModel:
    """Model routes of all demands within the capacity of every fibre, whatever their channels."""
    m = JointModel(query.problem, {})
    m.query, m.limits = query, limits
    declare_routes(m)
    m.served = pyo.Constraint(m.R, rule=_one_route)
    m.levels = sorted({min_skr_bps for min_skr_bps in query.min_skrs_bps if min_skr_bps})
    count = query.problem.tables.candidate_count
    m.limited = [e for e in range(len(count)) if count[e] and e not in query.unconstrained]
    m.t = pyo.Var(m.limited, m.levels, domain=pyo.Binary)
    _fix_unconstrained(m)
    m.rows = pyo.ConstraintList()
    _capacity_rows(m)
    if query.problem.instance.qkd.relay == "widest":
        _widest_rows(m)
    else:
        _lightpath_rows(m)
    hops = sum(len(query.problem.routes[r][p].links) * m.x[r, p] for r, p in m.RP)
    m.goal = pyo.Objective(expr=hops)
    return m


def channel_model(query: FeasibilityQuery, limits: Limits, margin: float = 0.0) -> JointModel:
    """Model routes and channels of all demands, by the rules of the joint MILP.

    Parameters
    ----------
    query
        Groups of rules to keep.
    limits
        Noise limits of the whole problem.
    margin
        Share by which noise stays below its limits.
    """
    m = route_model(query, limits)
    declare_channels(m)
    declare_working(m)
    links = range(len(query.problem.tables.candidates))
    m.channels_of_route = constraints.channels_of_route(m)
    m.one_lightpath = constraints.one_lightpath(m, [e for e in links if e not in query.shared])
    m.one_working = constraints.one_working(m)
    _guard_rows(m)
    _noise_rows(m, margin)
    return m


def _one_route(m: JointModel, r: int) -> object:
    """Serve a demand: its routes exist, and it takes one."""
    return sum(m.x[r, p] for p in range(len(m.problem.routes[r]))) == 1


def _fix_unconstrained(m: JointModel) -> None:
    """Fix ``t`` on links that no demand with a minimum rate can cross."""
    if m.problem.instance.qkd.relay == "widest":
        return
    crossed = {(e, m.query.min_skrs_bps[r]) for e in m.limited for r, _ in m.over[e]}
    for key in m.t:
        if key not in crossed:
            m.t[key].setub(0)


def _capacity_rows(m: JointModel) -> None:
    r"""Limit the lightpaths of a fibre, further where a rate ``f`` is required (``t[e, f] = 1``).

    .. math:: \sum_{(r,p) \ni e} b_r x_{rp} \le C_e - (C_e - C_{ef}) t_{ef}
    """
    tables = m.problem.tables
    for e, f in fibres_of(tables):
        carried = [
            m.problem.instance.demands[r].channels * m.x[r, p]
            for r, p in m.over[e]
            if tables.fibres[m.problem.routes[r][p].direction_over(e)] == f
        ]
        max_carried = min(capacity(m.query, (e, f)), sum(m.query.lightpath_counts))
        if carried:
            m.rows.add(sum(carried) <= max_carried)
        if e not in m.limited or not is_quantum(tables, (e, f)):
            continue
        for level in m.levels:
            if m.t[e, level].ub == 0:
                continue
            at_rate = capacity_at(m.query, m.limits, e, level)
            if at_rate < 0:
                m.t[e, level].setub(0)
            elif carried and at_rate < max_carried:
                m.rows.add(sum(carried) + (max_carried - at_rate) * m.t[e, level] <= max_carried)


def _lightpath_rows(m: JointModel) -> None:
    """Keep the key on the demand's own route: every link of it has the required rate."""
    min_skrs_bps = m.query.min_skrs_bps
    for r, p in m.RP:
        if not min_skrs_bps[r]:
            continue
        for e in m.problem.routes[r][p].links:
            if not m.problem.tables.candidate_count[e]:
                m.x[r, p].setub(0)
            elif e in m.limited:
                m.rows.add(m.x[r, p] - m.t[e, min_skrs_bps[r]] <= 0)


def _widest_rows(m: JointModel) -> None:
    """Let the key take any links that have the required rate: one unit of flow."""
    links, nodes = m.problem.instance.network.links, m.problem.instance.network.nodes
    with_key = [e for e, count in enumerate(m.problem.tables.candidate_count) if count]
    with_min_rate = [r for r in m.R if m.query.min_skrs_bps[r]]
    m.a = pyo.Var(with_min_rate, with_key, [0, 1], bounds=(0.0, 1.0))
    for r in with_min_rate:
        demand = m.problem.instance.demands[r]
        for e in set(with_key) & set(m.limited):
            m.rows.add(m.a[r, e, 0] + m.a[r, e, 1] - m.t[e, m.query.min_skrs_bps[r]] <= 0)
        for node in nodes:
            net = (node.id == demand.source) - (node.id == demand.target)
            out = [
                (1 if links[e].a == node.id else -1) * (m.a[r, e, 0] - m.a[r, e, 1])
                for e in with_key
                if node.id in (links[e].a, links[e].b)
            ]
            if out:
                m.rows.add(sum(out) == net)
            elif net:
                for p in range(len(m.problem.routes[r])):
                    m.x[r, p].setub(0)


def _guard_rows(m: JointModel) -> None:
    """Keep the guard band of the working candidate dark, where channels may be shared."""
    tables = m.problem.tables
    for e, direction in product(sorted(m.query.shared), (0, 1)):
        if not tables.in_quantum_fibre[e, direction]:
            continue
        for w in range(tables.usable.shape[2]):
            count = tables.candidate_count[e]
            reserved = [m.y[e, q] for q in range(count) if tables.blocks[e, q, w]]
            for key in m.lit[e, direction, w] if reserved else ():
                m.rows.add(m.l[key] + sum(reserved) <= 1)


def _noise_rows(m: JointModel, margin: float) -> None:
    r"""Limit the noise of the working candidate to what the required rate allows.

    .. math:: \sum_w c_{eqw} \, lit_{ew} \le N_{eqf} + (M_{eq} - N_{eqf}) (2 - y_{eq} - t_{ef})

    ``M`` is the noise with every demand on the channels of most noise.
    """
    constrained = [e for e in m.limited if any(t.ub for t in m.t[e, :])] if m.levels else []
    _count_lightpaths(m, constrained)
    for e, level in product(constrained, m.levels):
        max_noise = m.limits.max_noise(e, level) * (1.0 - margin)
        for q, limit in enumerate(max_noise):
            if limit < 0.0:
                m.rows.add(m.y[e, q] + m.t[e, level] <= 1)
                continue
            couplings, max_total = _couplings(m, e, q)
            if max_total > limit:
                unit = 1.0 / max_total
                spare = 1.0 - float(limit) * unit
                total = sum(float(cost * unit) * m.lightpath_count[key] for key, cost in couplings)
                m.rows.add(total + spare * (m.y[e, q] + m.t[e, level]) <= 1.0 + spare)


def _count_lightpaths(m: JointModel, links: list[int]) -> None:
    """Count the lightpaths on every channel in the quantum fibre of these links."""
    tables = m.problem.tables
    keys = [
        (e, direction, w)
        for e, direction, w in product(links, (0, 1), range(tables.usable.shape[2]))
        if tables.in_quantum_fibre[e, direction] and m.lit[e, direction, w]
    ]
    m.lightpath_count = pyo.Var(keys, bounds=(0.0, None))
    for key in keys:
        m.rows.add(sum(m.l[lit] for lit in m.lit[key]) - m.lightpath_count[key] == 0)


def _couplings(
    m: JointModel, e: int, q: int
) -> tuple[list[tuple[tuple[int, int, int], float]], float]:
    """Return channels coupled into candidate q of link e with their noise, and the largest sum."""
    tables = m.problem.tables
    couplings = [
        ((e, direction, int(w)), float(tables.noise[e, direction, w, q]))
        for direction in (0, 1)
        for w in np.flatnonzero(~tables.blocks[e, q])
        if (e, direction, int(w)) in m.lightpath_count
    ]
    max_noise = max((cost for _, cost in couplings), default=0.0)
    crossing = {r for r, _ in m.over[e]}
    return couplings, max_noise * sum(m.query.lightpath_counts[r] for r in crossing)
