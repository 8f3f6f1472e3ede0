"""Synergistic DS-QKD: routes and channels chosen for the key rate of the whole network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from qkdopt.heuristics.spectrum import Spectrum, drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.problem.plan import BLOCKED, Plan, assess
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray

Rule = Literal["harm", "equalisation", "key-prices"]
# A link's price rises with this power of how often its key is asked for: near to the fullest link
# alone, which is what a factor of all needs is about.
PRICE_POWER = 4
# A link counts as having this share of the highest key rate at least: none has no price.
LEAST_KEY = 1e-3
# Picks (position in the list, channel) among numbered routes; None when none has room.
Choose = Callable[[list[int]], tuple[int, int] | None]


def ds_qkd_synergistic(problem: Problem, rule: Rule | None = None) -> Plan:
    """Serve demands in file order on the best route and channel by a rule.

    Parameters
    ----------
    problem
        The problem.
    rule
        ``harm``: over all routes and free channels, the demand's own key rate less what
        the new light takes from demands already there, counted at the links that are
        their bottlenecks. ``equalisation``: on the first route with room, the channel
        with the least noise, averaged over the links' candidates (the paper's text).
        ``key-prices``: over all routes and free channels, where the prices of the links' keys rise
        least, by what is drawn of them and by what the new light takes from them. None for
        ``harm``, and where demands share keys for the better of it and ``key-prices``: at little
        load prices are better, at much they spread the light over all links.
    """
    if rule is None and problem.objective in KEY_OBJECTIVES:
        rules: tuple[Rule, ...] = ("key-prices", "harm")
        plans = [ds_qkd_synergistic(problem, each) for each in rules]
        return max(plans, key=lambda plan: assess(problem, plan).rank)
    builder = _Builder(problem)
    choose = {
        "harm": builder.least_harm,
        "equalisation": builder.least_noise,
        "key-prices": builder.least_price,
    }[rule or "harm"]
    for r, demand in enumerate(problem.instance.demands):
        if not problem.stays(r):
            builder.serve(r, demand.channels, choose)
    return drop_below_min_rate(problem, builder.routes, builder.channels)


class _Builder:
    """A plan under construction, with the exact rate of every link."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._spectrum = Spectrum(problem)
        self._every: list[Route] = [route for routes in problem.routes for route in routes]
        self._rates = np.array([self._rate(e) for e in range(len(problem.tables.candidates))])
        self._bottlenecks: IntArray = np.zeros(len(self._rates), dtype=np.int64)
        self.routes: list[int] = [BLOCKED] * len(problem.routes)
        self.channels: list[tuple[int, ...]] = [()] * len(problem.routes)
        self._drawn = np.zeros(len(self._rates))
        self._need = 0.0
        self._least_key = LEAST_KEY * max(float(self._rates.max(initial=0.0)), 1.0)
        for r in problem.staying:
            self.routes[r], self.channels[r] = 0, problem.in_place[r] or ()
            self._draw(r)
        self._count_bottlenecks()

    def serve(self, r: int, count: int, choose: Choose) -> None:
        """Light ``count`` channels for demand r where the rule says, or block it."""
        first = self._spectrum.route_number(r)
        self._need = float(self._problem.needs.rate_bps[r])
        allowed = list(range(first, first + len(self._problem.routes[r])))
        while allowed:
            choice = choose(allowed)
            if choice is None:
                break
            lit = self._light(allowed[choice[0]], count, choice[1], choose)
            if lit is not None:
                self.routes[r], self.channels[r] = allowed[choice[0]] - first, lit
                self._draw(r)
                self._count_bottlenecks()
                return
            allowed.pop(choice[0])

    def _light(self, route: int, count: int, first: int, choose: Choose) -> tuple[int, ...] | None:
        """Light the first channel and, for wider demands, the next best ones of the route."""
        lit = [first]
        self._spectrum.light(route, first)
        while len(lit) < count:
            choice = choose([route])
            if choice is None:
                for channel in lit:
                    self._spectrum.release(route, channel)
                return None
            lit.append(choice[1])
            self._spectrum.light(route, choice[1])
        for e in self._every[route].links:
            self._rates[e] = self._rate(e)
        return tuple(sorted(lit))

    def least_harm(self, routes: list[int]) -> tuple[int, int] | None:
        """Return (route, channel) with the most own rate less harm; None without room."""
        best, choice = -np.inf, None
        for p, route in enumerate(routes):
            free = np.flatnonzero(self._spectrum.free(route))
            if not len(free):
                continue
            after = self._rates_after(route, free)
            links = list(self._every[route].links)
            harm = (self._rates[links] - after) @ self._bottlenecks[links]
            worth = after.min(axis=1) - harm
            k = int(worth.argmax())
            if worth[k] > best:
                best, choice = float(worth[k]), (p, int(free[k]))
        return choice

    def least_price(self, routes: list[int]) -> tuple[int, int] | None:
        """Return (route, channel) with the least rise of key prices; None without room."""
        best, choice = np.inf, None
        for p, route in enumerate(routes):
            free = np.flatnonzero(self._spectrum.free(route))
            if not len(free):
                continue
            links = list(self._every[route].links)
            after = self._price(self._drawn[links] + self._need, self._rates_after(route, free))
            before = self._price(self._drawn[links], self._rates[links])
            rise = after.sum(axis=1) - before.sum()
            k = int(rise.argmin())
            if rise[k] < best:
                best, choice = float(rise[k]), (p, int(free[k]))
        return choice

    def _price(self, drawn_bps: FloatArray, rates_bps: FloatArray) -> FloatArray:
        """Return the prices of links' keys: a power of what is drawn beside what there is."""
        return np.asarray((drawn_bps / np.maximum(rates_bps, self._least_key)) ** PRICE_POWER)

    def _draw(self, r: int) -> None:
        """Count what a demand draws of the links on its route."""
        links = list(self._problem.routes[r][self.routes[r]].links)
        self._drawn[links] += self._problem.needs.rate_bps[r]

    def least_noise(self, routes: list[int]) -> tuple[int, int] | None:
        """Return the first route with room and its channel of least added noise."""
        tables = self._problem.tables
        for p, route in enumerate(routes):
            free = np.flatnonzero(self._spectrum.free(route))
            if not len(free):
                continue
            added = np.zeros(len(free))
            for e, direction, _ in self._every[route].hops:
                count = max(1, int(tables.candidate_count[e]))
                added_noise = tables.noise[e, direction][free]
                added += added_noise.sum(axis=1) / count
            return p, int(free[int(added.argmin())])
        return None

    def _rates_after(self, route: int, free: IntArray) -> FloatArray:
        """``(channels, hops)`` rate of each link of a route were one more channel lit."""
        tables = self._problem.tables
        hops = self._every[route].hops
        rates = np.zeros((len(free), len(hops)))
        for h, (e, d, _) in enumerate(hops):
            if not tables.candidate_count[e]:
                continue
            noise = self._spectrum.noise(e) + tables.noise[e, d][free]
            legal = self._spectrum.legal(e) & ~(
                tables.blocks[e].T[free] & tables.in_quantum_fibre[e, d]
            )
            skr = tables.skr_bps(e, noise, tables.transmittance[e])
            rates[:, h] = np.where(legal, skr, 0.0).max(axis=1)
        return rates

    def _rate(self, e: int) -> float:
        tables = self._problem.tables
        legal = self._spectrum.legal(e)
        if not legal.any():
            return 0.0
        noise = self._spectrum.noise(e)[legal]
        skr = tables.skr_bps(e, noise, tables.transmittance[e][legal])
        return float(skr.max())

    def _count_bottlenecks(self) -> None:
        """Count, per link, the served demands that it limits."""
        self._bottlenecks[:] = 0
        for r, number in enumerate(self.routes):
            if number != BLOCKED:
                links = self._problem.routes[r][number].links
                self._bottlenecks[min(links, key=lambda e: (self._rates[e], e))] += 1
