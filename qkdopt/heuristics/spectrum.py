"""Which channels are free: occupancy, guard bands and legal candidates while a plan grows."""

from __future__ import annotations

import numpy as np

from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray
from qkdopt.problem.plan import BLOCKED, Plan, assess, tuned
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray


class Spectrum:
    """Lit channels of a plan under construction.

    Parameters
    ----------
    problem
        The problem.
    first_candidate_only
        Every link works on its first candidate, whatever else it has.
    """

    def __init__(self, problem: Problem, *, first_candidate_only: bool = False) -> None:
        tables = problem.tables
        links, _, width = tables.usable.shape
        self._problem = problem
        self._occupied = np.zeros((links, 2, width), dtype=np.bool_)
        self._blockers = np.zeros(tables.floor.shape, dtype=np.int64)
        self.noise: FloatArray = tables.floor.copy()
        known = np.arange(tables.floor.shape[1]) < tables.candidate_count[:, None]
        if first_candidate_only:
            known[:, 1:] = False
        self._known = known
        self._has_qkd = tables.candidate_count > 0

    def legal(self, link: int) -> BoolArray:
        """``(Q,)`` candidates of a link without light in their guard band."""
        return np.asarray(self._known[link] & (self._blockers[link] == 0))

    def dark(self, route: Route) -> BoolArray:
        """``(W,)`` channels that carry nothing on the whole route."""
        tables = self._problem.tables
        free = np.ones(self._occupied.shape[2], dtype=np.bool_)
        for e, forward in zip(route.links, route.forward, strict=True):
            fibre = tables.fibres[0 if forward else 1]
            free &= ~self._occupied[e, fibre]
        return free

    def unreserved(self, route: Route) -> BoolArray:
        """``(W,)`` channels outside of the guard bands that stay dark in any plan."""
        usable = self._problem.tables.usable
        hops = zip(route.links, route.forward, strict=True)
        return np.asarray(np.all([usable[e, 0 if f else 1] for e, f in hops], axis=0))

    def receivable(self, route: Route) -> BoolArray:
        """``(W,)`` channels that leave every link of the route a legal candidate."""
        tables = self._problem.tables
        free = np.ones(self._occupied.shape[2], dtype=np.bool_)
        for e, forward in zip(route.links, route.forward, strict=True):
            if self._has_qkd[e] and tables.disturbs[e, 0 if forward else 1]:
                free &= (~tables.blocks[e][self.legal(e)]).any(axis=0)
        return free

    def free(self, route: Route) -> BoolArray:
        """``(W,)`` channels that may be lit on the whole route now."""
        return self.dark(route) & self.unreserved(route) & self.receivable(route)

    def light(self, route: Route, channel: int) -> None:
        """Light a channel along a route."""
        self._switch(route, channel, on=True)

    def release(self, route: Route, channel: int) -> None:
        """Put out a channel along a route."""
        self._switch(route, channel, on=False)

    def _switch(self, route: Route, channel: int, *, on: bool) -> None:
        tables = self._problem.tables
        sign = 1 if on else -1
        for e, forward in zip(route.links, route.forward, strict=True):
            d = 0 if forward else 1
            self._occupied[e, tables.fibres[d], channel] = on
            self.noise[e] += sign * tables.noise[e, d, channel]
            if tables.disturbs[e, d]:
                self._blockers[e] += sign * tables.blocks[e, :, channel]

    def first_fit(self, route: Route, count: int) -> tuple[int, ...] | None:
        """Light the first ``count`` free channels of a route; None, unlit, if there are fewer."""
        lit: list[int] = []
        for _ in range(count):
            free = np.flatnonzero(self.free(route))
            if not len(free):
                for channel in lit:
                    self.release(route, channel)
                return None
            lit.append(int(free[0]))
            self.light(route, lit[-1])
        return tuple(sorted(lit))


def spectrum_of(problem: Problem, plan: Plan) -> Spectrum:
    """Return the lit channels of a finished plan."""
    spectrum = Spectrum(problem)
    for routes, number, channels in zip(problem.routes, plan.routes, plan.channels, strict=True):
        if number != BLOCKED:
            for channel in channels:
                spectrum.light(routes[number], channel)
    return spectrum


def finished(
    problem: Problem,
    routes: list[int],
    channels: list[tuple[int, ...]],
    working: tuple[int, ...] | None = None,
) -> Plan:
    """Tune every link and drop demands below their least key rate, the furthest below first."""
    floors = np.array([demand.min_skr_bps or 0.0 for demand in problem.instance.demands])
    while True:
        plan = tuned(problem, routes, channels)
        if working is not None:
            plan = Plan(plan.routes, plan.channels, working)
        if not floors.any():
            return plan
        missing = np.where(
            np.array(routes) != BLOCKED, floors - assess(problem, plan).demand_skr_bps, 0.0
        )
        worst = int(missing.argmax())
        if missing[worst] <= 0.0:
            return plan
        routes, channels = list(routes), list(channels)
        routes[worst], channels[worst] = BLOCKED, ()
