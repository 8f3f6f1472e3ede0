"""The oracle: every assignment of a tiny instance, judged with the checker's physics.

Shares nothing with tables, models, heuristics or bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, product

from qkdopt.checker.rates import _link_rate, _widest
from qkdopt.instance import Instance, Link
from qkdopt.problem.routes import Route, candidate_routes
from qkdopt.result import Objective

Lit = frozenset[tuple[int, bool]]
# One choice for a demand: its route and channels; None when it is blocked.
Choice = tuple[Route, tuple[int, ...]] | None


@dataclass
class Oracle:
    """Best objective by number served, over all assignments of one instance."""

    instance: Instance
    objective: Objective = "mean"
    _rates: dict[tuple[str, Lit], float | None] = field(default_factory=dict)

    def best(self) -> dict[int, float]:
        """Return the best objective [bit/s] of plans by how many demands they serve."""
        found: dict[int, float] = {}
        options = [self._options(r) for r in range(len(self.instance.demands))]
        for choices in product(*options):
            value = self._value(choices)
            if value is not None:
                served = sum(choice is not None for choice in choices)
                found[served] = max(found.get(served, -1.0), value)
        return found

    def best_serving_all(self) -> float | None:
        """Return the best objective [bit/s] of plans that serve every demand; None without one.

        Clashes are cut off as soon as they appear, so larger instances are within reach.
        """
        options = [self._options(r)[1:] for r in range(len(self.instance.demands))]
        pair = self.instance.fibre.layout == "pair"
        uses = [
            [
                (choice, {(e, w, f if pair else True)
                          for e, f in zip(choice[0].links, choice[0].forward, strict=True)
                          for w in choice[1]})
                for choice in some
                if choice is not None
            ]
            for some in options
        ]  # fmt: skip
        best: float | None = None
        chosen: list[Choice] = []

        def descend(r: int, used: set[tuple[int, int, bool]]) -> None:
            nonlocal best
            if r == len(uses):
                value = self._value(tuple(chosen))
                if value is not None and (best is None or value > best):
                    best = value
                return
            for choice, cells in uses[r]:
                if used.isdisjoint(cells):
                    chosen.append(choice)
                    descend(r + 1, used | cells)
                    chosen.pop()

        descend(0, set())
        return best

    def _options(self, r: int) -> list[Choice]:
        demand = self.instance.demands[r]
        sets = list(combinations(range(self.instance.grid.channels), demand.channels))
        routes = candidate_routes(self.instance)[r]
        return [None, *((route, channels) for route in routes for channels in sets)]

    def _value(self, choices: tuple[Choice, ...]) -> float | None:
        lit: dict[int, set[tuple[int, bool]]] = {}
        used: set[tuple[int, int, bool]] = set()
        for choice in choices:
            if choice is None:
                continue
            route, channels = choice
            for e, forward in zip(route.links, route.forward, strict=True):
                for w in channels:
                    fibre = forward if self.instance.fibre.layout == "pair" else True
                    if (e, w, fibre) in used:
                        return None
                    used.add((e, w, fibre))
                    lit.setdefault(e, set()).add((w, forward))
        rates = {}
        for e, link in enumerate(self.instance.network.links):
            rate = self._link(link, frozenset(lit.get(e, ())))
            if rate is None:
                return None
            rates[e] = rate
        return self._objective(choices, rates)

    def _objective(self, choices: tuple[Choice, ...], rates: dict[int, float]) -> float | None:
        demand_rates = []
        for demand, choice in zip(self.instance.demands, choices, strict=True):
            if choice is None:
                continue
            if self.instance.qkd.relay == "widest":
                named = {link.id: rates[e] for e, link in enumerate(self.instance.network.links)}
                rate = _widest(self.instance, named, demand.source, demand.target)
            else:
                rate = min(rates[e] for e in choice[0].links)
            if rate < (demand.min_skr_bps or 0.0):
                return None
            demand_rates.append(rate)
        if self.objective == "link-sum":
            return sum(rates.values())
        if not demand_rates:
            return 0.0
        return (
            min(demand_rates)
            if self.objective == "max-min"
            else sum(demand_rates) / len(demand_rates)
        )

    def _link(self, link: Link, lit: Lit) -> float | None:
        """Best rate of a link over its legal candidates; None when a rule is broken."""
        key = (link.id, lit)
        if key not in self._rates:
            self._rates[key] = self._compute(link, lit)
        return self._rates[key]

    def _compute(self, link: Link, lit: Lit) -> float | None:
        instance = self.instance
        candidates = instance.candidates_of(link)
        if not candidates:
            return 0.0
        along = link.qkd_direction == "a->b"
        single = instance.fibre.layout == "single"
        heard = [w for w, forward in lit if single or forward == along]
        best = None
        for candidate in candidates:
            reserved = candidates if instance.qkd.reserve == "all" else (candidate,)
            if any(instance.is_dark_near(w, c) for w in heard for c in reserved):
                continue
            rate = _link_rate(instance, link, candidate, sorted(lit)).skr_bps
            best = rate if best is None else max(best, rate)
        return best
