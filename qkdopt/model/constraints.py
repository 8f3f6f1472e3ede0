"""The numbered rules of the joint MILP, one function each (``docs/model.md``)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from qkdopt.model.variables import KILO, JointModel, fastest, light_on, noise_unit


def one_route(m: JointModel) -> pyo.Constraint:
    r"""(C1) A served demand has one route: :math:`\sum_p x_{rp} \le 1`."""

    def rule(m: JointModel, r: int) -> object:
        routes = range(len(m.problem.routes[r]))
        if not routes:
            return pyo.Constraint.Skip
        return sum(m.x[r, p] for p in routes) <= 1

    return pyo.Constraint(m.R, rule=rule)


def channels_of_route(m: JointModel) -> pyo.Constraint:
    r"""(C1) ... and its channels on it: :math:`\sum_w l_{rpw} = b_r x_{rp}`."""

    def rule(m: JointModel, r: int, p: int) -> object:
        lit = sum(m.l[r, p, w] for w in m.channels[r, p])
        return lit - m.problem.instance.demands[r].channels * m.x[r, p] == 0

    return pyo.Constraint(m.RP, rule=rule)


def one_lightpath(m: JointModel, links: Iterable[int] | None = None) -> pyo.Constraint:
    r"""(C2), (C3) A channel of a fibre is dark, or carries one lightpath.

    .. math:: \sum_{(r,p) \ni e} l_{rpw} + \sum_{q:\, w \in G(q)} y_{eq} \le 1

    One sum serves clash and guard band: exactly one candidate works, so the working
    channels whose guard band ``G(q)`` covers ``w`` count at most once. The second sum is
    there only in the quantum signal's fibre. ``links`` are those that have the rule, all by
    default.
    """
    tables = m.problem.tables
    fibres = sorted(set(tables.fibres.tolist()))

    def rule(m: JointModel, e: int, fibre: int, w: int) -> object:
        senses = [d for d in (0, 1) if tables.fibres[d] == fibre]
        lit = [m.l[key] for d in senses for key in m.lit[e, d, w]]
        quantum = any(tables.disturbs[e, d] for d in senses)
        count = tables.candidate_count[e] if quantum else 0
        reserved = [m.y[e, q] for q in range(count) if tables.blocks[e, q, w]]
        if not lit or len(lit) + len(reserved) < 2:
            return pyo.Constraint.Skip
        return sum(lit) + sum(reserved) <= 1

    chosen = range(len(tables.candidates)) if links is None else links
    return pyo.Constraint(chosen, fibres, range(tables.usable.shape[2]), rule=rule)


def one_working(m: JointModel) -> pyo.Constraint:
    r"""(C4) One QKD channel works on every link with QKD: :math:`\sum_q y_{eq} = 1`."""

    def rule(m: JointModel, e: int) -> object:
        return sum(m.y[e, q] for q in range(len(m.problem.tables.candidates[e]))) == 1

    return pyo.Constraint(m.E, rule=rule)


def one_piece(m: JointModel) -> pyo.Constraint:
    r"""(C5) The working candidate's noise lies in one piece: :math:`\sum_s u_{eqs} = y_{eq}`."""

    def rule(m: JointModel, e: int, q: int) -> object:
        return sum(m.u[e, q, s] for s in range(len(m.pieces[e, q].upper))) - m.y[e, q] == 0

    return pyo.Constraint(m.EQ, rule=rule)


def piece_range(m: JointModel) -> pyo.Constraint:
    r"""(C5) ... between its edges: :math:`a_s u_{eqs} \le n_{eqs} \le a_{s+1} u_{eqs}`."""
    edges = {(e, q): (m.pieces[e, q].edges / noise_unit(m, e)).tolist() for e, q in m.EQ}

    def rule(m: JointModel, e: int, q: int, s: int, side: str) -> object:
        low, high = edges[e, q][s : s + 2]
        if side == "low" and low == 0.0:
            return pyo.Constraint.Skip
        edge = high if side == "high" else low
        row = LinearExpression(linear_coefs=[1.0, -edge], linear_vars=[m.n[e, q, s], m.u[e, q, s]])
        return (None, row, 0.0) if side == "high" else (0.0, row, None)

    return pyo.Constraint(m.EQS, ["low", "high"], rule=rule)


