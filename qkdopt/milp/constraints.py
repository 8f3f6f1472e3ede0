"""The numbered rules of the joint MILP, one function each (``docs/model.md``)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from qkdopt.errors import UsageError
from qkdopt.milp.scales import MIN_RATE
from qkdopt.milp.variables import (
    JointModel,
    coupled_lightpaths,
    max_link_rate,
    max_lit_noise,
    upper_segments,
)


def one_route(m: JointModel) -> pyo.Constraint:
    r"""Give a served demand one route (C1): :math:`\sum_p x_{rp} \le 1`."""

    def rule(m: JointModel, r: int) -> object:
        routes = range(len(m.problem.routes[r]))
        if not routes:
            return pyo.Constraint.Skip
        return sum(m.x[r, p] for p in routes) <= 1

    return pyo.Constraint(m.R, rule=rule)


def channels_of_route(m: JointModel) -> pyo.Constraint:
    r"""Give a demand its channels on that route (C1): :math:`\sum_w l_{rpw} = b_r x_{rp}`."""

    def rule(m: JointModel, r: int, p: int) -> object:
        lit = sum(m.l[r, p, w] for w in m.channels[r, p])
        return lit - m.problem.instance.demands[r].channels * m.x[r, p] == 0

    return pyo.Constraint(m.RP, rule=rule)


def serves_in_place(m: JointModel) -> pyo.Constraint:
    r"""Serve a demand whose light is in place (C17): :math:`\sum_p x_{rp} = 1`.

    One that stays has one route, and the channels that are lit there; no other demand may have
    them (C16).
    """

    def rule(m: JointModel, r: int) -> object:
        return sum(m.x[r, p] for p in range(len(m.problem.routes[r]))) == 1

    return pyo.Constraint([*m.problem.staying, *m.problem.movables], rule=rule)


def moved_from_place(m: JointModel) -> pyo.Constraint:
    r"""Count a demand as moved without one of its channels in place (C18).

    .. math:: l_{r0w} + g_r \ge 1 \quad (w \text{ in place})
    """
    lit = [(r, w) for r in m.problem.movables for w in m.problem.movable[r] or ()]
    return pyo.Constraint(lit, rule=lambda m, r, w: m.l[r, 0, w] + m.g[r] >= 1)


def number_moved(m: JointModel) -> pyo.Constraint:
    r"""Limit the number of demands moved (C18): :math:`\sum_r g_r \le M`."""
    return pyo.Constraint(expr=sum(m.g[r] for r in m.problem.movables) <= m.problem.moves_limit)


def one_lightpath(m: JointModel, links: Iterable[int] | None = None) -> pyo.Constraint:
    r"""Limit a channel of a fibre to one lightpath, outside of guard bands (C2, C3).

    .. math:: \sum_{(r,p) \ni e} l_{rpw} + \sum_{q:\, w \in G(q)} y_{eq} \le 1

    One sum serves clash and guard band: exactly one candidate works, so the working
    channels whose guard band ``G(q)`` covers ``w`` count at most once. The second sum is
    there only in the quantum signal's fibre. ``links`` are those that have the rule; None
    for all.
    """
    tables = m.problem.tables
    fibres = sorted(set(tables.fibres.tolist()))

    def rule(m: JointModel, e: int, fibre: int, w: int) -> object:
        directions = [direction for direction in (0, 1) if tables.fibres[direction] == fibre]
        lit = [m.l[key] for direction in directions for key in m.lit[e, direction, w]]
        quantum = any(tables.in_quantum_fibre[e, direction] for direction in directions)
        count = tables.candidate_count[e] if quantum else 0
        reserved = [m.y[e, q] for q in range(count) if tables.blocks[e, q, w]]
        if not lit or len(lit) + len(reserved) < 2:
            return pyo.Constraint.Skip
        return sum(lit) + sum(reserved) <= 1

    link_range = range(len(tables.candidates)) if links is None else links
    return pyo.Constraint(link_range, fibres, range(tables.usable.shape[2]), rule=rule)


def one_working(m: JointModel) -> pyo.Constraint:
    r"""Choose one QKD channel on every link with QKD (C4): :math:`\sum_q y_{eq} = 1`."""

    def rule(m: JointModel, e: int) -> object:
        return sum(m.y[e, q] for q in range(len(m.problem.tables.candidates[e]))) == 1

    return pyo.Constraint(m.E, rule=rule)


def one_piece(m: JointModel) -> pyo.Constraint:
    r"""Choose one segment for a working candidate's noise (C5): :math:`\sum_s u_{eqs} = y_{eq}`."""

    def rule(m: JointModel, e: int, q: int) -> object:
        return sum(m.u[e, q, s] for s in range(len(m.segments[e, q].upper))) - m.y[e, q] == 0

    return pyo.Constraint(m.EQ, rule=rule)


