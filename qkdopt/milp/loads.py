r"""The load-state formulation: how many lightpaths a link carries, not which channels they take.

Items ``i`` are (link, sense, class) and states ``s`` of a link its loads, as in
:mod:`qkdopt.bounds`. Variables: ``n[p]`` demands on route p of their class, ``h[e, s]``
whether link e is in state s, ``v[i, s]`` lightpaths of item i while its link is in state s, and
``z[p]`` the total key rate of the demands on route p, in units of ``unit_bps``, the highest rate of
any link.

Its optimum bounds that of the joint MILP: it forgets wavelength continuity.
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
    """A Pyomo model that knows its problem, and the relaxation's arrays."""

    def __init__(self, problem: Problem, relaxation: Relaxation | None = None) -> None:
        super().__init__()
        self.problem = problem
        self.classes: tuple[DemandClass, ...] = demand_classes(problem)
        self.arrays = relaxation or build_relaxation(problem)
        highest = max((float(s.rate_bps.max(initial=0.0)) for s in self.arrays.states), default=0.0)
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
        What is modelled.
    served
        Number of demands served; None to maximise it instead.
    require_size
        Called with rows and columns before they are built; may refuse them.
    relaxation
        The problem's, where it was built before; None builds it.

    Raises
    ------
    UnsupportedError
        The objective is not ``mean``, the relay is not ``lightpath``, or a demand has a floor.
    """
    refuse_uncovered(problem)
    m = LoadModel(problem, relaxation)
    if require_size is not None:
        require_size(*_size(m))
    declare(m)
    m.l1_demands_of_class = demands_of_class(m)
    m.l2_one_state = one_state(m)
    m.l3_lightpaths_of_item = lightpaths_of_item(m)
    m.l4_load_of_state = load_of_state(m)
    m.l5_only_in_its_state = only_in_its_state(m)
    if served is None:
        m.goal = pyo.Objective(expr=sum(m.n[p] for p in m.P), sense=pyo.maximize)
        return m
    m.l6_rate_of_state = rate_of_state(m)
    m.l7_rate_on_route = rate_on_route(m)
    m.l8_number_served = pyo.Constraint(expr=sum(m.n[p] for p in m.P) == served)
    m.goal = pyo.Objective(expr=sum(m.z[p] for p in m.P), sense=pyo.maximize)
    return m


def _size(m: LoadModel) -> tuple[int, int]:
    """Rows and columns of the formulation with the number served fixed."""
    rel = m.arrays
    states = np.array([len(np.unique(some.disturbing)) for some in rel.states], dtype=np.int64)
    items = rel.item_start[:, 2] - rel.item_start[:, 0]
    routes, links = len(rel.route_class), len(states)
    pairs = int((states * items).sum())
    rows = len(rel.class_count) + links + 2 * int(items.sum()) + int(states.sum()) + pairs
    return rows + routes + 1, 2 * routes + int(states.sum()) + pairs


def refuse_uncovered(problem: Problem) -> None:
    """Raise :class:`UnsupportedError` where the formulation does not hold."""
    faults = []
    if problem.objective != "mean":
        faults.append(f"objective {problem.objective}")
    if problem.instance.qkd.relay != "lightpath":
        faults.append(f"relay = {problem.instance.qkd.relay}")
    if any(demand.min_skr_bps for demand in problem.instance.demands):
        faults.append("demands with a least key rate")
    if faults:
        raise UnsupportedError(
            f"the load-state formulation does not cover {' and '.join(faults)}; use formulation "
            "joint (docs/solvers.md has the table)"
        )


def declare(m: LoadModel) -> None:
    """``n``, ``h``, ``v`` and ``z``; the states of a link are grouped by its disturbing load."""
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
    m.n = pyo.Var(m.P, domain=pyo.NonNegativeIntegers, bounds=lambda m, p: (0, _demands(m, p)))
    m.h = pyo.Var([(e, s) for e in m.links for s in range(len(m.loads[e]))], domain=pyo.Binary)
    m.v = pyo.Var(
        [(i, s) for i, e in m.link_of.items() for s in range(len(m.loads[e]))],
        bounds=lambda _m, i, _s: (0.0, float(rel.item_limit[i])),
    )
    m.z = pyo.Var(m.P, bounds=lambda m, p: (0.0, _fastest(m, p)))


def demands_of_class(m: LoadModel) -> pyo.Constraint:
    r"""(L1) No more demands than there are: :math:`\sum_{p \in P(d)} n_p \le D_d`."""
    rel = m.arrays

    def rule(m: LoadModel, d: int) -> object:
        routes = range(int(rel.class_route[d]), int(rel.class_route[d + 1]))
        return sum(m.n[p] for p in routes) <= int(rel.class_count[d])

    return pyo.Constraint(range(len(rel.class_count)), rule=rule)


def one_state(m: LoadModel) -> pyo.Constraint:
    r"""(L2) A link is in one state: :math:`\sum_s h_{es} = 1`."""

    def rule(m: LoadModel, e: int) -> object:
        return sum(m.h[e, s] for s in range(len(m.loads[e]))) == 1

    return pyo.Constraint(m.links, rule=rule)


def lightpaths_of_item(m: LoadModel) -> pyo.Constraint:
    r"""(L3) Routes and states count alike: :math:`\sum_s v_{is} = b_i \sum_{p \ni i} n_p`."""
    rel = m.arrays

    def rule(m: LoadModel, i: int) -> object:
        channels = int(rel.class_channels[rel.item_class[i]])
        states = range(len(m.loads[m.link_of[i]]))
        routed = sum(m.n[p] for p in m.over[i])
        return sum(m.v[i, s] for s in states) - channels * routed == 0

    return pyo.Constraint(list(m.link_of), rule=rule)


def load_of_state(m: LoadModel) -> pyo.Constraint:
    r"""(L4) A state is its load: :math:`\sum_i v_{is} = m_s h_{es}` over items that disturb e."""

    def rule(m: LoadModel, e: int, s: int) -> object:
        disturbing = [i for i in m.items_of[e] if _disturbs(m, e, i)]
        return sum(m.v[i, s] for i in disturbing) - m.loads[e][s] * m.h[e, s] == 0

    return pyo.Constraint(list(m.h), rule=rule)


def only_in_its_state(m: LoadModel) -> pyo.Constraint:
    r"""(L5) No lightpaths in a state that is not: :math:`v_{is} \le \min(b_i D_i, m_s) h_{es}`.

    In the other fibre of a pair the load does not count, and the minimum is the first.
    """
    rel = m.arrays

    def rule(m: LoadModel, i: int, s: int) -> object:
        e = m.link_of[i]
        most = int(rel.item_limit[i])
        if _disturbs(m, e, i):
            most = min(most, m.loads[e][s])
        return m.v[i, s] - most * m.h[e, s] <= 0

    return pyo.Constraint(list(m.v), rule=rule)


def rate_of_state(m: LoadModel) -> pyo.Constraint:
    r"""(L6) Key passes at the rate of the link's state.

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
    r"""(L7) Only demands on a route draw key there: :math:`z_p \le K_p n_p`."""

    def rule(m: LoadModel, p: int) -> object:
        return m.z[p] - _fastest(m, p) / max(1, _demands(m, p)) * m.n[p] <= 0

    return pyo.Constraint(m.P, rule=rule)


