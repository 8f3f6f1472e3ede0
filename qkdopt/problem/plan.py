"""A plan, and its exact assessment: lit channels, noise, key rates, objective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, LinkOptics
from qkdopt.problem.key_shares import KEY_OBJECTIVES, shares_on_routes
from qkdopt.problem.light_in_place import foreign_channels
from qkdopt.problem.relay import WidestRelay
from qkdopt.result.fair_shares import crossing
from qkdopt.units import FloatArray

BLOCKED = -1
NO_QKD = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """Route and channels of every demand, working candidate of every link.

    Parameters
    ----------
    routes
        Per demand the number of its candidate route; ``BLOCKED`` (-1) when not served.
    channels
        Per demand its channels, rising; empty when blocked.
    working
        Per link the number of its working candidate; ``NO_QKD`` (-1) without QKD.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.Plan(routes=(0, -1), channels=((1, 2), ()), working=(0, 1)).served
    1
    """

    routes: tuple[int, ...]
    channels: tuple[tuple[int, ...], ...]
    working: tuple[int, ...]

    @property
    def served(self) -> int:
        """How many demands are served."""
        return sum(route != BLOCKED for route in self.routes)


@dataclass(frozen=True)
class Assessment:
    """Exact numbers of one plan.

    Parameters
    ----------
    noise
        ``(E,)`` noise clicks per gate at the working candidate; 0 without QKD.
    link_skr_bps
        ``(E,)`` key rate of each link; 0 without QKD.
    demand_skr_bps
        ``(R,)`` key rate of each demand; 0 where blocked. Where keys are shared, what it gets when
        all draw at once.
    bottleneck
        ``(R,)`` link with the smallest rate on the relay route; -1 where there is none.
    served
        How many demands are served.
    objective_bps
        Value of the problem's objective.
    delivered_bps
        Key that demands with a need get of it, for objective ``key-served``: of plans that meet as
        much, the one that delivers more is better; 0 with others.
    asking
        ``(R,)`` served demands that ask for key, where keys are shared; None where all do.
    """

    noise: FloatArray
    link_skr_bps: FloatArray
    demand_skr_bps: FloatArray
    bottleneck: NDArray[np.int64]
    served: int
    objective_bps: float
    delivered_bps: float = 0.0
    asking: BoolArray | None = None

    @property
    def without_key(self) -> int:
        """How many served demands have no key, of those that ask for it."""
        keyless = self.demand_skr_bps <= 0.0
        if self.asking is not None:
            return int(np.count_nonzero(keyless & self.asking))
        return self.served - int(np.count_nonzero(~keyless))

    @property
    def key(self) -> tuple[int, float]:
        """What plans are compared by, lexicographically."""
        return self.served, self.objective_bps

    @property
    def rank(self) -> tuple[int, float, float]:
        """The same, and what decides between plans that are equal by it."""
        return self.served, self.objective_bps, self.delivered_bps


def lit_channels(problem: Problem, plan: Plan) -> NDArray[np.int64]:
    """``(E, 2, W)`` number of lightpaths on each channel by direction of travel."""
    tables = problem.tables
    lit = np.zeros(tables.usable.shape, dtype=np.int64)
    for routes, number, channels in zip(problem.routes, plan.routes, plan.channels, strict=True):
        if number == BLOCKED:
            continue
        route = routes[number]
        for hop in route.hops:
            lit[hop.link, hop.direction, list(channels)] += 1
    return lit


def best_working(problem: Problem, lit: NDArray[np.int64]) -> tuple[int, ...]:
    """Tune every link to its legal candidate with the highest rate (ties: the first).

    A candidate is legal when no lit channel of its fibre lies in its guard band. A link
    with candidates but none legal gets ``NO_QKD``: such a plan breaks a rule.
    """
    tables = problem.tables
    rates = tables.candidate_skr_bps(candidate_noise(problem, lit))
    in_fibre = (lit * tables.in_quantum_fibre[:, :, None]).sum(axis=1)
    blocked = (tables.blocks & (in_fibre > 0)[:, None, :]).any(axis=2)
    numbers = np.arange(rates.shape[1])
    legal = ~blocked & (numbers < tables.candidate_count[:, None])
    best = np.where(legal, rates, -1.0).argmax(axis=1)
    return tuple(int(b) if legal[e].any() else NO_QKD for e, b in enumerate(best))


def candidate_noise(problem: Problem, lit: NDArray[np.int64]) -> FloatArray:
    """``(E, Q)`` noise clicks per gate at every candidate of every link."""
    tables = problem.tables
    additive = np.einsum("edw,edwc->ec", lit.astype(np.float64), tables.noise)
    return np.asarray(tables.background_noise + additive + _mixing_noise(problem, lit))


def _mixing_noise(problem: Problem, lit: NDArray[np.int64]) -> FloatArray:
    """``(E, Q)`` four-wave mixing noise: cubic in the lit channels, so not in the tables."""
    instance, tables = problem.instance, problem.tables
    mixing = np.zeros_like(tables.background_noise)
    if instance.other_noise.four_wave_mixing is None:
        return mixing
    grid = np.array([instance.grid.frequency_thz(w) for w in range(instance.grid.channels)])
    lit = lit + foreign_channels(instance)
    for e, link in enumerate(instance.network.links):
        co = 0 if link.qkd_direction == "a->b" else 1
        lit_thz = grid[lit[e, co] > 0]
        for c, candidate in enumerate(tables.candidates[e]):
            mixing[e, c] = LinkOptics(instance, link, candidate).four_wave_mixing_clicks(lit_thz)
    return mixing


def tune_working_channels(
    problem: Problem, routes: list[int], channels: list[tuple[int, ...]]
) -> Plan:
    """Build the plan of these lightpaths with every link at its best candidate.

    Parameters
    ----------
    problem
        The problem.
    routes
        ``(R,)`` number of each demand's candidate route; ``BLOCKED`` (-1) when not served.
    channels
        ``(R,)`` channels of each demand, rising; empty when blocked.
    """
    untuned = Plan(tuple(routes), tuple(channels), ())
    working = best_working(problem, lit_channels(problem, untuned))
    return Plan(untuned.routes, untuned.channels, working)


def assess(problem: Problem, plan: Plan) -> Assessment:
    """Exact rates and objective of a plan; its rules are the business of ``check``."""
    tables = problem.tables
    every = np.arange(len(plan.working))
    working = np.array(plan.working, dtype=np.int64)
    has_key = working != NO_QKD
    column = np.where(has_key, working, 0)
    noise = candidate_noise(problem, lit_channels(problem, plan))[every, column]
    rates = tables.skr_bps(every, noise, tables.transmittance[every, column])
    link_skr = np.where(has_key, rates, 0.0)
    shared = problem.instance.qkd.key_accounting == "shared"
    rates_of_demands = _shares if shared else _demand_rates
    demand_skr, bottleneck = rates_of_demands(problem, plan, link_skr)
    delivered = 0.0
    if problem.objective == "key-served":
        delivered = float(np.minimum(demand_skr, problem.needs.rate_bps).sum())
    return Assessment(
        noise=np.where(has_key, noise, 0.0),
        link_skr_bps=link_skr,
        demand_skr_bps=demand_skr,
        bottleneck=bottleneck,
        served=plan.served,
        objective_bps=objective_bps(problem, plan, link_skr, demand_skr),
        delivered_bps=delivered,
        asking=_served(plan) & (problem.needs.shares > 0.0) if shared else None,
    )


def objective_bps(
    problem: Problem, plan: Plan, link_skr_bps: FloatArray, demand_skr_bps: FloatArray
) -> float:
    """Return the problem's objective [bit/s]; 0 when it is about demands and none is served.

    Parameters
    ----------
    problem
        The problem; its objective says what counts.
    plan
        The plan, for which demands are served.
    link_skr_bps
        ``(E,)`` key rate of each link [bit/s]; counts with objective ``link-sum``.
    demand_skr_bps
        ``(R,)`` key rate of each demand [bit/s]; those of served demands count with the other
        objectives, beside what they ask for with those of ``KEY_OBJECTIVES``.
    """
    if problem.objective == "link-sum":
        return float(link_skr_bps.sum())
    if problem.objective in KEY_OBJECTIVES:
        return problem.needs.objective_bps(problem.objective, demand_skr_bps, _served(plan))
    rates = demand_skr_bps[[route != BLOCKED for route in plan.routes]]
    if not len(rates):
        return 0.0
    return float(rates.mean() if problem.objective == "mean" else rates.min())


def _served(plan: Plan) -> BoolArray:
    return np.array([route != BLOCKED for route in plan.routes], dtype=np.bool_)


def _shares(
    problem: Problem, plan: Plan, link_skr: FloatArray
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Share links' keys among the demands; return what each gets, and the link that limits it."""
    paths = [
        () if number == BLOCKED else routes[number].links
        for routes, number in zip(problem.routes, plan.routes, strict=True)
    ]
    crosses, served = crossing(paths, len(link_skr)), _served(plan)
    objective, needs = problem.objective, problem.needs
    if problem.instance.qkd.relay == "flow":
        given = problem.key_flows.shares(objective, needs, served, link_skr)
        return given, np.full(len(paths), -1, dtype=np.int64)
    given = shares_on_routes(objective, needs, served, crosses, link_skr)
    drawn = crosses @ np.where(served, needs.shares, 0.0)
    factor = np.divide(link_skr, drawn, out=np.full(len(drawn), np.inf), where=drawn > 0.0)
    bottleneck = [min(path, key=lambda e: (factor[e], e), default=-1) for path in paths]
    return given, np.array(bottleneck, dtype=np.int64)


def _demand_rates(
    problem: Problem, plan: Plan, link_skr: FloatArray
) -> tuple[FloatArray, NDArray[np.int64]]:
    rates = np.zeros(len(plan.routes))
    bottleneck = np.full(len(plan.routes), -1, dtype=np.int64)
    relay = WidestRelay(problem, link_skr) if problem.instance.qkd.relay == "widest" else None
    for r, number in enumerate(plan.routes):
        if number == BLOCKED:
            continue
        route = problem.routes[r][number]
        links = relay.links(route) if relay is not None else route.links
        slowest = min(links, key=lambda link: (link_skr[link], link))
        rates[r], bottleneck[r] = link_skr[slowest], slowest
    return rates, bottleneck
