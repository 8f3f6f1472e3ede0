r"""Keys that demands share, in integers: rules C19 and C20 of CP-SAT's own model.

The key of a demand :math:`r` counts in steps :math:`f_r` of its need, each of :math:`a_r` units of
rate, so that a row needs no small coefficient beside a large one:

* ``key-served``: one step, the need itself, lowered by what counts as met;
* ``key-delivered``: ``NEED_STEPS`` steps of the need;
* ``key-factor``: as many for all demands, ``FACTOR_STEPS`` of the highest factor there can be.

What a plan has is rounded up to whole steps, so that no key at all is no step at all. On link ``e``

.. math:: \sum_{r \ni e} \lfloor D a_r \rfloor (f_r - x_r) \le D k_e, \qquad
    f_r \le F \, k_e

where the last step counts nothing (with ``key-served``, where nothing is rounded up, it counts),
``D`` is a power of two, and ``k_e`` is already rounded up. Every plan of the exact problem
therefore stays, and is worth at least its exact objective: the bound is safe, and above the exact
optimum of the same linearised rates by no more than a step of every demand.

With ``relay = flow`` the keys of the demands from one node are a flow in grains of a unit of rate.
A real flow is rounded to whole grains: the key of each demand up, which adds less than a grain a
demand to the arcs of one of its own paths, then each source's flow to a neighbouring integral one
(supplies are integers, and the matrix of a network is totally unimodular), which adds less than a
grain a source. So a link with key carries at most its grains and one more for every demand and
source; a link without key carries none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qkdopt.problem import Problem
from qkdopt.problem.key_shares import MET
from qkdopt.problem.own_light import max_rates_bps, rate_beside
from qkdopt.units import FloatArray

if TYPE_CHECKING:
    from qkdopt.milp.integer_program import CpJoint

# Steps of a need, and of the highest factor.
NEED_STEPS, FACTOR_STEPS = 1 << 20, 1 << 26
# Largest number in a row, and in the objective, which CP-SAT reports as a double.
ROW_CAPACITY, GOAL_CAPACITY = 2.0**59, 2.0**50
# Weights of demands count in so many parts of their sum, at most.
WEIGHT_PARTS = 2.0**40
# Largest denominator of a row: beyond, nothing is gained.
MAX_DENOMINATOR = 2.0**40
# Flows count in so many parts of a unit of rate.
GRAINS = 1 << 8
# Relative, above the rounding of a few products.
ROUND_OFF = 2.0**-46


@dataclass
class SharedKeys:
    """Keys of the demands in an integer model.

    Parameters
    ----------
    model
        The model, with its lightpaths and the key rates of its links.
    size
        ``(R,)`` units of rate of one step of each demand; 0 where it asks for no key.
    most_steps
        Most steps of a demand.
    rounded
        Whether steps are rounded up.
    """

    model: CpJoint
    size: FloatArray
    most_steps: int
    rounded: bool
    drawn: dict[int, list[tuple[int | None, Any, Any]]] = field(default_factory=dict)
    """By demand that asks for key: route, steps, and 1 where it is chosen; with ``relay = flow``
    one entry, of no route."""
    goal: Any = 0
    bps_per_goal: float = 0.0
    most_bps: float = 0.0

    @property
    def step_bps(self) -> float:
        """Largest step of any demand [bit/s]: what rounding up adds to one demand's key."""
        return float(self.size.max(initial=0.0)) / self.model.rate_units if self.rounded else 0.0

    def bound_bps(self, goal: float) -> float:
        """Return the objective [bit/s] for a value of the model's objective, rounded up."""
        return max(0.0, min(goal * self.bps_per_goal, self.most_bps)) * (1.0 + ROUND_OFF)

    def limit(self, parts: Sequence[tuple[int, Any, Any]], rate: Any, most: int) -> None:
        """Limit the keys of demands by a rate.

        Parameters
        ----------
        parts
            Demand, its steps, and 1 where they are drawn, of each key.
        rate
            Expression, in units of rate.
        most
            What it is at most.
        """
        sizes = [float(self.size[r]) for r, _, _ in parts]
        activity = sum(sizes) * (self.most_steps + 1) + most + 1
        denominator = _power_of_two(ROW_CAPACITY / activity, MAX_DENOMINATOR)
        drawn = []
        for size, (_, steps, chosen) in zip(sizes, parts, strict=True):
            coefficient = int(size * denominator)
            drawn.append(coefficient * (steps - chosen if self.rounded else steps))
        self.model.model.add(sum(drawn) <= int(denominator) * rate)


