r"""CP-SAT's own model of the joint problem: booleans, integers and implications, no big-M.

Noise and key rates become integers, rounded so that every plan of the exact problem stays and is
worth at least its exact rate:

* noise counts in units of the group of the chosen segment (:mod:`qkdopt.milp.scales`), so that no
  coefficient outgrows 64 bits and no segment with key is lost between two integers;
* coefficients of noise are rounded down, so the noise rounded down is at least their sum, and a
  link's integer noise ``N`` can be that of any plan, ``floor(n)``;
* a segment's edges are rounded outward, so ``N`` lies in the segment of ``n``;
* with ``l <= N < l + 1 + (n - n_left)`` for the rounded left edge ``l``, the line from one step
  above its left end, with its slope rounded down, is at least the segment at ``n``; one more unit
  of rate lets the integer rate be rounded up. A segment narrower than a unit of noise is level.

Hence its bound holds for the exact problem. How far it may lie above is :attr:`CpJoint.error_bps`:
the error of the segments, three units of rate, the slope's rounding over a segment, and the
steepest segment times the noise that rounding hides (a unit for every lightpath, and five); where
keys are shared, one step of a demand's key more (:mod:`qkdopt.milp.integer_keys`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qkdopt.milp.integer_keys import (
    SharedKeys,
    add_shared_keys,
    key_cap_bps,
    limit_by_states,
)
from qkdopt.milp.linearise import Linearised
from qkdopt.milp.scales import (
    SegmentGroup,
    rate_cap_bps,
    rate_unit_bps,
    segment_groups,
    stated_error_bps,
)
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.problem.load_states import co_direction
from qkdopt.problem.own_light import max_rates_bps
from qkdopt.problem.plan import BLOCKED, Plan, tune_working_channels

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

# Units of noise where a group of segments ends, and of key rate on the fastest link, at most.
NOISE_UNITS = 1 << 24
MAX_RATE_UNITS = 1 << 22
# Largest denominator of slopes, and largest number in a row: CP-SAT takes up to 2^63.
MAX_SLOPE_UNITS = 1 << 24
ROW_CAPACITY = 2.0**60


@dataclass
class CpJoint:
    """CP-SAT model and its variables, keyed as in the joint MILP."""

    problem: Problem
    segments: dict[tuple[int, int], Linearised]
    model: cp_model.CpModel
    error_bps: float = 0.0
    cap_bps: float = np.inf
    rate_units: float = 1.0
    """Units of rate in a bit/s: a power of two."""
    x: dict[tuple[int, int], Any] = field(default_factory=dict)
    l: dict[tuple[int, int, int], Any] = field(default_factory=dict)  # noqa: E741
    y: dict[tuple[int, int], Any] = field(default_factory=dict)
    u: dict[tuple[int, int, int], Any] = field(default_factory=dict)
    k: dict[int, Any] = field(default_factory=dict)
    max_rate: dict[int, int] = field(default_factory=dict)
    """By link: its highest rate, in units of rate."""
    z: dict[tuple[int, int], Any] = field(default_factory=dict)
    noise: dict[int, Any] = field(default_factory=dict)
    keys: SharedKeys | None = None
    """Keys of the demands where they share; they stand in place of ``z``."""
    lightpaths: dict[int, list[tuple[int, int, tuple[int, int, int]]]] = field(default_factory=dict)
    """By link: direction, channel and key of every lightpath that may be on it."""


def build_cp(
    problem: Problem, segments: dict[tuple[int, int], Linearised], *, served: int | None
) -> CpJoint:
    """Build the model.

    Parameters
    ----------
    problem
        The problem.
    segments
        Linearised key rates, by (link, candidate).
    served
        Number of demands that are served; None to maximise it instead.
    """
    from ortools.sat.python import cp_model

    m = CpJoint(problem, segments, cp_model.CpModel())
    shared = problem.objective in KEY_OBJECTIVES
    if shared:
        m.cap_bps = key_cap_bps(problem, served)
    else:
        m.cap_bps = rate_cap_bps(problem, max_rates_bps(problem), served)
    m.rate_units = 2.0 ** np.floor(np.log2(MAX_RATE_UNITS / rate_unit_bps(segments, m.cap_bps)))
    _declare_lightpaths(m)
    _declare_working(m)
    _one_lightpath(m)
    for e in range(len(problem.tables.candidates)):
        _rate_of_link(m, e)
    if shared:
        m.keys = None if served is None else add_shared_keys(m)
    else:
        _relay_own(m)
    for e in range(len(problem.tables.candidates)):
        _load_states(m, e)
    served_count = sum(m.x.values())
    if served is None:
        m.model.maximize(served_count)
        return m
    m.model.add(served_count == served)
    m.model.maximize(_objective(m))
    return m


def objective_bps(m: CpJoint, units: float, served: int) -> float:
    """Return the objective [bit/s] for a value of the model's objective.

    Parameters
    ----------
    m
        The model.
    units
        Value of its objective, in units of rate.
    served
        Number of demands that are served.
    """
    if m.keys is not None:
        return m.keys.bound_bps(units)
    rate = units / m.rate_units
    return rate / served if m.problem.objective == "mean" and served else rate


def plan_of_solution(m: CpJoint, value: Any) -> Plan:
    """Read the lightpaths of a solution; ``value`` gives that of a variable."""
    routes = [BLOCKED] * len(m.problem.routes)
    channels: list[tuple[int, ...]] = [()] * len(routes)
    for (r, p), chosen in m.x.items():
        if value(chosen):
            routes[r] = p
            lit = [w for (demand, q, w) in m.l if (demand, q) == (r, p) and value(m.l[r, p, w])]
            channels[r] = tuple(lit)
    return tune_working_channels(m.problem, routes, channels)


def hint(m: CpJoint, plan: Plan) -> None:
    """Give the solver a plan as its hint."""
    for (r, p), variable in m.x.items():
        m.model.add_hint(variable, plan.routes[r] == p)
    for (r, p, w), variable in m.l.items():
        m.model.add_hint(variable, plan.routes[r] == p and w in plan.channels[r])
    for (e, q), variable in m.y.items():
        m.model.add_hint(variable, plan.working[e] == q)


def _declare_lightpaths(m: CpJoint) -> None:
    """Declare one route a demand, and its channels on it (C1, C16)."""
    for r, routes in enumerate(m.problem.routes):
        for p, route in enumerate(routes):
            hops = route.hops
            m.x[r, p] = m.model.new_bool_var(f"x_{r}_{p}")
            usable_channels = np.flatnonzero(m.problem.open_channels(r, route)).tolist()
            for w in usable_channels:
                m.l[r, p, w] = m.model.new_bool_var(f"l_{r}_{p}_{w}")
                for e, direction, _ in hops:
                    m.lightpaths.setdefault(e, []).append((direction, w, (r, p, w)))
            count = m.problem.instance.demands[r].channels
            m.model.add(sum(m.l[r, p, w] for w in usable_channels) == count * m.x[r, p])
        m.model.add_at_most_one(m.x[r, p] for p in range(len(routes)))
    _keep_in_place(m)


def _keep_in_place(m: CpJoint) -> None:
    """Serve the demands in place, and limit how many are moved (C17, C18)."""
    problem = m.problem
    for r in (*problem.staying, *problem.movables):
        m.model.add(sum(m.x[r, p] for p in range(len(problem.routes[r]))) == 1)
    if problem.moves_limit is None:
        return
    moved = []
    for r in problem.movables:
        moved.append(m.model.new_bool_var(f"g_{r}"))
        for w in problem.movable[r] or ():
            m.model.add_bool_or([m.l[r, 0, w], moved[-1]])
    m.model.add(sum(moved) <= problem.moves_limit)


def _declare_working(m: CpJoint) -> None:
    """Choose one QKD channel on every link with QKD (C4)."""
    for e, candidates in enumerate(m.problem.tables.candidates):
        for q in range(len(candidates)):
            m.y[e, q] = m.model.new_bool_var(f"y_{e}_{q}")
        if candidates:
            m.model.add_exactly_one(m.y[e, q] for q in range(len(candidates)))


def _one_lightpath(m: CpJoint) -> None:
    """Limit a channel of a fibre to one lightpath, outside of guard bands (C2, C3)."""
    tables = m.problem.tables
    for e, lightpaths in m.lightpaths.items():
        for fibre in sorted(set(tables.fibres.tolist())):
            quantum = any(
                tables.in_quantum_fibre[e, direction]
                for direction in (0, 1)
                if tables.fibres[direction] == fibre
            )
            count = int(tables.candidate_count[e]) if quantum else 0
            for w in range(tables.usable.shape[2]):
                lit = [
                    m.l[key]
                    for direction, channel, key in lightpaths
                    if channel == w and tables.fibres[direction] == fibre
                ]
                reserved = [m.y[e, q] for q in range(count) if tables.blocks[e, q, w]]
                if lit:
                    m.model.add_at_most_one([*lit, *reserved])


def _rate_of_link(m: CpJoint, e: int) -> None:
    """Tie a link's rate and noise by the segments of its rate curves (C5, C6)."""
    count = int(m.problem.tables.candidate_count[e])
    if count == 0:
        return
    m.noise[e] = m.model.new_int_var(0, NOISE_UNITS, f"noise_{e}")
    max_rate_bps = max(float(m.segments[e, q].upper.max()) for q in range(count))
    m.max_rate[e] = _rate_up(m, min(max_rate_bps, m.cap_bps))
    m.k[e] = m.model.new_int_var(0, m.max_rate[e], f"k_{e}")
    for q in range(count):
        groups = segment_groups(m.segments[e, q])
        for group in groups:
            for s, left, width in zip(group.segments, group.left, group.width, strict=True):
                _add_segment(m, (e, q, s), left * NOISE_UNITS, width * NOISE_UNITS)
            _add_noise_of_group(m, e, q, group)
        for s in range(max((group.segments.stop for group in groups), default=0),
                       len(m.segments[e, q].upper)):  # fmt: skip
            m.u[e, q, s] = m.model.new_bool_var(f"u_{e}_{q}_{s}")
            m.model.add(m.k[e] == 0).only_enforce_if(m.u[e, q, s])
        segments = [m.u[e, q, s] for s in range(len(m.segments[e, q].upper))]
        m.model.add(sum(segments) == m.y[e, q])


