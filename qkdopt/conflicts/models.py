"""Two models of a question: routes and loads alone, and with every channel.

Both ask only whether a plan exists, so no key rate is linearised: a rate that is asked for
is a limit on noise, which is linear in the lit channels. Four-wave mixing, which is not, is
left out: that adds plans, so what has none here has none.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pyomo.environ as pyo

from qkdopt.conflicts.feasibility_query import FeasibilityQuery
from qkdopt.conflicts.limits import Limits, fibres_of, is_quantum, room, room_at
from qkdopt.milp import constraints
from qkdopt.milp.variables import (
    JointModel,
    declare_channels,
    declare_routes,
    declare_working,
)


def route_model(question: FeasibilityQuery, limits: Limits) -> JointModel:
    """Routes of all demands within the room of every fibre, whatever their channels."""
    m = JointModel(question.problem, {})
    m.question, m.limits = question, limits
    declare_routes(m)
    m.served = pyo.Constraint(m.R, rule=_one_route)
    m.levels = sorted({floor for floor in question.floors if floor})
    count = question.problem.tables.candidate_count
    m.limited = [e for e in range(len(count)) if count[e] and e not in question.silent]
    m.t = pyo.Var(m.limited, m.levels, domain=pyo.Binary)
    _leave_out_unasked(m)
    m.rows = pyo.ConstraintList()
    _room_rows(m)
    if question.problem.instance.qkd.relay == "widest":
        _widest_rows(m)
    else:
        _lightpath_rows(m)
    hops = sum(len(question.problem.routes[r][p].links) * m.x[r, p] for r, p in m.RP)
    m.goal = pyo.Objective(expr=hops)
    return m


def channel_model(question: FeasibilityQuery, limits: Limits, margin: float = 0.0) -> JointModel:
    """Routes and channels of all demands, by the rules of the joint MILP.

    ``margin`` is the share by which noise stays below its limits.
    """
    m = route_model(question, limits)
    declare_channels(m)
    declare_working(m)
    links = range(len(question.problem.tables.candidates))
    m.channels_of_route = constraints.channels_of_route(m)
    m.one_lightpath = constraints.one_lightpath(m, [e for e in links if e not in question.shared])
    m.one_working = constraints.one_working(m)
    _guard_rows(m)
    _noise_rows(m, margin)
    return m


def _one_route(m: JointModel, r: int) -> object:
    """Every demand is served: its routes exist, and it takes one."""
    return sum(m.x[r, p] for p in range(len(m.problem.routes[r]))) == 1


def _leave_out_unasked(m: JointModel) -> None:
    """Fix ``t`` on links that no demand with a floor can cross: nothing is asked of them."""
    if m.problem.instance.qkd.relay == "widest":
        return
    crossed = {(e, m.question.floors[r]) for e in m.limited for r, _ in m.over[e]}
    for key in m.t:
        if key not in crossed:
            m.t[key].setub(0)


def _room_rows(m: JointModel) -> None:
    r"""Lightpaths fit a fibre, and fewer do where a rate ``f`` is asked for (``t[e, f] = 1``).

    .. math:: \sum_{(r,p) \ni e} b_r x_{rp} \le C_e - (C_e - C_{ef}) t_{ef}
    """
    tables = m.problem.tables
    for e, f in fibres_of(tables):
        carried = [
            m.problem.instance.demands[r].channels * m.x[r, p]
            for r, p in m.over[e]
            if tables.fibres[_direction(m, r, p, e)] == f
        ]
        most = min(room(m.question, (e, f)), sum(m.question.widths))
        if carried:
            m.rows.add(sum(carried) <= most)
        if e not in m.limited or not is_quantum(tables, (e, f)):
            continue
        for level in m.levels:
            if m.t[e, level].ub == 0:
                continue
            fewer = room_at(m.question, m.limits, e, level)
            if fewer < 0:
                m.t[e, level].setub(0)
            elif carried and fewer < most:
                m.rows.add(sum(carried) + (most - fewer) * m.t[e, level] <= most)


def _lightpath_rows(m: JointModel) -> None:
    """Keep the key on the demand's own route: every link of it has the rate asked for."""
    floors = m.question.floors
    for r, p in m.RP:
        if not floors[r]:
            continue
        for e in m.problem.routes[r][p].links:
            if not m.problem.tables.candidate_count[e]:
                m.x[r, p].setub(0)
            elif e in m.limited:
                m.rows.add(m.x[r, p] - m.t[e, floors[r]] <= 0)


