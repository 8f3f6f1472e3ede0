"""Every plan of a tiny instance with some groups of rules dropped, by the checker's physics.

Shares nothing with the tables, models or searches that ``explain`` uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from qkdopt.checker.rates import _link_rate, _widest
from qkdopt.conflicts import Group
from qkdopt.instance import Instance
from qkdopt.problem.routes import Route, candidate_routes

Choice = tuple[Route, tuple[int, ...]]
LitChannel = tuple[int, bool]


@dataclass
class Enumeration:
    """Says whether any plan keeps some groups of an instance's rules."""

    instance: Instance
    _rates: dict[object, float | None] = field(default_factory=dict)

    def size(self, groups: frozenset[Group]) -> int:
        """Number of plans there are to look at."""
        product = 1
        for r in self._kept(groups, "served"):
            product *= len(self._options(r))
        return product

    def possible(self, groups: frozenset[Group]) -> bool:
        """Whether any plan keeps these groups."""
        if any(not self._options(r) for r in self._kept(groups, "served")):
            return False
        return any(self._holds(groups, plan) for plan in self._plans(groups))

    def _kept(self, groups: frozenset[Group], kind: str) -> list[int]:
        return sorted(group.number for group in groups if group.kind == kind)

    def _options(self, r: int) -> list[Choice]:
        sets = combinations(range(self.instance.grid.channels), self.instance.demands[r].channels)
        every = list(sets)
        return [(p, chosen) for p in candidate_routes(self.instance)[r] for chosen in every]

    def _plans(self, groups: frozenset[Group]) -> Iterator[dict[int, Choice]]:
        """Yield every assignment in which no channel with a rule is used twice."""
        demands = self._kept(groups, "served")
        options = {r: self._options(r) for r in demands}
        single = set(self._kept(groups, "room"))

        def extend(at: int, used: frozenset[object], plan: dict[int, Choice]) -> Iterator[dict]:
            if at == len(demands):
                yield plan
                return
            for choice in options[demands[at]]:
                taken = {use for use in self._uses(choice) if use[0] in single}
                if not taken & used:
                    yield from extend(at + 1, used | taken, {**plan, demands[at]: choice})

        yield from extend(0, frozenset(), {})

    def _uses(self, choice: Choice) -> Iterator[tuple[int, int, bool]]:
        pair = self.instance.fibre.layout == "pair"
        route, channels = choice
        for e, forward in zip(route.links, route.forward, strict=True):
            for w in channels:
                yield e, w, forward if pair else True

    def _holds(self, groups: frozenset[Group], plan: dict[int, Choice]) -> bool:
        lit: dict[int, list[LitChannel]] = {e: [] for e in range(len(self.instance.network.links))}
        for route, channels in plan.values():
            for e, forward in zip(route.links, route.forward, strict=True):
                lit[e] += [(w, forward) for w in channels]
        rates = {}
        for e, lit_channels in lit.items():
            rate = self._rate(e, tuple(sorted(lit_channels)), Group("guard", e) in groups)
            if rate is None:
                return False
            with_qkd = bool(self.instance.candidates_of(self.instance.network.links[e]))
            rates[e] = rate if Group("noise", e) in groups or not with_qkd else float("inf")
        with_min_rate = set(self._kept(groups, "floor"))
        return all(
            self._demand_rate(plan, r, rates) >= self._min_skr_bps(r)
            for r in plan
            if r in with_min_rate
        )

    def _min_skr_bps(self, r: int) -> float:
        return self.instance.demands[r].min_skr_bps or 0.0

    def _demand_rate(self, plan: dict[int, Choice], r: int, rates: dict[int, float]) -> float:
        if self.instance.qkd.relay == "lightpath":
            return min(rates[e] for e in plan[r][0].links)
        named = {link.id: rates[e] for e, link in enumerate(self.instance.network.links)}
        demand = self.instance.demands[r]
        return _widest(self.instance, named, demand.source, demand.target)

    def _rate(self, e: int, lit: tuple[LitChannel, ...], guarded: bool) -> float | None:
        key = (e, tuple(sorted(Counter(lit).items())), guarded)
        if key not in self._rates:
            self._rates[key] = self._compute(e, list(lit), guarded)
        return self._rates[key]

    def _compute(self, e: int, lit: list[LitChannel], guarded: bool) -> float | None:
        """Best rate of a link; None when its guard band is lit whatever candidate works."""
        instance, link = self.instance, self.instance.network.links[e]
        candidates = instance.candidates_of(link)
        if not candidates:
            return 0.0
        towards_b = link.qkd_direction == "a->b"
        single = instance.fibre.layout == "single"
        in_quantum_fibre = [w for w, forward in lit if single or forward == towards_b]
        rates = []
        for candidate in candidates:
            reserved = candidates if instance.qkd.reserve == "all" else (candidate,)
            dark = [w for w in in_quantum_fibre for c in reserved if instance.is_dark_near(w, c)]
            if not guarded or not dark:
                rates.append(_link_rate(instance, link, candidate, lit).skr_bps)
        return max(rates, default=None)