def key_cap_bps(problem: Problem, served: int | None) -> float:
    """Return what demands can draw of one link at most, in any plan worth comparing [bit/s].

    With ``key-factor`` it is the highest factor times the sum of all needs: so many demands cannot
    do without those that ask, and the factor is no higher than that of the one with the least.

    Parameters
    ----------
    problem
        The problem, with an objective about keys.
    served
        Number of demands that are served; None where it is maximised.
    """
    needs = problem.needs
    if problem.objective != "key-factor":
        return needs.total_bps
    factors = [most / needs.rate_bps[r] for r, most in _most_key_bps(problem).items()]
    others = len(needs.rate_bps) - len(factors)
    least = max(1, (served or 0) - others)
    if least > len(factors):
        return 0.0
    return float(sorted(factors, reverse=True)[least - 1]) * needs.total_bps * (1.0 + ROUND_OFF)


def _most_key_bps(problem: Problem) -> dict[int, float]:
    """Return, by demand that asks for key, what it cannot exceed [bit/s]."""
    asking = np.flatnonzero(problem.needs.rate_bps > 0.0).tolist()
    if problem.instance.qkd.relay == "flow":
        links = problem.instance.network.links
        dark = [rate_beside(problem.standing_tables, e, 0, 0) for e in range(len(links))]
        at_node: dict[object, float] = {}
        for link, rate in zip(links, dark, strict=True):
            for node in (link.a, link.b):
                at_node[node] = at_node.get(node, 0.0) + rate
        ends = [(d.source, d.target) for d in problem.instance.demands]
        return {r: min(at_node.get(node, 0.0) for node in ends[r]) for r in asking}
    most = max_rates_bps(problem)
    return {
        r: max((most[r, p] for p in range(len(problem.routes[r]))), default=0.0) for r in asking
    }


def add_shared_keys(m: CpJoint) -> SharedKeys:
    """Add the keys of the demands and their objective to a model that has its links' rates."""
    needs = m.problem.needs
    keys = _empty(m)
    m.error_bps += keys.step_bps
    if needs.total_bps == 0.0:
        return keys
    along_routes = m.problem.instance.qkd.relay == "lightpath"
    for r in np.flatnonzero(needs.rate_bps > 0.0).tolist():
        keys.drawn[r] = _on_routes(keys, r) if along_routes else _on_any(keys, r)
    if along_routes:
        for e in m.k:
            _share_link(keys, e)
    else:
        _flow(keys)
    _set_goal(keys)
    return keys


def _empty(m: CpJoint) -> SharedKeys:
    """Settle the steps of the demands."""
    needs = m.problem.needs.rate_bps
    units, total = m.rate_units, max(m.problem.needs.total_bps, 1e-300)
    if m.problem.objective == "key-served":
        return SharedKeys(m, needs * (units * MET * (1.0 - ROUND_OFF)), 1, rounded=False)
    if m.problem.objective == "key-delivered":
        return SharedKeys(m, needs * (units / NEED_STEPS), NEED_STEPS, rounded=True)
    size = needs / total * (m.cap_bps * units / FACTOR_STEPS) * (1.0 - ROUND_OFF)
    return SharedKeys(m, size, FACTOR_STEPS if m.cap_bps > 0.0 else 0, rounded=True)


def _on_routes(keys: SharedKeys, r: int) -> list[tuple[int | None, Any, Any]]:
    """Declare the steps of a demand on each of its routes; none over a link without QKD."""
    m = keys.model
    parts: list[tuple[int | None, Any, Any]] = []
    for p, route in enumerate(m.problem.routes[r]):
        most = keys.most_steps if set(route.links) <= m.k.keys() else 0
        steps = m.model.new_int_var(0, most, f"f_{r}_{p}")
        m.model.add(steps <= most * m.x[r, p])
        parts.append((p, steps, m.x[r, p]))
    return parts


def _on_any(keys: SharedKeys, r: int) -> list[tuple[int | None, Any, Any]]:
    """Declare the steps of a demand wherever its key is relayed."""
    m = keys.model
    chosen = sum(m.x[r, p] for p in range(len(m.problem.routes[r])))
    steps = m.model.new_int_var(0, keys.most_steps, f"f_{r}")
    m.model.add(steps <= keys.most_steps * chosen)
    return [(None, steps, chosen)]


def _share_link(keys: SharedKeys, e: int) -> None:
    """Limit what is drawn of a link to its key (C19)."""
    m = keys.model
    parts = [
        (r, steps, chosen)
        for r, drawn in keys.drawn.items()
        for p, steps, chosen in drawn
        if p is not None and e in m.problem.routes[r][p].links
    ]
    if not parts:
        return
    keys.limit(parts, m.k[e], m.max_rate[e])
    for _, steps, _ in parts if keys.rounded else ():
        m.model.add(steps <= keys.most_steps * m.k[e])


