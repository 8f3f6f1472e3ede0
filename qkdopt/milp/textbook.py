"""The textbook variant of rules C2 to C7: one big-M per "if".

It has the same solutions as the rules of ``constraints`` and a far weaker relaxation: it serves as
a reference for comparison. ``K`` is one number for the whole network, ``M`` one for each link.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from qkdopt.milp.scales import SegmentGroup
from qkdopt.milp.variables import (
    JointModel,
    coupled_lightpaths,
    declare_segments,
    max_link_rate,
    max_lit_noise,
    upper_segments,
)


def declare_noise(m: JointModel) -> None:
    """Declare ``u`` segment, ``n`` noise in it, and ``noise`` and rate ``k`` of a link.

    ``noise`` is the working candidate's noise above its background, in units of
    :func:`noise_unit`.
    """
    declare_segments(m)
    m.noise = pyo.Var(m.E, bounds=lambda m, e: (0.0, max_link_noise(m, e)))
    m.k = pyo.Var(m.E, bounds=(0.0, max_network_rate(m)))
    most = max_network_rate(m)
    if m.problem.instance.qkd.relay == "flow":
        most *= max(1, len(m.E))
    m.z = pyo.Var(m.RP, bounds=(0.0, most))


def max_network_rate(m: JointModel) -> float:
    """Return ``K``, the highest upper rate of any link."""
    return max((max_link_rate(m, e) for e in m.E), default=0.0)


def noise_unit(m: JointModel, e: int) -> float:
    """Return a link's unit of noise [clicks per gate]: where the key of its last candidate ends."""
    units = [group.unit for q in _candidates(m, e) for group in m.groups[e, q]]
    return max(units, default=1.0)


def max_link_noise(m: JointModel, e: int) -> float:
    """Return ``M``, a link's noise with all channels lit; at least that of a segment."""
    unit = noise_unit(m, e)
    return max([1.0, *(max_lit_noise(m, e, q, _whole_curve(unit)) for q in _candidates(m, e))])


def no_clash(m: JointModel) -> pyo.Constraint:
    r"""Limit a channel to one lightpath (C2): :math:`\sum_{(r,p) \ni e} l_{rpw} \le 1`."""
    fibres = m.problem.tables.fibres

    def rule(m: JointModel, e: int, fibre: int, w: int) -> object:
        lit = [
            m.l[key]
            for direction in (0, 1)
            if fibres[direction] == fibre
            for key in m.lit[e, direction, w]
        ]
        return sum(lit) <= 1 if len(lit) > 1 else pyo.Constraint.Skip

    tables = m.problem.tables
    links, channels = range(len(tables.candidates)), range(tables.usable.shape[2])
    return pyo.Constraint(links, sorted(set(fibres.tolist())), channels, rule=rule)


def dark_guard_band(m: JointModel) -> pyo.Constraint:
    r"""Keep the guard band of a working candidate dark (C3): :math:`l_{rpw} \le 1 - y_{eq}`."""
    tables = m.problem.tables
    pairs = [
        (*key, e, q)
        for e, q in m.EQ
        for direction in (0, 1)
        if tables.in_quantum_fibre[e, direction]
        for w in range(tables.usable.shape[2])
        if tables.blocks[e, q, w]
        for key in m.lit[e, direction, w]
    ]

    def rule(m: JointModel, r: int, p: int, w: int, e: int, q: int) -> object:
        return m.l[r, p, w] + m.y[e, q] <= 1

    return pyo.Constraint(pairs, rule=rule)


def noise_if_working(m: JointModel) -> pyo.Constraint:
    r"""Give a link the noise of its working candidate above its background (C5).

    .. math:: n_e \ge \sum_w c_{eqw} \, lit_{ew} - M_e (1 - y_{eq})
    """
    tables = m.problem.tables
    lightpaths = {e: coupled_lightpaths(m, e) for e in m.E}

    def rule(m: JointModel, e: int, q: int) -> object:
        max_noise = max_link_noise(m, e)
        directions, channels, lit = lightpaths[e]
        outside = np.flatnonzero(~tables.blocks[e, q, channels]).tolist()
        group = _whole_curve(noise_unit(m, e))
        coefficients = group.coefficients(tables.noise[e, directions, channels, q])
        total = LinearExpression(
            linear_coefs=[1.0, -max_noise, *(-coefficients[outside]).tolist()],
            linear_vars=[m.noise[e], m.y[e, q], *(lit[i] for i in outside)],
        )
        return (-max_noise, total, None)

    return pyo.Constraint(m.EQ, rule=rule)


def piece_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""Limit the noise to its position in the chosen segment; without key it is free (C5).

    .. math:: n_e \le a_s + \Delta_s n_{eqs} + M_e (1 - u_{eqs})
    """
    with_key = [(e, q, s) for e, q in m.EQ for group in m.groups[e, q] for s in group.segments]

    def rule(m: JointModel, e: int, q: int, s: int) -> object:
        unit, max_noise = noise_unit(m, e), max_link_noise(m, e)
        group = next(group for group in m.groups[e, q] if s in group.segments)
        position = s - group.segments.start
        left, width = (float(a[position]) * group.unit / unit for a in (group.left, group.width))
        noise = width * m.n[e, q, s]
        return m.noise[e] - noise + max_noise * m.u[e, q, s] <= left + max_noise

    return pyo.Constraint(with_key, rule=rule)


def rate_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""Limit the rate to the chosen upper segment (C6).

    .. math:: k_e \le g_{eqs} + (g'_{eqs} - g_{eqs}) n_{eqs} + K (1 - u_{eqs})

    with ``g`` and ``g'`` the upper segment at its left and right edge.
    """
    max_rate = max_network_rate(m)

    def rule(m: JointModel, e: int, q: int, s: int) -> object:
        high, low = upper_segments(m, e, q)[s]
        # Where the segment is not chosen its slope must not count.
        slack = max_rate + max(0.0, high - low)
        return m.k[e] + (high - low) * m.n[e, q, s] + slack * m.u[e, q, s] <= high + slack

    return pyo.Constraint(m.EQS, rule=rule)


def relay_if_chosen(m: JointModel) -> pyo.Constraint:
    r"""Limit a key rate to every chosen link (C7): :math:`z_{rp} \le k_e + K(1 - x_{rp})`."""
    max_rate = max_network_rate(m)

    def rule(m: JointModel, e: int, r: int, p: int) -> object:
        return m.z[r, p] - m.k[e] + max_rate * m.x[r, p] <= max_rate

    return pyo.Constraint([(e, r, p) for e in m.E for r, p in m.over[e]], rule=rule)


def _candidates(m: JointModel, e: int) -> range:
    return range(len(m.problem.tables.candidates[e]))


def _whole_curve(unit: float) -> SegmentGroup:
    """Return one unit of noise for all segments of all candidates: the textbook has no groups."""
    return SegmentGroup(range(0), unit, np.zeros(0), np.zeros(0))