def _widest_rows(m: JointModel) -> None:
    """Let the key take any links that have the rate asked for: one unit of flow."""
    links, nodes = m.problem.instance.network.links, m.problem.instance.network.nodes
    with_key = [e for e, count in enumerate(m.problem.tables.candidate_count) if count]
    wanting = [r for r in m.R if m.question.floors[r]]
    m.a = pyo.Var(wanting, with_key, [0, 1], bounds=(0.0, 1.0))
    for r in wanting:
        demand = m.problem.instance.demands[r]
        for e in set(with_key) & set(m.limited):
            m.rows.add(m.a[r, e, 0] + m.a[r, e, 1] - m.t[e, m.question.floors[r]] <= 0)
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
    """Keep the guard band of the working candidate dark, where room is no rule."""
    tables = m.problem.tables
    for e, d in product(sorted(m.question.shared), (0, 1)):
        if not tables.disturbs[e, d]:
            continue
        for w in range(tables.usable.shape[2]):
            count = tables.candidate_count[e]
            reserved = [m.y[e, q] for q in range(count) if tables.blocks[e, q, w]]
            for key in m.lit[e, d, w] if reserved else ():
                m.rows.add(m.l[key] + sum(reserved) <= 1)


def _noise_rows(m: JointModel, margin: float) -> None:
    r"""Let the working candidate hear no more noise than the rate asked for bears.

    .. math:: \sum_w c_{eqw} \, lit_{ew} \le N_{eqf} + (M_{eq} - N_{eqf}) (2 - y_{eq} - t_{ef})

    ``M`` is the noise with every demand on the link's loudest channels.
    """
    asked = [e for e in m.limited if any(t.ub for t in m.t[e, :])] if m.levels else []
    _count_light(m, asked)
    for e, level in product(asked, m.levels):
        max_noise = m.limits.max_noise(e, level) * (1.0 - margin)
        for q, limit in enumerate(max_noise):
            if limit < 0.0:
                m.rows.add(m.y[e, q] + m.t[e, level] <= 1)
                continue
            heard, most = _heard(m, e, q)
            if most > limit:
                unit = 1.0 / most
                spare = 1.0 - float(limit) * unit
                total = sum(float(cost * unit) * m.lights[key] for key, cost in heard)
                m.rows.add(total + spare * (m.y[e, q] + m.t[e, level]) <= 1.0 + spare)


def _count_light(m: JointModel, links: list[int]) -> None:
    """Count the lightpaths on every channel that the quantum signal of these links hears."""
    tables = m.problem.tables
    keys = [
        (e, d, w)
        for e, d, w in product(links, (0, 1), range(tables.usable.shape[2]))
        if tables.disturbs[e, d] and m.lit[e, d, w]
    ]
    m.lights = pyo.Var(keys, bounds=(0.0, None))
    for key in keys:
        m.rows.add(sum(m.l[one] for one in m.lit[key]) - m.lights[key] == 0)


def _heard(m: JointModel, e: int, q: int) -> tuple[list[tuple[tuple[int, int, int], float]], float]:
    """Channels that candidate q of link e hears, with their noise, and the most there can be."""
    tables = m.problem.tables
    heard = [
        ((e, d, int(w)), float(tables.noise[e, d, w, q]))
        for d in (0, 1)
        for w in np.flatnonzero(~tables.blocks[e, q])
        if (e, d, int(w)) in m.lights
    ]
    loudest = max((cost for _, cost in heard), default=0.0)
    crossing = {r for r, _ in m.over[e]}
    return heard, loudest * sum(m.question.widths[r] for r in crossing)


def _direction(m: JointModel, r: int, p: int, e: int) -> int:
    route = m.problem.routes[r][p]
    return 0 if route.forward[route.links.index(e)] else 1