def _add_noise_of_group(m: CpJoint, e: int, q: int, group: SegmentGroup) -> None:
    """Add up the noise in a group of segments, with coefficients rounded down (C5)."""
    tables = m.problem.tables
    terms = [
        (int(NOISE_UNITS * group.coefficients(tables.noise[e, direction, w, q])), m.l[key])
        for direction, w, key in m.lightpaths.get(e, [])
        if tables.in_quantum_fibre[e, direction] and not tables.blocks[e, q, w]
    ]
    total = sum(coefficient * lit for coefficient, lit in terms)
    chosen = m.model.new_bool_var(f"group_{e}_{q}_{group.segments.start}")
    m.model.add(sum(m.u[e, q, s] for s in group.segments) == chosen)
    m.model.add(m.noise[e] >= total).only_enforce_if(chosen)


def _add_segment(m: CpJoint, key: tuple[int, int, int], start: float, width: float) -> None:
    """Limit the rate to an upper segment: edges rounded outward, slope and height up (C6).

    ``start`` and ``width`` are in units of its group's noise.
    """
    e, q, s = key
    curve = m.segments[e, q]
    u = m.u[key] = m.model.new_bool_var(f"u_{e}_{q}_{s}")
    low, high = int(np.floor(start)), min(int(np.ceil(start + width)), NOISE_UNITS)
    m.model.add_linear_constraint(m.noise[e], low, max(low, high)).only_enforce_if(u)
    ends = curve.upper[s]
    left, right = (np.where(ends.min() > m.cap_bps, m.cap_bps, ends) * m.rate_units).tolist()
    hidden = min(len(m.lightpaths.get(e, [])), 2 * m.problem.instance.grid.channels) + 5
    if width < 1.0 or right >= left:
        m.model.add(m.k[e] <= int(np.ceil(max(left, right))) + 1).only_enforce_if(u)
        rounding = abs(left - right) + 3.0
    else:
        descent = (left - right) / width
        largest = left + descent * (NOISE_UNITS + 1)
        units = min(MAX_SLOPE_UNITS, 1 << int(np.log2(ROW_CAPACITY / largest)))
        slope = int(np.floor(descent * units))
        height = int(np.ceil(left * units)) + slope * (low + 1) + units
        m.model.add(units * m.k[e] <= height - slope * m.noise[e]).only_enforce_if(u)
        rounding = hidden * descent + 3.0 + (high - low) / units
    m.error_bps = max(m.error_bps, stated_error_bps(curve) + rounding / m.rate_units)