def any_key(m: LoadModel) -> bool:
    """Whether any route has key at any load."""
    return any(_fastest(m, p) > 0.0 for p in m.P)


def routes_of_model(m: LoadModel) -> list[int]:
    """Read the candidate route of every demand; demands of a class are alike."""
    routes = [BLOCKED] * len(m.problem.routes)
    for d, group in enumerate(m.classes):
        waiting = list(group.demands)
        first = int(m.arrays.class_route[d])
        for number in range(len(group.routes)):
            for _ in range(round(m.n[first + number].value or 0.0)):
                routes[waiting.pop(0)] = number
    return routes


def _demands(m: LoadModel, p: int) -> int:
    return int(m.arrays.class_count[m.arrays.route_class[p]])


def _fastest(m: LoadModel, p: int) -> float:
    """Highest total key rate of a class's demands on a route, under one's own light."""
    rel = m.arrays
    if not rel.route_key[p]:
        return 0.0
    items = rel.route_item[rel.route_start[p] : rel.route_start[p + 1]].tolist()
    slowest: float = min(_fastest_of_item(m, i) for i in items)
    return _demands(m, p) * slowest


def _fastest_of_item(m: LoadModel, i: int) -> float:
    e = m.link_of[i]
    own = int(m.arrays.class_channels[m.arrays.item_class[i]]) if _disturbs(m, e, i) else 0
    pairs = zip(m.loads[e], m.rates[e], strict=True)
    return max((rate for load, rate in pairs if load >= own), default=0.0)


def _disturbs(m: LoadModel, e: int, i: int) -> bool:
    """Whether an item's light is in the fibre of the quantum signal."""
    rel = m.arrays
    return rel.states[e].shared_fibre or i < int(rel.item_start[e, 1])


def cut_off(m: LoadModel, most: float | None, ceiling: float) -> None:
    r"""(L9) The routing in the variables is worth no more than was proved for it.

    .. math:: \sum_p z_p \le V + (B - V) \sum_p w_p, \qquad
        n_p \le D - (D - n^*_p + 1) w_p \quad \text{for } n^*_p \ge 1

    With the number served fixed, another routing sends fewer demands over some route, which a
    binary ``w`` tells; ``B`` (``ceiling``) limits every routing. Without ``most`` the
    routing has no wavelengths: :math:`\sum_p w_p \ge 1`. (Logic-based Benders cuts: Hooker and
    Ottosson, Mathematical Programming 96, 33, 2003.)
    """
    if not hasattr(m, "l9_cuts"):
        m.l9_cuts = pyo.Block(pyo.NonNegativeIntegers, concrete=True)
    block = m.l9_cuts[len(m.l9_cuts)]
    used = {p: round(m.n[p].value or 0.0) for p in m.P}
    used = {p: count for p, count in used.items() if count > 0}
    block.w = pyo.Var(list(used), domain=pyo.Binary, initialize=0)
    block.fewer = pyo.Constraint(
        list(used),
        rule=lambda b, p: m.n[p] + (_demands(m, p) - used[p] + 1) * b.w[p] <= _demands(m, p),
    )
    elsewhere = sum(block.w[p] for p in used)
    if most is None:
        block.another = pyo.Constraint(expr=elsewhere >= 1)
        return
    rest = max(0.0, ceiling - most)
    block.worth = pyo.Constraint(expr=sum(m.z[p] for p in m.P) - rest * elsewhere <= most)
