"""The textbook variant of rules C2 to C7: one big-M per "if", as one writes it down first.

It has the same solutions as the rules of ``constraints`` and a far weaker relaxation: it is
there to be compared with. ``M`` and ``K`` are one number for the whole network.
"""

from __future__ import annotations

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from qkdopt.model.variables import KILO, JointModel, fastest, light_on, noise_unit


def declare_noise(m: JointModel) -> None:
    """``u`` piece of the working candidate, ``noise`` and ``k`` of a link, ``z`` of a demand."""
    m.EQS = [(e, q, s) for e, q in m.EQ for s in range(len(m.pieces[e, q].upper))]
    m.u = pyo.Var(m.EQS, domain=pyo.Binary)
    m.noise = pyo.Var(m.E, bounds=(0.0, 1.0))
    m.k = pyo.Var(m.E, bounds=(0.0, fastest_of_all(m)))
    m.z = pyo.Var(m.RP, bounds=(0.0, fastest_of_all(m)))


def fastest_of_all(m: JointModel) -> float:
    """``K``, the highest upper rate of any link [kbit/s]."""
    return max((fastest(m, e) for e in m.E), default=0.0)


def loudest_of_all(m: JointModel) -> float:
    """``M``, more than the noise of any link with everything lit, in units of that link."""
    tables = m.problem.tables
    most = 1.0
    for e, q in m.EQ:
        everything = float(tables.floor[e, q] + tables.noise[e, :, :, q].sum())
        most = max(most, everything / noise_unit(m, e))
    return most


def no_clash(m: JointModel) -> pyo.Constraint:
    r"""(C2) A channel carries one lightpath: :math:`\sum_{(r,p) \ni e} l_{rpw} \le 1`."""
    fibres = m.problem.tables.fibres

    def rule(m: JointModel, e: int, fibre: int, w: int) -> object:
        lit = [m.l[key] for d in (0, 1) if fibres[d] == fibre for key in m.lit[e, d, w]]
        return sum(lit) <= 1 if len(lit) > 1 else pyo.Constraint.Skip

    tables = m.problem.tables
    links, channels = range(len(tables.candidates)), range(tables.usable.shape[2])
    return pyo.Constraint(links, sorted(set(fibres.tolist())), channels, rule=rule)


def dark_guard_band(m: JointModel) -> pyo.Constraint:
    r"""(C3) No light in the guard band of a working candidate: :math:`l_{rpw} \le 1 - y_{eq}`."""
    tables = m.problem.tables
    pairs = [
        (*key, e, q)
        for e, q in m.EQ
        for d in (0, 1)
        if tables.disturbs[e, d]
        for w in range(tables.usable.shape[2])
        if tables.blocks[e, q, w]
        for key in m.lit[e, d, w]
    ]

    def rule(m: JointModel, r: int, p: int, w: int, e: int, q: int) -> object:
        return m.l[r, p, w] + m.y[e, q] <= 1

    return pyo.Constraint(pairs, rule=rule)


def noise_if_working(m: JointModel) -> pyo.Constraint:
    r"""(C5) A link hears what its working candidate hears.

    .. math:: n_e \ge \phi_{eq} + \sum_w c_{eqw} \, lit_{ew} - M (1 - y_{eq})
    """
    tables = m.problem.tables
    light = {e: light_on(m, e) for e in m.E}
    most = loudest_of_all(m)

    def rule(m: JointModel, e: int, q: int) -> object:
        unit = noise_unit(m, e)
        directions, channels, lit = light[e]
        heard = tables.noise[e, directions, channels, q] / unit
        total = LinearExpression(
            linear_coefs=[1.0, -most, *(-heard).tolist()],
            linear_vars=[m.noise[e], m.y[e, q], *lit],
        )
        return (float(tables.floor[e, q]) / unit - most, total, None)

    return pyo.Constraint(m.EQ, rule=rule)


def piece_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""(C5) The noise lies in the chosen piece.

    .. math:: a_s - M (1 - u_{eqs}) \le n_e \le a_{s+1} + M (1 - u_{eqs})
    """
    most = loudest_of_all(m)
    edges = {(e, q): (m.pieces[e, q].edges / noise_unit(m, e)).tolist() for e, q in m.EQ}

    def rule(m: JointModel, e: int, q: int, s: int, side: str) -> object:
        low, high = edges[e, q][s : s + 2]
        if side == "high":
            return m.noise[e] + most * m.u[e, q, s] <= high + most
        return m.noise[e] - most * m.u[e, q, s] >= low - most

    return pyo.Constraint(m.EQS, ["low", "high"], rule=rule)


def rate_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""(C6) The rate is at most the chosen upper piece.

    .. math:: k_e \le \beta_{eqs} + \gamma_{eqs} n_e + K (1 - u_{eqs})
    """
    fast = fastest_of_all(m)

    def rule(m: JointModel, e: int, q: int, s: int) -> object:
        piece, unit = m.pieces[e, q], noise_unit(m, e)
        left, right = piece.edges[s : s + 2] / unit
        high, low = piece.upper[s] / KILO
        slope = float((low - high) / (right - left))
        # The piece goes on as a line to noise 1, where it may be far below zero.
        room = fast + max(0.0, -slope)
        at_zero = float(high) - slope * float(left)
        return m.k[e] - slope * m.noise[e] + room * m.u[e, q, s] <= at_zero + room

    return pyo.Constraint(m.EQS, rule=rule)


def relay_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""(C7) The key passes every link of a chosen route: :math:`z_{rp} \le k_e + K(1 - x_{rp})`."""
    fast = fastest_of_all(m)

    def rule(m: JointModel, e: int, r: int, p: int) -> object:
        return m.z[r, p] - m.k[e] + fast * m.x[r, p] <= fast

    return pyo.Constraint([(e, r, p) for e in m.E for r, p in m.over[e]], rule=rule)