def _rate_up(m: CpJoint, rate_bps: float) -> int:
    """Return a rate in units, rounded up with one to spare; no key stays none."""
    return int(np.ceil(rate_bps * m.rate_units)) + 1 if rate_bps > 0.0 else 0


def _load_states(m: CpJoint, e: int) -> None:
    """Add load states, as in the joint MILP: implied, but no search finds them (C10).

    ``h[s]`` says whether s lightpaths disturb the link, ``v[r, s]`` whether demand r is among
    them; no choice of channels gives the link a higher rate at that load.
    """
    tables, demands = m.problem.tables, m.problem.instance.demands
    if not tables.candidate_count[e]:
        return
    on_link = _routes_over(m, e)
    states = m.problem.load_states[e].within(_max_load_by_direction(m, e))
    loads = np.unique(states.disturbing)
    rates = [
        _rate_up(m, min(float(states.rate_bps[states.disturbing == s].max()), m.cap_bps))
        for s in loads
    ]
    h = [m.model.new_bool_var(f"h_{e}_{s}") for s in loads]
    m.model.add_exactly_one(h)
    m.model.add(m.k[e] <= sum(rate * binary for rate, binary in zip(rates, h, strict=True)))
    lit: list[list[Any]] = [[] for _ in loads]
    for r, routes in on_link.items():
        v = [m.model.new_bool_var(f"v_{e}_{r}_{s}") for s in loads]
        m.model.add(sum(v) == sum(m.x[r, p] for p, _ in routes))
        for binary, state in zip(v, h, strict=True):
            m.model.add_implication(binary, state)
        best = sum(rate * binary for rate, binary in zip(rates, v, strict=True))
        if m.keys is not None:
            limit_by_states(m.keys, e, r, best)
        elif m.z and m.problem.instance.qkd.relay == "lightpath":
            m.model.add(sum(m.z[r, p] for p, _ in routes) <= best)
        if all(tables.in_quantum_fibre[e, direction] for _, direction in routes):
            for terms, binary in zip(lit, v, strict=True):
                terms.append(demands[r].channels * binary)
    if all(
        tables.in_quantum_fibre[e, direction]
        for routes in on_link.values()
        for _, direction in routes
    ):
        for terms, load, state in zip(lit, loads.tolist(), h, strict=True):
            m.model.add(sum(terms) == load * state)


