"""The textbook variant of rules C2 to C7: one big-M per "if", as one writes it down first.

It has the same solutions as the rules of ``constraints`` and a far weaker relaxation: it is
there to be compared with. ``K`` is one number for the whole network, ``M`` one for each link.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from qkdopt.milp.scales import PieceGroup
from qkdopt.milp.variables import (
    JointModel,
    declare_pieces,
    fastest,
    light_on,
    most_heard,
    upper_pieces,
)


def declare_noise(m: JointModel) -> None:
    """``u`` piece of the working candidate, ``n`` noise in it, ``noise`` and ``k`` of a link.

    ``noise`` is what the working candidate hears above its background, in units of
    :func:`loudest_piece`.
    """
    declare_pieces(m)
    m.noise = pyo.Var(m.E, bounds=lambda m, e: (0.0, most_of_link(m, e)))
    m.k = pyo.Var(m.E, bounds=(0.0, fastest_of_all(m)))
    m.z = pyo.Var(m.RP, bounds=(0.0, fastest_of_all(m)))


def fastest_of_all(m: JointModel) -> float:
    """``K``, the highest upper rate of any link."""
    return max((fastest(m, e) for e in m.E), default=0.0)


def loudest_piece(m: JointModel, e: int) -> float:
    """Clicks per gate that count as one on a link: where the key of its last candidate ends."""
    ends = [group.unit for q in _candidates(m, e) for group in m.groups[e, q]]
    return max(ends, default=1.0)


def most_of_link(m: JointModel, e: int) -> float:
    """``M``, the noise of a link with everything lit, whatever works; at least that of a piece."""
    unit = loudest_piece(m, e)
    return max([1.0, *(most_heard(m, e, q, _whole_curve(unit)) for q in _candidates(m, e))])


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
    r"""(C5) A link hears what its working candidate hears above its background.

    .. math:: n_e \ge \sum_w c_{eqw} \, lit_{ew} - M_e (1 - y_{eq})
    """
    tables = m.problem.tables
    light = {e: light_on(m, e) for e in m.E}

    def rule(m: JointModel, e: int, q: int) -> object:
        most = most_of_link(m, e)
        directions, channels, lit = light[e]
        free = np.flatnonzero(~tables.blocks[e, q, channels]).tolist()
        group = _whole_curve(loudest_piece(m, e))
        heard = group.coefficients(tables.noise[e, directions, channels, q])
        total = LinearExpression(
            linear_coefs=[1.0, -most, *(-heard[free]).tolist()],
            linear_vars=[m.noise[e], m.y[e, q], *(lit[i] for i in free)],
        )
        return (-most, total, None)

    return pyo.Constraint(m.EQ, rule=rule)


def piece_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""(C5) The noise is at most where it lies in the chosen piece; without key it is free.

    .. math:: n_e \le a_s + \Delta_s n_{eqs} + M_e (1 - u_{eqs})
    """
    with_key = [(e, q, s) for e, q in m.EQ for group in m.groups[e, q] for s in group.pieces]

    def rule(m: JointModel, e: int, q: int, s: int) -> object:
        unit, most = loudest_piece(m, e), most_of_link(m, e)
        group = next(group for group in m.groups[e, q] if s in group.pieces)
        place = s - group.pieces.start
        left, width = (float(a[place]) * group.unit / unit for a in (group.left, group.width))
        inside = width * m.n[e, q, s]
        return m.noise[e] - inside + most * m.u[e, q, s] <= left + most

    return pyo.Constraint(with_key, rule=rule)


def rate_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""(C6) The rate is at most the chosen upper piece.

    .. math:: k_e \le g_{eqs} + (g'_{eqs} - g_{eqs}) n_{eqs} + K (1 - u_{eqs})

    with ``g`` and ``g'`` the upper piece at its left and right edge.
    """
    fast = fastest_of_all(m)

    def rule(m: JointModel, e: int, q: int, s: int) -> object:
        high, low = upper_pieces(m, e, q)[s]
        # Where the piece is not chosen its own fall must not be felt.
        free = fast + max(0.0, high - low)
        return m.k[e] + (high - low) * m.n[e, q, s] + free * m.u[e, q, s] <= high + free

    return pyo.Constraint(m.EQS, rule=rule)


def relay_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""(C7) The key passes every link of a chosen route: :math:`z_{rp} \le k_e + K(1 - x_{rp})`."""
    fast = fastest_of_all(m)

    def rule(m: JointModel, e: int, r: int, p: int) -> object:
        return m.z[r, p] - m.k[e] + fast * m.x[r, p] <= fast

    return pyo.Constraint([(e, r, p) for e in m.E for r, p in m.over[e]], rule=rule)


def _candidates(m: JointModel, e: int) -> range:
    return range(len(m.problem.tables.candidates[e]))


def _whole_curve(unit: float) -> PieceGroup:
    """Return one unit of noise for all pieces of all candidates: the textbook has no groups."""
    return PieceGroup(range(0), unit, np.zeros(0), np.zeros(0))
