r"""The joint MILP that also chooses the links with QKD equipment (rule C21).

Binaries ``i[e]`` say whether a link has QKD equipment, ``s[v]`` whether a node has any. All demands
are served with light, every need is met in full, and the price of the equipment is minimised. A
link without equipment has no working candidate: no guard band, and no key (C6).

Linearised rates are never below the exact ones, so that the least price of the model is no more
than the least price there is; whether the links chosen are enough, exact rates have to say.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC

from qkdopt.milp import constraints
from qkdopt.milp.linearise import Linearised
from qkdopt.milp.plans import HALF
from qkdopt.milp.shared_keys import key_flows, key_of_demand, key_of_link, needs_in_units
from qkdopt.milp.variables import (
    JointModel,
    declare_lightpaths,
    declare_moves,
    declare_rates,
    declare_working,
)
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import MET
from qkdopt.result.dimensioning import EquipmentPrices

# Needs are lowered by this in the unit of rate: a solver's tolerance takes no plan away.
NEED_MARGIN = 2e-6


def build_installation(
    problem: Problem, segments: dict[tuple[int, int], Linearised], prices: EquipmentPrices
) -> JointModel:
    """Build the joint MILP of links with QKD equipment, for the least price.

    Parameters
    ----------
    problem
        The problem with QKD on every link that may have it, by
        :func:`qkdopt.problem.open_channels.with_open_channels`.
    segments
        Linearised key rates, by (link, candidate).
    prices
        What equipment costs; the unit of the objective is ``price_unit``.
    """
    with PauseGC():
        return _assemble(problem, segments, prices)


def _assemble(
    problem: Problem, segments: dict[tuple[int, int], Linearised], prices: EquipmentPrices
) -> JointModel:
    m = JointModel(problem, segments, served=len(problem.routes))
    declare_lightpaths(m)
    declare_working(m)
    declare_rates(m)
    declare_installation(m, prices)
    m.c1_one_route = constraints.one_route(m)
    m.c1_channels_of_route = constraints.channels_of_route(m)
    m.c2_one_lightpath = constraints.one_lightpath(m)
    m.c5_one_piece = constraints.one_piece(m)
    m.c5_piece_range = constraints.piece_range(m)
    m.c5_noise_of_link = constraints.noise_of_link(m)
    m.c6_rate_of_link = constraints.rate_of_link(m)
    m.c7_rate_on_route = constraints.rate_on_route(m)
    m.c9_number_served = constraints.number_served(m, len(problem.routes))
    if problem.staying or problem.movables:
        m.c17_in_place = constraints.serves_in_place(m)
    if problem.movables and problem.moves_limit is not None:
        declare_moves(m)
        m.c18_moved = constraints.moved_from_place(m)
        m.c18_number_moved = constraints.number_moved(m)
    flow = problem.instance.qkd.relay == "flow"
    m.c19_shared = key_flows(m) if flow else key_of_link(m)
    m.c21_working = installed_candidate(m)
    m.c21_site = site_of_link(m)
    m.c21_needs = needs_in_full(m)
    m.c21_key = key_paths(m) if flow else key_where_installed(m)
    m.c21_other_links = pyo.ConstraintList()
    m.goal = least_price(m)
    return m


def declare_installation(m: JointModel, prices: EquipmentPrices) -> None:
    """Declare ``i[e]`` link with equipment and ``s[v]`` node with equipment, and their prices."""
    links = m.problem.instance.network.links
    m.V = sorted({end for e in m.E for end in (links[e].a, links[e].b)}, key=str)
    m.i = pyo.Var(m.E, domain=pyo.Binary)
    m.s = pyo.Var(m.V, domain=pyo.Binary)
    highest = max([prices.site, *(prices.of_link(links[e].id) for e in m.E)])
    m.price_unit = highest or 1.0
    m.link_price = {e: prices.of_link(links[e].id) / m.price_unit for e in m.E}
    m.site_price = prices.site / m.price_unit


def installed_candidate(m: JointModel) -> pyo.Constraint:
    r"""Choose a QKD channel on a link with equipment only (C21): :math:`\sum_q y_{eq} = i_e`."""

    def rule(m: JointModel, e: int) -> object:
        candidates = range(len(m.problem.tables.candidates[e]))
        return sum(m.y[e, q] for q in candidates) - m.i[e] == 0

    return pyo.Constraint(m.E, rule=rule)


def site_of_link(m: JointModel) -> pyo.Constraint:
    r"""Count the nodes at the ends of a link with equipment (C21): :math:`i_e \le s_v`."""
    links = m.problem.instance.network.links
    ends = [(e, node) for e in m.E for node in (links[e].a, links[e].b)]
    return pyo.Constraint(ends, rule=lambda m, e, node: m.i[e] - m.s[node] <= 0)


def needs_in_full(m: JointModel) -> pyo.Constraint:
    r"""Meet every need (C21): :math:`\sum_p z_{rp} \ge d_r`.

    A need counts as met by all but a millionth of it, as everywhere.
    """
    needs = MET * needs_in_units(m) - NEED_MARGIN

    def rule(m: JointModel, r: int) -> object:
        if not m.problem.routes[r] or needs[r] <= 0.0:
            return pyo.Constraint.Skip
        return key_of_demand(m, r) >= float(needs[r])

    return pyo.Constraint(m.R, rule=rule)


def asking(m: JointModel) -> list[int]:
    """Return the demands that ask for key and have a route."""
    return [r for r in m.R if m.problem.needs.rate_bps[r] > 0.0 and m.problem.routes[r]]


def has_rate(m: JointModel, e: int, rate_bps: float) -> Any:
    """Return 1 where a link works in a segment that reaches a rate and has key, 0 elsewhere.

    Parameters
    ----------
    m
        The model.
    e
        Position of the link.
    rate_bps
        Rate that the segment has to reach [bit/s].
    """
    return sum(
        m.u[e, q, s]
        for q in range(len(m.problem.tables.candidates[e]))
        for s, rates in enumerate(m.segments[e, q].upper)
        if rates.max() > 0.0 and rates.max() >= rate_bps
    )


def key_where_installed(m: JointModel) -> pyo.Constraint:
    r"""Relay a key over links only that have as much (C21), ``relay = lightpath``.

    .. math:: \sum_{p \ni e} x_{rp} \le \sum_{q,s:\, g_{eqs} \ge d_r} u_{eqs}

    A link without equipment is in no segment at all. C6 and C19 imply the rule up to a solver's
    tolerance.
    """
    pairs = [(e, r) for r in asking(m) for e in range(len(m.problem.tables.candidates))]
    needs = MET * m.problem.needs.rate_bps

    def rule(m: JointModel, e: int, r: int) -> object:
        routes = [m.x[r, p] for demand, p in m.over[e] if demand == r]
        if not routes:
            return pyo.Constraint.Skip
        return sum(routes) - (has_rate(m, e, float(needs[r])) if e in m.i else 0) <= 0

    return pyo.Constraint(pairs, rule=rule)


def key_paths(m: JointModel) -> pyo.Block:
    r"""Join the ends of every demand with key by links that have some (C21), ``relay = flow``.

    A unit of flow ``a`` from end to end, one for demands with the same ends:

    .. math:: a_{re} + a_{r\bar e} \le \sum_{q,s:\, g_{eqs} > 0} u_{eqs}
    """
    instance, links = m.problem.instance, m.problem.instance.network.links
    ends = {frozenset((instance.demands[r].source, instance.demands[r].target)) for r in asking(m)}
    pairs = sorted((tuple(sorted(pair, key=str)) for pair in ends), key=str)
    block = pyo.Block(concrete=True)
    block.a = pyo.Var(range(len(pairs)), m.E, [0, 1], bounds=(0.0, 1.0))
    block.rows = pyo.ConstraintList()
    for number, (first, last) in enumerate(pairs):
        for e in m.E:
            carried = block.a[number, e, 0] + block.a[number, e, 1]
            block.rows.add(carried - has_rate(m, e, 0.0) <= 0)
        for node in instance.network.nodes:
            out = sum(
                (1 if links[e].a == node.id else -1)
                * (block.a[number, e, 0] - block.a[number, e, 1])
                for e in m.E
                if node.id in (links[e].a, links[e].b)
            )
            net = (node.id == first) - (node.id == last)
            if not isinstance(out, int):
                block.rows.add(out == net)
            elif net:
                # No link with QKD reaches an end of the demand.
                block.never = pyo.Var(bounds=(0.0, 0.0))
                block.rows.add(block.never >= 1)
                return block
    return block


def least_price(m: JointModel) -> pyo.Objective:
    r"""Minimise the price (C21): :math:`\sum_e c_e i_e + \sum_v c_s s_v`."""
    pairs = sum(m.link_price[e] * m.i[e] for e in m.E)
    return pyo.Objective(expr=pairs + sum(m.site_price * m.s[v] for v in m.V), sense=pyo.minimize)


def exclude_links(m: JointModel, installed: frozenset[int]) -> None:
    r"""Exclude one choice of links (C21).

    .. math:: \sum_{e \in S} (1 - i_e) + \sum_{e \notin S} i_e \ge 1
    """
    m.c21_other_links.add(sum((1 - m.i[e]) if e in installed else m.i[e] for e in m.E) >= 1)


def installed_links(m: JointModel) -> frozenset[int]:
    """Read which links of a solved model have equipment."""
    return frozenset(e for e in m.E if m.i[e].value is not None and m.i[e].value > HALF)