def _routes_over(m: CpJoint, e: int) -> dict[int, list[tuple[int, int]]]:
    """Return, by demand, its routes over a link and the direction of each there."""
    routes: dict[int, list[tuple[int, int]]] = {}
    for r, p in m.x:
        route = m.problem.routes[r][p]
        if e in route.links:
            routes.setdefault(r, []).append((p, route.direction_over(e)))
    return routes


def _max_load_by_direction(m: CpJoint, e: int) -> tuple[int, int]:
    """Return the largest co- and counter-propagating loads of a link."""
    channels = m.problem.instance.grid.channels
    by_direction = [0, 0]
    for direction, _, _ in m.lightpaths.get(e, []):
        by_direction[direction] = min(by_direction[direction] + 1, channels)
    co = co_direction(m.problem.tables, e)
    return by_direction[co], by_direction[1 - co]


def _relay_own(m: CpJoint) -> None:
    """Relay every demand's key as if it had the links to itself (C7, C8)."""
    _declare_demands(m)
    if m.problem.instance.qkd.relay == "widest":
        _relay_widest(m)
    else:
        _relay_on_lightpath(m)


def _declare_demands(m: CpJoint) -> None:
    """Declare key rates: 0 where a demand is not served, else at least its minimum rate (C8)."""
    max_rate = max(m.max_rate.values(), default=0)
    for r, routes in enumerate(m.problem.routes):
        for p in range(len(routes)):
            m.z[r, p] = m.model.new_int_var(0, max_rate, f"z_{r}_{p}")
            m.model.add(m.z[r, p] <= max_rate * m.x[r, p])
        min_skr_bps = m.problem.instance.demands[r].min_skr_bps
        if min_skr_bps and routes:
            # Rates are capped where more does not matter; the rest is held by `_no_slow_link`.
            units = int(min(min_skr_bps, m.cap_bps, (max_rate + 1) / m.rate_units) * m.rate_units)
            m.model.add(_rate_of(m, r) >= units * sum(m.x[r, p] for p in range(len(routes))))


