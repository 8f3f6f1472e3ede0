"""Sets and variables of the joint MILP.

Rates and noise count in the units of :mod:`qkdopt.milp.scales`. Demands, links, routes and
channels are numbered as in the problem.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyomo.environ as pyo

from qkdopt.milp.linearise import Linearised
from qkdopt.milp.scales import SegmentGroup, rate_cap_bps, rate_unit_bps, segment_groups
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.own_light import max_rates_bps


class JointModel(pyo.ConcreteModel):  # type: ignore[misc]
    """Pyomo model with its problem, linearised key rates and units.

    Parameters
    ----------
    problem
        The problem.
    segments
        Linearised key rates, by (link, candidate).
    served
        Number of demands that are served; None where it is maximised.
    """

    def __init__(
        self,
        problem: Problem,
        segments: dict[tuple[int, int], Linearised],
        *,
        served: int | None = None,
    ) -> None:
        super().__init__()
        self.problem = problem
        self.segments = segments
        self.max_bps = max_rates_bps(problem)
        self.cap_bps = rate_cap_bps(problem, self.max_bps, served)
        self.unit_bps = rate_unit_bps(segments, self.cap_bps)
        self.groups = {key: segment_groups(curve) for key, curve in segments.items()}


def declare_lightpaths(m: JointModel) -> None:
    """Declare ``x[r, p]`` route and ``l[r, p, w]`` channel of every demand."""
    declare_routes(m)
    declare_channels(m)


def declare_routes(m: JointModel) -> None:
    """Declare ``x[r, p]`` route of every demand; ``over`` lists the routes through each link."""
    problem = m.problem
    m.R = list(range(len(problem.routes)))
    m.RP = [(r, p) for r in m.R for p in range(len(problem.routes[r]))]
    m.over = defaultdict(list)
    for r, p in m.RP:
        for e in problem.routes[r][p].links:
            m.over[e].append((r, p))
    m.x = pyo.Var(m.RP, domain=pyo.Binary)


def declare_channels(m: JointModel) -> None:
    """Declare ``l[r, p, w]`` channel of every demand on each of its routes."""
    problem = m.problem
    m.RPW = []
    m.channels = defaultdict(list)
    m.lit = defaultdict(list)
    for r, p in m.RP:
        route = problem.routes[r][p]
        for w in np.flatnonzero(problem.open_channels(r, route)).tolist():
            m.RPW.append((r, p, w))
            m.channels[r, p].append(w)
            for e, direction, _ in route.hops:
                m.lit[e, direction, w].append((r, p, w))
    m.l = pyo.Var(m.RPW, domain=pyo.Binary)


def declare_moves(m: JointModel) -> None:
    """Declare ``g[r]`` whether a movable demand is moved."""
    m.g = pyo.Var(m.problem.movables, domain=pyo.Binary)


def declare_working(m: JointModel) -> None:
    """Declare ``y[e, q]`` working candidate of every link with QKD."""
    candidates = m.problem.tables.candidates
    m.E = [e for e in range(len(candidates)) if candidates[e]]
    m.EQ = [(e, q) for e in m.E for q in range(len(candidates[e]))]
    m.y = pyo.Var(m.EQ, domain=pyo.Binary)


def declare_rates(m: JointModel) -> None:
    """Declare ``u`` segment, ``n`` noise in it, ``k`` rate of a link and ``z`` of a demand.

    ``n`` is the working candidate's noise from the left edge of the segment, as a share of its
    width.
    """
    declare_segments(m)
    m.k = pyo.Var(m.E, bounds=lambda m, e: (0.0, max_link_rate(m, e)))
    m.z = pyo.Var(m.RP, bounds=lambda m, r, p: (0.0, max_demand_rate(m, r, p)))


def declare_segments(m: JointModel) -> None:
    """Declare ``u`` segment of the working candidate's rate curve, and ``n`` noise inside it."""
    m.EQS = [(e, q, s) for e, q in m.EQ for s in range(len(m.segments[e, q].upper))]
    m.EQG = [(e, q, g) for e, q in m.EQ for g in range(len(m.groups[e, q]))]
    m.u = pyo.Var(m.EQS, domain=pyo.Binary)
    m.n = pyo.Var(m.EQS, bounds=(0.0, 1.0))


def coupled_lightpaths(m: JointModel, e: int) -> tuple[IntArray, IntArray, list[pyo.Var]]:
    """Return direction, channel and variable of every lightpath in a link's quantum fibre."""
    tables = m.problem.tables
    lightpaths = [
        (direction, w, m.l[key])
        for direction in (0, 1)
        if tables.in_quantum_fibre[e, direction]
        for w in range(tables.usable.shape[2])
        for key in m.lit[e, direction, w]
    ]
    directions = np.array([direction for direction, _, _ in lightpaths], dtype=np.int64)
    channels = np.array([w for _, w, _ in lightpaths], dtype=np.int64)
    return directions, channels, [variable for _, _, variable in lightpaths]


def max_lit_noise(m: JointModel, e: int, q: int, group: SegmentGroup) -> float:
    """Return the largest noise of lit channels in a group's unit.

    Parameters
    ----------
    m
        The model.
    e, q
        Link and candidate.
    group
        Group of segments whose unit of noise counts.
    """
    tables = m.problem.tables
    outside = ~tables.blocks[e, q] & tables.usable[e].any(axis=0)
    coefficients = group.coefficients(tables.noise[e, :, :, q])[:, outside]
    # In one fibre a channel is lit in one direction; in a pair only one direction adds noise.
    total = float(coefficients.max(axis=0).sum())
    curve = m.segments[e, q]
    return min(total, float(curve.edges[-1] - curve.background) / group.unit)


def max_link_rate(m: JointModel, e: int) -> float:
    """Return the highest rate of a link that matters: best candidate, no light; 0 without QKD."""
    count = len(m.problem.tables.candidates[e])
    rate = max((float(m.segments[e, q].upper.max()) for q in range(count)), default=0.0)
    return min(rate, m.cap_bps) / m.unit_bps


def max_demand_rate(m: JointModel, r: int, p: int) -> float:
    """Return the highest rate of a demand on a route, beside its own lightpaths alone.

    With ``relay = flow`` the key may be relayed over every link.

    Parameters
    ----------
    m
        The model.
    r, p
        Demand and its route.
    """
    if m.problem.instance.qkd.relay == "flow":
        # Over all links at once at most.
        return sum(max_link_rate(m, e) for e in m.E)
    return m.max_bps[r, p] / m.unit_bps


def upper_segments(m: JointModel, e: int, q: int) -> list[list[float]]:
    """Return the upper rate of each segment at its left and right edge, capped.

    Parameters
    ----------
    m
        The model.
    e, q
        Link and candidate.
    """
    upper = m.segments[e, q].upper.copy()
    for group in m.groups[e, q]:
        level = np.array(group.segments)[group.width == 0.0]
        upper[level] = upper[level].max(axis=1, keepdims=True)
    beyond = upper.min(axis=1, keepdims=True) > m.cap_bps
    rates: list[list[float]] = (np.where(beyond, m.cap_bps, upper) / m.unit_bps).tolist()
    return rates
