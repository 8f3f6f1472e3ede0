"""The linear surrogate of the key rate that column generation maximises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray
from qkdopt.problem.plan import BLOCKED, NO_QKD, Plan, candidate_noise, lit_channels
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray

# A link this much faster than a demand's slowest, as a share of the mean link rate, counts 1/e.
SOFTNESS = 0.1
# Step of a slope where a link has no noise by classical light at all [clicks per gate].
SMALLEST_NOISE = 1e-12


@dataclass(frozen=True)
class Surrogate:
    """Key rate as a linear function of what is lit, around a plan.

    Parameters
    ----------
    rate_bps
        ``(E,)`` rate of each link where the surrogate is made [bit/s].
    cost_bps
        ``(E, 2, W)`` key rate that all demands lose by one lightpath on a channel in a direction of
        a link [bit/s].
    allowed
        ``(E, 2, W)`` channels outside of the guard band of each link's QKD channel.
    """

    rate_bps: FloatArray
    cost_bps: FloatArray
    allowed: BoolArray

    def route_rate_bps(self, route: Route) -> float:
        """Rate of a demand on a route, the least of its links [bit/s]."""
        return float(self.rate_bps[list(route.links)].min())

    def route_costs_bps(self, route: Route) -> FloatArray:
        """``(W,)`` key rate that a lightpath costs on each channel; inf where not allowed [bit/s].

        Parameters
        ----------
        route
            A candidate route.
        """
        links = [hop.link for hop in route.hops]
        directions = [hop.direction for hop in route.hops]
        legal = self.allowed[links, directions].all(axis=0)
        return np.where(legal, self.cost_bps[links, directions].sum(axis=0), np.inf)


def linearised(problem: Problem, plan: Plan) -> Surrogate:
    """Return the surrogate around a plan, on the QKD channels that the plan works on.

    Parameters
    ----------
    problem
        The problem.
    plan
        A plan with a working QKD channel on every link that has QKD.
    """
    tables, every, working = problem.tables, np.arange(len(plan.working)), np.array(plan.working)
    has_key, column = working != NO_QKD, np.maximum(working, 0)
    noise = candidate_noise(problem, lit_channels(problem, plan))[every, column]
    transmittance = tables.transmittance[every, column]
    coefficients = np.moveaxis(tables.noise, 3, 1)[every, column]  # (E, 2, W)
    step = np.maximum(coefficients.mean(axis=(1, 2)), SMALLEST_NOISE)
    rate = np.where(has_key, tables.skr_bps(every, noise, transmittance), 0.0)
    rate_after = np.where(has_key, tables.skr_bps(every, noise + step, transmittance), 0.0)
    slope = (rate - rate_after) / step
    slowed = slowed_demands(problem, plan, rate)
    blocked = tables.blocks[every, column][:, None, :] & tables.in_quantum_fibre[:, :, None]
    return Surrogate(
        rate_bps=rate,
        cost_bps=(slope * slowed)[:, None, None] * coefficients,
        allowed=tables.usable & ~(blocked & has_key[:, None, None]),
    )


def slowed_demands(problem: Problem, plan: Plan, rate_bps: FloatArray) -> FloatArray:
    """``(E,)`` demands that each link slows: every one shared out among the links it crosses.

    Parameters
    ----------
    problem
        The problem.
    plan
        The plan.
    rate_bps
        ``(E,)`` key rate of each link [bit/s].
    """
    slowed = np.zeros(len(rate_bps))
    scale = max(1e-9, SOFTNESS * float(rate_bps.mean()))
    for routes, number in zip(problem.routes, plan.routes, strict=True):
        if number != BLOCKED:
            links = list(routes[number].links)
            weight = np.exp(-(rate_bps[links] - rate_bps[links].min()) / scale)
            slowed[links] += weight / weight.sum()
    return slowed
