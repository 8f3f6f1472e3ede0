r"""The load-state formulation: how many lightpaths a link carries, not which channels they take.

Items ``i`` are (link, direction, class) and states ``s`` of a link its loads, as in
:mod:`qkdopt.bounds`. Variables: ``n[p]`` demands on route p of their class, ``h[e, s]``
whether link e is in state s, ``v[i, s]`` lightpaths of item i while its link is in state s, and
``z[p]`` the total key rate of the demands on route p, in units of ``unit_bps``, the highest rate of
any link.

Its optimum bounds that of the joint MILP: wavelength continuity is relaxed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyomo.environ as pyo

from qkdopt.bounds.classes import DemandClass, Relaxation, build_relaxation, demand_classes
from qkdopt.errors import UnsupportedError
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED


class LoadModel(pyo.ConcreteModel):  # type: ignore[misc]
    """Pyomo model with its problem and the arrays of the relaxation."""

    def __init__(self, problem: Problem, relaxation: Relaxation | None = None) -> None:
        super().__init__()
        self.problem = problem
        self.classes: tuple[DemandClass, ...] = demand_classes(problem)
        self.arrays = relaxation or build_relaxation(problem)
        highest = max(
            (float(link_state.rate_bps.max(initial=0.0)) for link_state in self.arrays.states),
            default=0.0,
        )
        self.unit_bps = highest if highest > 0.0 else 1.0


def build_loads(
    problem: Problem,
    *,
    served: int | None,
    require_size: Callable[[int, int], None] | None = None,
    relaxation: Relaxation | None = None,
) -> LoadModel:
    """Build the load-state formulation of a problem.

    Parameters
    ----------
    problem
        The problem.
    served
        Number of demands that are served; None to maximise it instead.
    require_size
        Called with the numbers of rows and columns before they are built; raises where they are
        too many. None for no limit.
    relaxation
        The problem's load states, where they were built before; None builds them.

    Raises
    ------
    UnsupportedError
        The objective is not ``mean``, the relay not ``lightpath``, or a demand has a minimum rate
        or may be moved.
    """
    validate_coverage(problem)
    m = LoadModel(problem, relaxation)
    if require_size is not None:
        require_size(*_size(m))
    declare_variables(m)
    m.l1_demands_of_class = demands_of_class(m)
    m.l2_one_state = one_state(m)
    m.l3_lightpaths_of_item = lightpaths_of_item(m)
    m.l4_load_of_state = load_of_state(m)
    m.l5_only_in_its_state = only_in_its_state(m)
    if problem.staying:
        m.l10_in_place = serves_in_place(m)
    if served is None:
        m.goal = pyo.Objective(expr=sum(m.n[p] for p in m.P), sense=pyo.maximize)
        return m
    m.l6_rate_of_state = rate_of_state(m)
    m.l7_rate_on_route = rate_on_route(m)
    m.l8_number_served = pyo.Constraint(expr=sum(m.n[p] for p in m.P) == served)
    m.goal = pyo.Objective(expr=sum(m.z[p] for p in m.P), sense=pyo.maximize)
    return m


def _size(m: LoadModel) -> tuple[int, int]:
    """Count rows and columns of the formulation with the number served fixed."""
    rel = m.arrays
    states = np.array(
        [len(np.unique(link_state.disturbing)) for link_state in rel.states], dtype=np.int64
    )
    items = rel.item_start[:, 2] - rel.item_start[:, 0]
    routes, links = len(rel.route_class), len(states)
    pairs = int((states * items).sum())
    rows = len(rel.class_count) + links + 2 * int(items.sum()) + int(states.sum()) + pairs
    return rows + routes + 1, 2 * routes + int(states.sum()) + pairs


def validate_coverage(problem: Problem) -> None:
    """Validate that the formulation covers a problem.

    Raises
    ------
    UnsupportedError
        It does not hold for the objective, the relay or a demand's minimum rate.
    """
    faults = []
    if problem.objective != "mean":
        faults.append(f"objective {problem.objective}")
    if problem.instance.qkd.relay != "lightpath" and problem.objective == "mean":
        faults.append(f"relay = {problem.instance.qkd.relay}")
    if problem.movables:
        faults.append("demands in place that may be moved")
    if any(demand.min_skr_bps for demand in problem.instance.demands):
        faults.append("demands with a least key rate")
    if faults:
        raise UnsupportedError(
            f"the load-state formulation does not cover {' and '.join(faults)}; use formulation "
            "joint (docs/solvers.md has the table)"
        )


def declare_variables(m: LoadModel) -> None:
    """Declare ``n``, ``h``, ``v`` and ``z``; states of a link are grouped by disturbing load."""
    rel = m.arrays
    m.P = list(range(len(rel.route_class)))
    m.links = list(range(len(rel.states)))
    m.loads, m.rates = {}, {}
    for e in m.links:
        disturbing = rel.states[e].disturbing
        m.loads[e] = [int(load) for load in np.unique(disturbing)]
        m.rates[e] = [
            float(rel.states[e].rate_bps[disturbing == load].max()) / m.unit_bps
            for load in m.loads[e]
        ]
    m.items_of = {e: range(int(rel.item_start[e, 0]), int(rel.item_start[e, 2])) for e in m.links}
    m.link_of = {i: e for e in m.links for i in m.items_of[e]}
    m.over = {i: [] for i in m.link_of}
    for p in m.P:
        for i in rel.route_item[rel.route_start[p] : rel.route_start[p + 1]].tolist():
            m.over[i].append(p)
    m.n = pyo.Var(m.P, domain=pyo.NonNegativeIntegers, bounds=lambda m, p: (0, _demand_count(m, p)))
    m.h = pyo.Var([(e, s) for e in m.links for s in range(len(m.loads[e]))], domain=pyo.Binary)
    m.v = pyo.Var(
        [(i, s) for i, e in m.link_of.items() for s in range(len(m.loads[e]))],
        bounds=lambda _m, i, _s: (0.0, float(rel.item_limit[i])),
    )
    m.z = pyo.Var(m.P, bounds=lambda m, p: (0.0, _max_route_rate(m, p)))


def demands_of_class(m: LoadModel) -> pyo.Constraint:
    r"""Limit the demands of a class to their number (L1): :math:`\sum_{p \in P(d)} n_p \le D_d`."""
    rel = m.arrays

    def rule(m: LoadModel, d: int) -> object:
        routes = range(int(rel.class_route[d]), int(rel.class_route[d + 1]))
        return sum(m.n[p] for p in routes) <= int(rel.class_count[d])

    return pyo.Constraint(range(len(rel.class_count)), rule=rule)


def serves_in_place(m: LoadModel) -> pyo.Constraint:
    r"""Serve the demands whose light is in place (L10): :math:`n_p = 1` on their routes."""
    classes = [d for d, group in enumerate(m.classes) if m.problem.stays(group.demands[0])]
    return pyo.Constraint(classes, rule=lambda m, d: m.n[int(m.arrays.class_route[d])] == 1)


def one_state(m: LoadModel) -> pyo.Constraint:
    r"""Choose one state of a link (L2): :math:`\sum_s h_{es} = 1`."""

    def rule(m: LoadModel, e: int) -> object:
        return sum(m.h[e, s] for s in range(len(m.loads[e]))) == 1

    return pyo.Constraint(m.links, rule=rule)


def lightpaths_of_item(m: LoadModel) -> pyo.Constraint:
    r"""Count lightpaths by states (L3): :math:`\sum_s v_{is} = b_i \sum_{p \ni i} n_p`."""
    rel = m.arrays

    def rule(m: LoadModel, i: int) -> object:
        channels = int(rel.class_channels[rel.item_class[i]])
        states = range(len(m.loads[m.link_of[i]]))
        routed = sum(m.n[p] for p in m.over[i])
        return sum(m.v[i, s] for s in states) - channels * routed == 0

    return pyo.Constraint(list(m.link_of), rule=rule)


def load_of_state(m: LoadModel) -> pyo.Constraint:
    r"""Fix the load of a state (L4): :math:`\sum_i v_{is} = m_s h_{es}`, in the quantum fibre."""

    def rule(m: LoadModel, e: int, s: int) -> object:
        disturbing = [i for i in m.items_of[e] if _in_quantum_fibre(m, e, i)]
        return sum(m.v[i, s] for i in disturbing) - m.loads[e][s] * m.h[e, s] == 0

    return pyo.Constraint(list(m.h), rule=rule)


def only_in_its_state(m: LoadModel) -> pyo.Constraint:
    r"""Restrict lightpaths to the chosen state (L5): :math:`v_{is} \le \min(b_i D_i, m_s) h_{es}`.

    In the other fibre of a pair the load does not count, and the minimum is the first.
    """
    rel = m.arrays

    def rule(m: LoadModel, i: int, s: int) -> object:
        e = m.link_of[i]
        limit = int(rel.item_limit[i])
        if _in_quantum_fibre(m, e, i):
            limit = min(limit, m.loads[e][s])
        return m.v[i, s] - limit * m.h[e, s] <= 0

    return pyo.Constraint(list(m.v), rule=rule)


def rate_of_state(m: LoadModel) -> pyo.Constraint:
    r"""Limit key rates to the rate of the link's state (L6).

    .. math:: \sum_{p \ni i} z_p \le \tfrac{1}{b_i} \sum_s g_{es} v_{is}
    """
    rel = m.arrays

    def rule(m: LoadModel, i: int) -> object:
        rates = m.rates[m.link_of[i]]
        channels = int(rel.class_channels[rel.item_class[i]])
        offered = sum(rates[s] * m.v[i, s] for s in range(len(rates)))
        return channels * sum(m.z[p] for p in m.over[i]) - offered <= 0

    return pyo.Constraint(list(m.link_of), rule=rule)


def rate_on_route(m: LoadModel) -> pyo.Constraint:
    r"""Restrict key of a route to its demands (L7): :math:`z_p \le K_p n_p`."""

    def rule(m: LoadModel, p: int) -> object:
        return m.z[p] - _max_route_rate(m, p) / max(1, _demand_count(m, p)) * m.n[p] <= 0

    return pyo.Constraint(m.P, rule=rule)


def has_key(m: LoadModel) -> bool:
    """Return whether any route has key at any load."""
    return any(_max_route_rate(m, p) > 0.0 for p in m.P)


def routes_of_model(m: LoadModel) -> list[int]:
    """Read the candidate route of every demand; demands of a class are interchangeable."""
    routes = [BLOCKED] * len(m.problem.routes)
    for d, group in enumerate(m.classes):
        unrouted = list(group.demands)
        first = int(m.arrays.class_route[d])
        for number in range(len(group.routes)):
            for _ in range(round(m.n[first + number].value or 0.0)):
                routes[unrouted.pop(0)] = number
    return routes


def _demand_count(m: LoadModel, p: int) -> int:
    return int(m.arrays.class_count[m.arrays.route_class[p]])


def _max_route_rate(m: LoadModel, p: int) -> float:
    """Return the highest total key rate of a class's demands on a route, lit by one of them."""
    rel = m.arrays
    if not rel.route_key[p]:
        return 0.0
    items = rel.route_item[rel.route_start[p] : rel.route_start[p + 1]].tolist()
    min_rate: float = min(_max_item_rate(m, i) for i in items)
    return _demand_count(m, p) * min_rate


