"""Sets and variables of the joint MILP.

Rates are in kbit/s and noise in units of the link's largest noise, so that coefficients
stay near one. Demands, links, routes and channels are numbered as in the problem.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyomo.environ as pyo

from qkdopt.model.linearise import Linearised
from qkdopt.problem import Problem
from qkdopt.tables import IntArray

KILO = 1e3


class JointModel(pyo.ConcreteModel):  # type: ignore[misc]
    """A Pyomo model that knows its problem."""

    def __init__(self, problem: Problem, pieces: dict[tuple[int, int], Linearised]) -> None:
        super().__init__()
        self.problem = problem
        self.pieces = pieces


def declare_lightpaths(m: JointModel) -> None:
    """``x[r, p]`` route and ``l[r, p, w]`` channel of every demand."""
    declare_routes(m)
    declare_channels(m)


def declare_routes(m: JointModel) -> None:
    """``x[r, p]`` route of every demand; ``over`` lists the routes through each link."""
    problem = m.problem
    m.R = list(range(len(problem.routes)))
    m.RP = [(r, p) for r in m.R for p in range(len(problem.routes[r]))]
    m.over = defaultdict(list)
    for r, p in m.RP:
        for e in problem.routes[r][p].links:
            m.over[e].append((r, p))
    m.x = pyo.Var(m.RP, domain=pyo.Binary)


def declare_channels(m: JointModel) -> None:
    """``l[r, p, w]`` channel of every demand on each of its routes."""
    problem = m.problem
    usable = problem.tables.usable
    m.RPW = []
    m.channels = defaultdict(list)
    m.lit = defaultdict(list)
    for r, p in m.RP:
        route = problem.routes[r][p]
        hops = [(e, 0 if f else 1) for e, f in zip(route.links, route.forward, strict=True)]
        for w in range(usable.shape[2]):
            if all(usable[e, d, w] for e, d in hops):
                m.RPW.append((r, p, w))
                m.channels[r, p].append(w)
                for e, d in hops:
                    m.lit[e, d, w].append((r, p, w))
    m.l = pyo.Var(m.RPW, domain=pyo.Binary)


def declare_working(m: JointModel) -> None:
    """``y[e, q]`` working candidate of every link with QKD."""
    candidates = m.problem.tables.candidates
    m.E = [e for e in range(len(candidates)) if candidates[e]]
    m.EQ = [(e, q) for e in m.E for q in range(len(candidates[e]))]
    m.y = pyo.Var(m.EQ, domain=pyo.Binary)


def declare_rates(m: JointModel) -> None:
    """``u`` piece and ``n`` noise of the working candidate, ``k`` link and ``z`` demand rate."""
    m.EQS = [(e, q, s) for e, q in m.EQ for s in range(len(m.pieces[e, q].upper))]
    m.u = pyo.Var(m.EQS, domain=pyo.Binary)
    m.n = pyo.Var(m.EQS, bounds=(0.0, 1.0))
    m.k = pyo.Var(m.E, bounds=lambda m, e: (0.0, fastest(m, e)))
    m.z = pyo.Var(m.RP, bounds=lambda m, r, p: (0.0, fastest_demand(m, r, p)))


def light_on(m: JointModel, e: int) -> tuple[IntArray, IntArray, list[pyo.Var]]:
    """Direction, channel and variable of every lightpath that may disturb a link."""
    tables = m.problem.tables
    found = [
        (d, w, m.l[key])
        for d in (0, 1)
        if tables.disturbs[e, d]
        for w in range(tables.usable.shape[2])
        for key in m.lit[e, d, w]
    ]
    directions = np.array([d for d, _, _ in found], dtype=np.int64)
    channels = np.array([w for _, w, _ in found], dtype=np.int64)
    return directions, channels, [variable for _, _, variable in found]


def noise_unit(m: JointModel, e: int) -> float:
    """Clicks per gate that count as one on a link."""
    return max(float(m.pieces[e, q].edges[-1]) for q in range(len(m.problem.tables.candidates[e])))


def fastest(m: JointModel, e: int) -> float:
    """Highest upper rate of a link [kbit/s]: its best candidate with no light; 0 without QKD."""
    count = len(m.problem.tables.candidates[e])
    return max((float(m.pieces[e, q].upper[0, 0]) for q in range(count)), default=0.0) / KILO


def fastest_demand(m: JointModel, r: int, p: int) -> float:
    """Highest rate of a demand on a route [kbit/s]."""
    if m.problem.instance.qkd.relay == "widest":
        return max((fastest(m, e) for e in m.E), default=0.0)
    return min(fastest(m, e) for e in m.problem.routes[r][p].links)