def noise_of_link(m: JointModel) -> pyo.Constraint:
    r"""(C5) The working candidate sees the noise of every lit channel.

    .. math:: \sum_s n_{eqs} \ge \phi_{eq} y_{eq} + \sum_w c_{eqw} \, lit_{ew}
        - (M_{eq} - \phi_{eq}) (1 - y_{eq})

    ``M`` is the noise at which the pieces end, the smallest that is always valid: with everything
    lit that may be, or on given routes with the dearest channels of their load.
    """
    tables = m.problem.tables
    light = {e: light_on(m, e) for e in m.E}

    def rule(m: JointModel, e: int, q: int) -> object:
        unit = noise_unit(m, e)
        floor = float(tables.floor[e, q]) / unit
        most = float(m.pieces[e, q].edges[-1]) / unit - floor
        directions, channels, lit = light[e]
        heard = tables.noise[e, directions, channels, q] / unit
        free = np.flatnonzero(~tables.blocks[e, q, channels]).tolist()
        pieces = range(len(m.pieces[e, q].upper))
        # A sum of a thousand terms: Pyomo's own sum of products takes several times as long.
        total = LinearExpression(
            linear_coefs=[1.0] * len(pieces) + [-floor - most] + (-heard[free]).tolist(),
            linear_vars=[m.n[e, q, s] for s in pieces] + [m.y[e, q]] + [lit[i] for i in free],
        )
        return (-most, total, None)

    return pyo.Constraint(m.EQ, rule=rule)


def rate_of_link(m: JointModel) -> pyo.Constraint:
    r"""(C6) A link's rate is at most the upper piece at its noise.

    .. math:: k_e \le \sum_{q,s} (\beta_{eqs} u_{eqs} + \gamma_{eqs} n_{eqs})
    """

    def rule(m: JointModel, e: int) -> object:
        unit = noise_unit(m, e)
        total = 0
        for q in range(len(m.problem.tables.candidates[e])):
            piece = m.pieces[e, q]
            for s in range(len(piece.upper)):
                left, right = piece.edges[s] / unit, piece.edges[s + 1] / unit
                high, low = piece.upper[s] / KILO
                slope = float((low - high) / (right - left))
                total += (float(high) - slope * float(left)) * m.u[e, q, s]
                total += slope * m.n[e, q, s]
        return m.k[e] - total <= 0

    return pyo.Constraint(m.E, rule=rule)


def rate_on_route(m: JointModel) -> pyo.Constraint:
    r"""(C7) Only the chosen route brings key: :math:`z_{rp} \le K_{rp} x_{rp}`."""

    def rule(m: JointModel, r: int, p: int) -> object:
        return m.z[r, p] - m.z[r, p].ub * m.x[r, p] <= 0

    return pyo.Constraint(m.RP, rule=rule)


def relay_on_lightpath(m: JointModel) -> pyo.Constraint:
    r"""(C7) The key passes every link of the route: :math:`\sum_{p \ni e} z_{rp} \le k_e`."""

    def rule(m: JointModel, e: int, r: int) -> object:
        routes = [p for demand, p in m.over[e] if demand == r]
        if not routes:
            return pyo.Constraint.Skip
        return sum(m.z[r, p] for p in routes) - m.k[e] <= 0

    return pyo.Constraint(m.E, m.R, rule=rule)


def relay_widest(m: JointModel) -> pyo.Block:
    r"""(C7) The key takes any relay route: a unit of flow ``a`` over links with QKD.

    .. math:: z_r \le k_e + K (1 - a_{re}), \qquad z_r \le K v_r

    with ``a`` carrying ``v_r`` units from source to target.
    """
    problem, links = m.problem, m.problem.instance.network.links
    block = pyo.Block(concrete=True)
    most = max((fastest(m, e) for e in m.E), default=0.0)
    block.v = pyo.Var(m.R, domain=pyo.Binary)
    block.a = pyo.Var(m.R, m.E, [0, 1], domain=pyo.Binary)
    block.rows = pyo.ConstraintList()
    for r in m.R:
        demand = problem.instance.demands[r]
        rate = sum(m.z[r, p] for p in range(len(problem.routes[r])))
        block.rows.add(rate - most * block.v[r] <= 0)
        for e in m.E:
            carried = block.a[r, e, 0] + block.a[r, e, 1]
            block.rows.add(rate - m.k[e] + most * carried <= most)
        for node in problem.instance.network.nodes:
            net = (node.id == demand.source) - (node.id == demand.target)
            out = sum(
                (1 if links[e].a == node.id else -1) * (block.a[r, e, 0] - block.a[r, e, 1])
                for e in m.E
                if node.id in (links[e].a, links[e].b)
            )
            block.rows.add(out - net * block.v[r] == 0)
    return block


def least_rate(m: JointModel) -> pyo.Constraint:
    r"""(C8) A demand with a floor is served only above it: :math:`z_r \ge f_r \sum_p x_{rp}`."""

    def rule(m: JointModel, r: int) -> object:
        floor = m.problem.instance.demands[r].min_skr_bps
        routes = range(len(m.problem.routes[r]))
        if not floor or not routes:
            return pyo.Constraint.Skip
        return sum(m.z[r, p] - floor / KILO * m.x[r, p] for p in routes) >= 0

    return pyo.Constraint(m.R, rule=rule)


def number_served(m: JointModel, served: int) -> pyo.Constraint:
    r"""(C9) Exactly S demands are served: :math:`\sum_{rp} x_{rp} = S`."""
    return pyo.Constraint(expr=sum(m.x[key] for key in m.RP) == served)