def piece_range(m: JointModel) -> pyo.Constraint:
    r"""Limit noise to the chosen segment (C5): :math:`n_{eqs} \le u_{eqs}`, share of its width."""
    return pyo.Constraint(m.EQS, rule=lambda m, e, q, s: m.n[e, q, s] - m.u[e, q, s] <= 0)


def noise_of_link(m: JointModel) -> pyo.Constraint:
    r"""Add up the noise of all lit channels at the working candidate (C5).

    .. math:: \sum_{s \in g} (a_s u_{eqs} + \Delta_s n_{eqs}) + M_g (1 - \sum_{s \in g} u_{eqs})
        \ge \sum_w c_{eqw} \, lit_{ew}

    One row a group of segments, in the group's own unit and above the background noise
    (:mod:`qkdopt.milp.scales`). ``M`` is the least number that is always valid: everything lit
    that may be, or on given routes the noisiest channels of their load.
    """
    tables = m.problem.tables
    lightpaths = {e: coupled_lightpaths(m, e) for e in m.E}

    def rule(m: JointModel, e: int, q: int, g: int) -> object:
        group = m.groups[e, q][g]
        directions, channels, lit = lightpaths[e]
        outside = np.flatnonzero(~tables.blocks[e, q, channels]).tolist()
        coefficients = group.coefficients(tables.noise[e, directions, channels, q])
        max_noise = max_lit_noise(m, e, q, group)
        if not outside or not coefficients[outside].any():
            return pyo.Constraint.Skip
        # The sum has a thousand terms: Pyomo's own sum of products takes several times as long.
        total = LinearExpression(
            linear_coefs=(group.left - max_noise).tolist() + group.width.tolist()
            + (-coefficients[outside]).tolist(),
            linear_vars=[m.u[e, q, s] for s in group.segments]
            + [m.n[e, q, s] for s in group.segments] + [lit[i] for i in outside],
        )  # fmt: skip
        return (-max_noise, total, None)

    return pyo.Constraint(m.EQG, rule=rule)


def rate_of_link(m: JointModel) -> pyo.Constraint:
    r"""Limit a link's rate to the upper segment at its noise (C6).

    .. math:: k_e \le \sum_{q,s} (g_{eqs} u_{eqs} + (g'_{eqs} - g_{eqs}) n_{eqs})

    with ``g`` and ``g'`` the upper segment at its left and right edge.
    """

    def rule(m: JointModel, e: int) -> object:
        total = 0
        for q in range(len(m.problem.tables.candidates[e])):
            for s, (high, low) in enumerate(upper_segments(m, e, q)):
                total += high * m.u[e, q, s] + (low - high) * m.n[e, q, s]
        return m.k[e] - total <= 0

    return pyo.Constraint(m.E, rule=rule)


def rate_on_route(m: JointModel) -> pyo.Constraint:
    r"""Restrict key to the chosen route (C7): :math:`z_{rp} \le K_{rp} x_{rp}`."""

    def rule(m: JointModel, r: int, p: int) -> object:
        return m.z[r, p] - m.z[r, p].ub * m.x[r, p] <= 0

    return pyo.Constraint(m.RP, rule=rule)


def relay_on_lightpath(m: JointModel) -> pyo.Constraint:
    r"""Limit a key rate to every link of its route (C7): :math:`\sum_{p \ni e} z_{rp} \le k_e`."""

    def rule(m: JointModel, e: int, r: int) -> object:
        routes = [p for demand, p in m.over[e] if demand == r]
        if not routes:
            return pyo.Constraint.Skip
        return sum(m.z[r, p] for p in routes) - m.k[e] <= 0

    return pyo.Constraint(m.E, m.R, rule=rule)


def relay_widest(m: JointModel) -> pyo.Block:
    r"""Relay the key on any route, a unit of flow ``a`` over links with QKD (C7).

    .. math:: z_r \le k_e + K (1 - a_{re}), \qquad z_r \le K v_r

    with ``a`` carrying ``v_r`` units from source to target.
    """
    problem, links = m.problem, m.problem.instance.network.links
    block = pyo.Block(concrete=True)
    max_rate = max((max_link_rate(m, e) for e in m.E), default=0.0)
    block.v = pyo.Var(m.R, domain=pyo.Binary)
    block.a = pyo.Var(m.R, m.E, [0, 1], domain=pyo.Binary)
    block.rows = pyo.ConstraintList()
    for r in m.R:
        if not problem.routes[r]:
            continue
        demand = problem.instance.demands[r]
        rate = sum(m.z[r, p] for p in range(len(problem.routes[r])))
        block.rows.add(rate - max_rate * block.v[r] <= 0)
        for e in m.E:
            carried = block.a[r, e, 0] + block.a[r, e, 1]
            block.rows.add(rate - m.k[e] + max_rate * carried <= max_rate)
        for node in problem.instance.network.nodes:
            net = (node.id == demand.source) - (node.id == demand.target)
            out = sum(
                (1 if links[e].a == node.id else -1) * (block.a[r, e, 0] - block.a[r, e, 1])
                for e in m.E
                if node.id in (links[e].a, links[e].b)
            )
            # An inner node without QKD links has no flow to balance.
            if net or not isinstance(out, int):
                block.rows.add(out - net * block.v[r] == 0)
    return block