def _max_item_rate(m: LoadModel, i: int) -> float:
    e = m.link_of[i]
    own_load = (
        int(m.arrays.class_channels[m.arrays.item_class[i]]) if _in_quantum_fibre(m, e, i) else 0
    )
    pairs = zip(m.loads[e], m.rates[e], strict=True)
    return max((rate for load, rate in pairs if load >= own_load), default=0.0)


def _in_quantum_fibre(m: LoadModel, e: int, i: int) -> bool:
    """Return whether an item's lightpaths are in the quantum signal's fibre."""
    rel = m.arrays
    return rel.states[e].shared_fibre or i < int(rel.item_start[e, 1])


def cut_off(m: LoadModel, limit: float | None, upper_bound: float) -> None:
    r"""Limit the value of the routing in the variables to what was proved for it (L9).

    .. math:: \sum_p z_p \le V + (B - V) \sum_p w_p, \qquad
        n_p \le D - (D - n^*_p + 1) w_p \quad \text{for } n^*_p \ge 1

    With the number served fixed, another routing sends fewer demands over some route, which a
    binary ``w`` says. (Logic-based Benders cuts: Hooker and Ottosson, Mathematical Programming
    96, 33, 2003.)

    Parameters
    ----------
    m
        The solved model.
    limit
        :math:`V`, limit on this routing in units of ``m.unit_bps``; None where it has no
        wavelengths: then :math:`\sum_p w_p \ge 1`.
    upper_bound
        :math:`B`, limit on every routing in the same unit.
    """
    if not hasattr(m, "l9_cuts"):
        m.l9_cuts = pyo.Block(pyo.NonNegativeIntegers, concrete=True)
    block = m.l9_cuts[len(m.l9_cuts)]
    used = {p: round(m.n[p].value or 0.0) for p in m.P}
    used = {p: count for p, count in used.items() if count > 0}
    block.w = pyo.Var(list(used), domain=pyo.Binary, initialize=0)
    block.fewer = pyo.Constraint(
        list(used),
        rule=lambda b, p: (
            m.n[p] + (_demand_count(m, p) - used[p] + 1) * b.w[p] <= _demand_count(m, p)
        ),
    )
    departures = sum(block.w[p] for p in used)
    if limit is None:
        block.another = pyo.Constraint(expr=departures >= 1)
        return
    margin = max(0.0, upper_bound - limit)
    block.value_limit = pyo.Constraint(expr=sum(m.z[p] for p in m.P) - margin * departures <= limit)
