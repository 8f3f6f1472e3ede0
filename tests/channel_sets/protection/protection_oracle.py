"""Whether a tiny instance with a set can be protected at all: every plan, every restoration.

Judged with the checker's physics; shares nothing with the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

from qkdopt.checker.rates import _link_rate, _widest
from qkdopt.instance import Instance
from qkdopt.problem.routes import Route, candidate_routes

Choice = tuple[Route, tuple[int, ...]]


class ProtectionOracle:
    """One instance with its set, all of it reserved, and a floor."""

    def __init__(self, instance: Instance, min_skr_bps: float) -> None:
        self._instance = instance
        self._floor = min_skr_bps
        self._links = instance.network.links
        self._routes = candidate_routes(instance)
        self._rates: dict[tuple[object, ...], list[float]] = {}

    def possible(self) -> bool:
        """Whether some plan keeps all demands under every single failure."""
        return any(self._protected(plan) for plan in self._plans(None, {}))

    def _plans(self, cut: int | None, fixed: dict[int, Choice]) -> Iterator[dict[int, Choice]]:
        """Every legal placing of the demands that are not fixed."""
        rest = [r for r in range(len(self._instance.demands)) if r not in fixed]
        for choices in product(*(list(self._options(r, cut)) for r in rest)):
            plan = {**fixed, **dict(zip(rest, choices, strict=True))}
            if self._lit(plan) is not None:
                yield plan

    def _options(self, r: int, cut: int | None) -> Iterator[Choice]:
        demand = self._instance.demands[r]
        for route in self._routes[r]:
            if cut not in route.links:
                for channels in combinations(range(self._instance.grid.channels), demand.channels):
                    yield route, channels

    def _lit(self, plan: dict[int, Choice]) -> dict[int, set[tuple[int, bool]]] | None:
        """Channels lit on every link; None for a clash or light in a guard band."""
        lit: dict[int, set[tuple[int, bool]]] = {e: set() for e in range(len(self._links))}
        pair = self._instance.fibre.layout == "pair"
        for route, channels in plan.values():
            for e, forward in zip(route.links, route.forward, strict=True):
                link = self._links[e]
                heard = not pair or forward == (link.qkd_direction == "a->b")
                for w in channels:
                    if any(w == other and (not pair or forward == way) for other, way in lit[e]):
                        return None
                    near = (
                        self._instance.is_dark_near(w, c)
                        for c in self._instance.candidates_of(link)
                    )
                    if heard and any(near):
                        return None
                    lit[e].add((w, forward))
        return lit

    def _protected(self, plan: dict[int, Choice]) -> bool:
        lit = self._lit(plan)
        assert lit is not None
        rates = {e: self._link(e, lit[e]) for e in lit}
        best = {e: max(some, default=0.0) for e, some in rates.items()}
        if not self._kept(plan, best):
            return False
        for e, some in rates.items():
            second = sorted(some)[-2] if len(some) > 1 else 0.0
            if not self._kept(plan, {**best, e: second}):
                return False
        return all(self._restorable(plan, f) for f in rates)

    def _restorable(self, plan: dict[int, Choice], cut: int) -> bool:
        fixed = {r: at for r, at in plan.items() if cut not in at[0].links}
        for after in self._plans(cut, fixed):
            lit = self._lit(after)
            assert lit is not None
            best = {e: max(self._link(e, lit[e]), default=0.0) for e in lit}
            if self._kept(after, {**best, cut: 0.0}):
                return True
        return False

    def _kept(self, plan: dict[int, Choice], best: dict[int, float]) -> bool:
        if self._instance.qkd.key_accounting == "shared":
            return self._have_needs(plan, best)
        for r, (route, _) in plan.items():
            demand = self._instance.demands[r]
            if self._instance.qkd.relay == "widest":
                named = {self._links[e].id: rate for e, rate in best.items()}
                rate = _widest(self._instance, named, demand.source, demand.target)
            else:
                rate = min(best[e] for e in route.links)
            if rate < max(self._floor, demand.min_skr_bps or 0.0):
                return False
        return True

    def _have_needs(self, plan: dict[int, Choice], best: dict[int, float]) -> bool:
        """Whether every link has the key that all demands across it ask for together."""
        for e, rate in best.items():
            crossing = (
                self._instance.demands[r] for r, (route, _) in plan.items() if e in route.links
            )
            if sum(demand.need_bps for demand in crossing) > rate:
                return False
        return True

    def _link(self, e: int, lit: set[tuple[int, bool]]) -> list[float]:
        """Rates of a link at each of its candidates."""
        key = (e, frozenset(lit))
        if key not in self._rates:
            link = self._links[e]
            self._rates[key] = [
                _link_rate(self._instance, link, c, sorted(lit)).skr_bps
                for c in self._instance.candidates_of(link)
            ]
        return self._rates[key]