def _rate_of(m: CpJoint, r: int) -> Any:
    """Return the key rate of a demand over all of its routes."""
    return sum(m.z[r, p] for p in range(len(m.problem.routes[r])))


def _relay_on_lightpath(m: CpJoint) -> None:
    """Limit a key rate to every link of its route (C7)."""
    for (r, p), chosen in m.x.items():
        for e in m.problem.routes[r][p].links:
            rate = m.k.get(e, 0)
            m.model.add(m.z[r, p] <= rate).only_enforce_if(chosen)
            _no_slow_link(m, e, r, chosen)


def _no_slow_link(m: CpJoint, e: int, r: int, binary: Any) -> None:
    """Exclude links with a rate in a segment below a demand's minimum rate (C8)."""
    min_skr_bps = m.problem.instance.demands[r].min_skr_bps
    if not min_skr_bps:
        return
    if e not in m.k:
        m.model.add(binary == 0)
    for q in range(int(m.problem.tables.candidate_count[e])):
        for s, ends in enumerate(m.segments[e, q].upper):
            if ends.max() < min_skr_bps:
                m.model.add_implication(binary, m.u[e, q, s].negated())


def _relay_widest(m: CpJoint) -> None:
    """Relay the key on any path of links with QKD; without a path there is none (C7)."""
    links = m.problem.instance.network.links
    nodes = [node.id for node in m.problem.instance.network.nodes]
    for r, demand in enumerate(m.problem.instance.demands):
        arcs = {
            (e, direction): m.model.new_bool_var(f"a_{r}_{e}_{direction}")
            for e in m.k
            for direction in (0, 1)
        }
        if not m.problem.routes[r]:
            continue
        keyed = m.model.new_bool_var(f"keyed_{r}")
        m.model.add(_rate_of(m, r) == 0).only_enforce_if(keyed.negated())
        if demand.min_skr_bps:
            for p in range(len(m.problem.routes[r])):
                m.model.add_implication(m.x[r, p], keyed)
        for (e, _), arc in arcs.items():
            m.model.add(_rate_of(m, r) <= m.k[e]).only_enforce_if(arc)
            _no_slow_link(m, e, r, arc)
        for node in nodes:
            net = (node == demand.source) - (node == demand.target)
            flow = sum(
                (1 if (links[e].a, links[e].b)[direction] == node else -1) * arc
                for (e, direction), arc in arcs.items()
                if node in (links[e].a, links[e].b)
            )
            m.model.add(flow == net * keyed)


def _objective(m: CpJoint) -> Any:
    """Return the expression that the problem's objective maximises, in units of rate."""
    if m.keys is not None:
        return m.keys.goal
    if m.problem.objective == "link-sum":
        return sum(m.k.values())
    if m.problem.objective == "mean":
        return sum(m.z.values())
    max_rate = max(m.max_rate.values(), default=0)
    worst = m.model.new_int_var(0, max_rate, "worst")
    for (r, _), chosen in m.x.items():
        m.model.add(worst <= _rate_of(m, r)).only_enforce_if(chosen)
    return worst