def least_rate(m: JointModel) -> pyo.Constraint:
    r"""Serve a demand with a minimum rate only with it (C8): :math:`z_r \ge f_r \sum_p x_{rp}`.

    Rates are capped at the highest one that matters; a minimum rate beyond the cap is held by
    :func:`no_slow_link`, and so is one that a solver cannot distinguish from 0: HiGHS 1.16 found
    a feasible model infeasible.
    """

    def rule(m: JointModel, r: int) -> object:
        min_skr_bps = m.problem.instance.demands[r].min_skr_bps
        routes = range(len(m.problem.routes[r]))
        if not min_skr_bps or not routes:
            return pyo.Constraint.Skip
        min_rate = min(min_skr_bps, m.cap_bps) / m.unit_bps
        if min_rate < MIN_RATE:
            return pyo.Constraint.Skip
        return sum(m.z[r, p] - min_rate * m.x[r, p] for p in routes) >= 0

    return pyo.Constraint(m.R, rule=rule)


def no_slow_link(m: JointModel) -> pyo.Constraint:
    r"""Exclude links with a rate in a segment below the minimum rate (C8).

    .. math:: \sum_{p \ni e} x_{rp} + \sum_{q,s:\, g_{eqs} < f_r} u_{eqs} \le 1

    C7 and C8 imply this rule up to a solver's tolerance: a minimum rate of a thousandth of a
    bit/s is below it in units of the fastest link. With ``relay = widest`` the arcs of the
    key's route stand for the first sum.
    """
    demands = [r for r in m.R if m.problem.instance.demands[r].min_skr_bps and m.problem.routes[r]]
    pairs = [(e, r) for r in demands for e in m.E if key_binaries(m, e, r)]

    def rule(m: JointModel, e: int, r: int) -> object:
        min_skr_bps = m.problem.instance.demands[r].min_skr_bps
        slow = [
            m.u[e, q, s]
            for q in range(len(m.problem.tables.candidates[e]))
            for s, ends in enumerate(m.segments[e, q].upper)
            if ends.max() < min_skr_bps
        ]
        return sum(key_binaries(m, e, r)) + sum(slow) <= 1 if slow else pyo.Constraint.Skip

    return pyo.Constraint(pairs, rule=rule)


def key_binaries(m: JointModel, e: int, r: int) -> list[pyo.Var]:
    """Return the binaries of which one is set when a demand's key passes a link.

    Parameters
    ----------
    m
        The model.
    e, r
        Link and demand.
    """
    if m.problem.instance.qkd.relay == "widest":
        return [m.c7_relay_widest.a[r, e, 0], m.c7_relay_widest.a[r, e, 1]]
    return [m.x[r, p] for demand, p in m.over[e] if demand == r]


def key_where_asked(m: JointModel) -> pyo.Constraint:
    r"""Serve a demand with a minimum rate only on a route of links with QKD (C8).

    ``relay = lightpath``: :math:`x_{rp} = 0` on routes that cross a link without QKD.
    ``relay = widest``: :math:`\sum_p x_{rp} \le v_r`.
    """
    problem, with_key = m.problem, set(m.E)
    demands = [r for r in m.R if problem.instance.demands[r].min_skr_bps and problem.routes[r]]
    if problem.instance.qkd.relay == "widest":
        routes = {r: range(len(problem.routes[r])) for r in demands}
        return pyo.Constraint(
            demands,
            rule=lambda m, r: sum(m.x[r, p] for p in routes[r]) - m.c7_relay_widest.v[r] <= 0,
        )
    keyless = [
        (r, p)
        for r in demands
        for p, route in enumerate(problem.routes[r])
        if not with_key.issuperset(route.links)
    ]
    return pyo.Constraint(keyless, rule=lambda m, r, p: m.x[r, p] <= 0)


def number_served(m: JointModel, served: int) -> pyo.Constraint:
    r"""Fix the number of demands served to S (C9): :math:`\sum_{rp} x_{rp} = S`.

    Raises
    ------
    UsageError
        S is positive, and no demand has a candidate route.
    """
    if served and not m.RP:
        raise UsageError(f"served = {served}; expected 0: no demand has a candidate route")
    return pyo.Constraint(expr=sum(m.x[key] for key in m.RP) == served)