def limit_by_states(keys: SharedKeys, e: int, r: int, best: Any) -> None:
    """Limit a demand's key on a link by the rate of the link's load state (C10).

    Parameters
    ----------
    keys
        The keys.
    e, r
        Link and demand.
    best
        Best rate of the load state that the demand is in there, in units.
    """
    routes = keys.model.problem.routes[r]
    parts = [
        (r, steps, chosen)
        for p, steps, chosen in keys.drawn.get(r, ())
        if p is not None and e in routes[p].links
    ]
    if parts:
        keys.limit(parts, best, keys.model.max_rate[e])


def _flow(keys: SharedKeys) -> None:
    """Relay keys over any nodes, as flows by source over the links with QKD (C19)."""
    m, instance = keys.model, keys.model.problem.instance
    links = instance.network.links
    grains = {r: _grains_of(keys, r) for r in keys.drawn}
    sources = list(dict.fromkeys(instance.demands[r].source for r in grains))
    most = GRAINS * (max(m.max_rate.values(), default=0) + 1) + len(grains) + len(sources)
    arcs = {
        (s, e, d): m.model.new_int_var(0, most, f"flow_{s}_{e}_{d}")
        for s in sources
        for e in m.k
        for d in (0, 1)
    }
    spare = len(grains) + len(sources)
    for e, rate in m.k.items():
        carried = sum(arcs[s, e, d] for s in sources for d in (0, 1))
        m.model.add(carried <= GRAINS * rate + spare)
        m.model.add(carried <= (GRAINS + spare) * rate)
    for s in sources:
        own = {r: z for r, z in grains.items() if instance.demands[r].source == s}
        for node in (node.id for node in instance.network.nodes):
            out = sum(
                (1 if links[e].a == node else -1) * (arcs[s, e, 0] - arcs[s, e, 1])
                for e in m.k
                if node in (links[e].a, links[e].b)
            )
            sent = sum(
                ((node == s) - (node == instance.demands[r].target)) * z for r, z in own.items()
            )
            m.model.add(out - sent == 0)


def _grains_of(keys: SharedKeys, r: int) -> Any:
    """Declare the key of a demand in grains: as much as its steps, and some where it has any."""
    m = keys.model
    ((_, steps, chosen),) = keys.drawn[r]
    most = int(np.ceil(float(keys.size[r]) * keys.most_steps * GRAINS)) + 1
    grains = m.model.new_int_var(0, most, f"z_{r}")
    activity = GRAINS * float(keys.size[r]) * (keys.most_steps + 1) + most
    denominator = _power_of_two(ROW_CAPACITY / activity, MAX_DENOMINATOR)
    coefficient = int(GRAINS * float(keys.size[r]) * denominator)
    whole = steps - chosen if keys.rounded else steps
    m.model.add(coefficient * whole <= int(denominator) * grains)
    m.model.add(steps <= keys.most_steps * grains)
    return grains


def _set_goal(keys: SharedKeys) -> None:
    """Set the objective and what it is worth (C20)."""
    m, needs = keys.model, keys.model.problem.needs
    keys.most_bps = needs.total_bps
    if m.problem.objective == "key-served":
        weight = float(needs.weight.sum())
        parts = _power_of_two(WEIGHT_PARTS / weight)
        keys.goal = _weighted(keys, needs.weight * parts)
        keys.bps_per_goal = needs.total_bps / (parts * weight)
    elif m.problem.objective == "key-delivered":
        scale = _power_of_two(GOAL_CAPACITY / (NEED_STEPS * needs.total_bps))
        keys.goal = _weighted(keys, needs.rate_bps * scale)
        keys.bps_per_goal = 1.0 / (scale * NEED_STEPS)
    else:
        keys.goal = _least(keys)
        keys.most_bps = m.cap_bps
        keys.bps_per_goal = m.cap_bps / FACTOR_STEPS


def _weighted(keys: SharedKeys, worth: FloatArray) -> Any:
    """Return the sum of the steps, each worth so much, rounded up."""
    return sum(
        int(np.ceil(worth[r])) * steps for r, drawn in keys.drawn.items() for _, steps, _ in drawn
    )


def _least(keys: SharedKeys) -> Any:
    """Return the factor's steps: what all demands served have that ask; none where none does."""
    m = keys.model
    factor = m.model.new_int_var(0, keys.most_steps, "factor")
    served = []
    for r, drawn in keys.drawn.items():
        served += [m.x[r, p] for p in range(len(m.problem.routes[r]))]
        total = sum(steps for _, steps, _ in drawn)
        for p in range(len(m.problem.routes[r])):
            m.model.add(factor <= total).only_enforce_if(m.x[r, p])
    m.model.add(factor <= keys.most_steps * sum(served))
    return factor


def _power_of_two(limit: float, most: float = np.inf) -> float:
    """Return the largest power of two within both."""
    return float(2.0 ** np.floor(np.log2(min(limit, most))))


__all__ = ["SharedKeys", "add_shared_keys", "key_cap_bps", "limit_by_states"]
