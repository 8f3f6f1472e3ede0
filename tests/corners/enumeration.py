"""Every assignment of a small instance, judged from the equations alone.

Shares no code with the checker, the tables, the models, the searches or ``brute_force``: what
they have in common with this is the instance, as data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations

from qkdopt.instance import Instance, Link
from qkdopt.result import Objective, Result
from tests.corners.key_oracle import KeyOracle
from tests.corners.light import (
    LinkLight,
    Lit,
    candidates,
    centre_thz,
    foreign,
    hears,
    is_dark,
    unavailable,
)
from tests.corners.paths import Hops, shortest_routes

# Minimum rates are compared to this, relatively: below and above it both answers are right.
SLACK = 1e-9


@dataclass
class Enumeration:
    """Best objective by number served, over all assignments of one instance.

    Parameters
    ----------
    instance, objective
        What is enumerated.

    Attributes
    ----------
    best
        Best objective [bit/s] by number served, minimum rates met to within rounding.
    sure
        The same over plans that meet every minimum rate by more than rounding: what a bound has
        to cover however it rounds.
    assignments
        How many were judged, clashes left out.
    fewest
        Fewest demands moved by plans with the best objective, by number served.
    """

    instance: Instance
    objective: Objective = "mean"
    best: dict[int, float] = field(default_factory=dict)
    sure: dict[int, float] = field(default_factory=dict)
    assignments: int = 0
    fewest: dict[int, int] = field(default_factory=dict)
    _light: dict[int, list[LinkLight]] = field(default_factory=dict, repr=False)
    _rates: dict[tuple[int, int, int], float | None] = field(default_factory=dict, repr=False)
    _single: bool = field(default=False, repr=False)
    _oracle: KeyOracle | None = field(default=None, repr=False)

    @property
    def most(self) -> int:
        """The most demands that can be served."""
        return max(self.best)

    def run(self) -> Enumeration:
        """Judge every assignment."""
        choices = [
            [choice for choice in _choices(self.instance, r) if may_be_lit(self.instance, choice)]
            for r in range(len(self.instance.demands))
        ]
        self._single = self.instance.fibre.layout == "single"
        self._descend(choices, [], [(0, 0)] * len(self.instance.network.links))
        return self

    def highest_link_bps(self) -> float:
        """Highest rate of any link with no channel lit."""
        rates = [self.link_bps(e) or 0.0 for e in range(len(self.instance.network.links))]
        return max(rates)

    def link_bps(self, e: int, forward: int = 0, backward: int = 0) -> float | None:
        """Best rate of a link over the candidates that the light leaves; None without one.

        ``forward`` and ``backward`` have one bit a channel that is lit in that direction.
        """
        link = self.instance.network.links[e]
        if not link.qkd:
            return 0.0
        key = e, forward, backward
        if key not in self._rates:
            lit = {(w, True) for w in _bits(forward)} | {(w, False) for w in _bits(backward)}
            heard = frozenset(cell for cell in lit if hears(self.instance, link, cell[1]))
            self._rates[key] = self._best_rate(e, link, heard)
        return self._rates[key]

    def _best_rate(self, e: int, link: Link, lit: Lit) -> float | None:
        everything = left_candidates(self.instance, link)
        if e not in self._light:
            self._light[e] = [LinkLight(self.instance, link, c) for c in everything]
        rates = [
            light.skr_bps(light.noise(lit))
            for light in self._light[e]
            if _is_legal(self.instance, light.candidate, everything, lit)
        ]
        return max(rates, default=None)

    def _descend(self, choices: list[list], chosen: list, lit: list[tuple[int, int]]) -> None:
        if len(chosen) == len(choices):
            self._judge(chosen, lit)
            return
        for choice in choices[len(chosen)]:
            lighter = lit if choice is None else self._with_light(choice, lit)
            if lighter is not None:
                self._descend(choices, [*chosen, choice], lighter)

    def _with_light(
        self, choice: tuple[Hops, tuple[int, ...]], lit: list[tuple[int, int]]
    ) -> list[tuple[int, int]] | None:
        """Light a choice; None where a channel is taken, or no candidate is left of a link.

        More light leaves no link more candidates, so that what is left out here is no plan.
        """
        hops, channels = choice
        mask = sum(1 << w for w in channels)
        lighter = list(lit)
        for e, forward in hops:
            along, against = lit[e]
            taken = along | against if self._single else (along if forward else against)
            if taken & mask:
                return None
            lighter[e] = (along | mask, against) if forward else (along, against | mask)
            if self.link_bps(e, *lighter[e]) is None:
                return None
        return lighter

    def _judge(self, chosen: list, lit: list[tuple[int, int]]) -> None:
        self.assignments += 1
        rates = [self.link_bps(e, *masks) for e, masks in enumerate(lit)]
        moved = moves(self.instance, chosen)
        limit = self.instance.moves_limit
        if limit is not None and moved > limit:
            return
        served = sum(choice is not None for choice in chosen)
        if self.instance.qkd.key_accounting == "shared" and self.objective != "link-sum":
            self._judge_shared(chosen, rates, served)
            return
        keys = _demand_rates(self.instance, chosen, rates)
        value = objective_bps(self.objective, rates, [k for k in keys if k is not None])
        if _has_minimum_rates(self.instance, keys, -SLACK):
            best = self.best.get(served, -math.inf)
            if math.isclose(value, best, rel_tol=SLACK, abs_tol=1e-6):
                self.fewest[served] = min(moved, self.fewest[served])
            elif value > best:
                self.fewest[served] = moved
        for slack, into in ((-SLACK, self.best), (SLACK, self.sure)):
            if _has_minimum_rates(self.instance, keys, slack):
                into[served] = max(into.get(served, -math.inf), value)

    def _judge_shared(self, chosen: list, rates: list[float], served: int) -> None:
        best = self.best.get(served, -math.inf)
        if self._oracle is None:
            self._oracle = KeyOracle(self.instance, self.objective)
        if best < self._oracle.most([choice is not None for choice in chosen]):
            best = max(best, self._oracle.value(chosen, rates))
        self.best[served] = self.sure[served] = best
        self.fewest[served] = 0


def _bits(mask: int) -> list[int]:
    """Numbers of the bits that are set."""
    return [w for w in range(mask.bit_length()) if mask >> w & 1]


def enumerate_best(instance: Instance, objective: Objective = "mean") -> dict[int, float]:
    """Best objective [bit/s] by number served, over all assignments."""
    return Enumeration(instance, objective).run().best


def assignment_count(instance: Instance) -> int:
    """How many assignments there are, clashes included."""
    return math.prod(len(_choices(instance, r)) for r in range(len(instance.demands)))


def value_of(instance: Instance, result: Result) -> float:
    """Exact objective [bit/s] of the plan of a result, its own working channels as they are.

    Raises
    ------
    ValueError
        The plan breaks a rule.
    """
    position = {link.id: e for e, link in enumerate(instance.network.links)}
    lit: list[set[tuple[int, bool]]] = [set() for _ in position]
    single = instance.fibre.layout == "single"
    chosen: dict = {}
    for path in result.lightpaths:
        hops = []
        for name, start in zip(path.links, path.route[:-1], strict=True):
            forward = instance.network.links[position[name]].a == start
            hops.append((position[name], forward))
            for w in path.channels:
                if (w, forward) in lit[position[name]] or (
                    single and (w, not forward) in lit[position[name]]
                ):
                    raise ValueError(f"channel {w} is lit twice on {name}")
                lit[position[name]].add((w, forward))
        chosen[path.demand] = (tuple(hops), path.channels)
    rates = [0.0] * len(position)
    for row in result.qkd:
        e = position[row.link]
        rates[e] = _rate_of_row(instance, instance.network.links[e], row, frozenset(lit[e]))
    choices = [chosen.get(demand.id) for demand in instance.demands]
    if not all(may_be_lit(instance, choice) for choice in choices):
        raise ValueError("a channel that is unavailable, or has foreign light, is lit")
    if instance.moves_limit is not None and moves(instance, choices) > instance.moves_limit:
        raise ValueError("more demands are moved than may be")
    for r, choice in enumerate(choices):
        demand = instance.demands[r]
        if choice is None and None not in _choices(instance, r):
            raise ValueError(f"demand {demand.id} is in place, and not served")
        if choice is not None and choice[0] not in [
            allowed[0] for allowed in _choices(instance, r) if allowed is not None
        ]:
            raise ValueError(f"demand {demand.id} takes no candidate route")
    if instance.qkd.key_accounting == "shared" and result.objective != "link-sum":
        return KeyOracle(instance, result.objective).value(choices, rates)
    keys = _demand_rates(instance, choices, rates)
    if not _has_minimum_rates(instance, keys, -SLACK):
        raise ValueError("a demand is served below its minimum rate")
    return objective_bps(result.objective, rates, [k for k in keys if k is not None])


def objective_bps(objective: Objective, rates: list[float], keys: list[float]) -> float:
    """Objective [bit/s] of link rates and of the key rates of the demands served."""
    if objective == "link-sum":
        return math.fsum(rates)
    if not keys:
        return 0.0
    return min(keys) if objective == "max-min" else math.fsum(keys) / len(keys)


def _choices(instance: Instance, r: int) -> list:
    """What can become of a demand: blocked, or a route with channels; where it is, if fixed."""
    demand = instance.demands[r]
    for path in instance.lightpaths or ():
        if path.demand == demand.id and not path.movable:
            return [place_of(instance, path)]
    movable = [path for path in instance.lightpaths or () if path.demand == demand.id]
    routes = shortest_routes(instance, demand.source, demand.target)
    sets = list(combinations(range(instance.grid.channels), demand.channels))
    if movable:
        # In place it is served, and its route there counts as any other.
        home = place_of(instance, movable[0])[0]
        routes = [home, *(hops for hops in routes if hops != home)]
        return [(hops, channels) for hops in routes for channels in sets]
    return [None, *((hops, channels) for hops in routes for channels in sets)]


def place_of(instance: Instance, path) -> tuple[Hops, tuple[int, ...]]:
    """Hops and channels of light in place."""
    hops = []
    for k in range(len(path.route) - 1):
        ends = path.route[k], path.route[k + 1]
        (e,) = (
            number
            for number, link in enumerate(instance.network.links)
            if {link.a, link.b} == set(ends) and (path.links is None or path.links[k] == link.id)
        )
        hops.append((e, instance.network.links[e].a == ends[0]))
    return tuple(hops), tuple(sorted(path.channels))


def moves(instance: Instance, chosen: list) -> int:
    """How many demands in place a plan moves."""
    places = {
        path.demand: place_of(instance, path)
        for path in instance.lightpaths or ()
        if path.demand is not None
    }
    return sum(
        demand.id in places and (choice[0], tuple(sorted(choice[1]))) != places[demand.id]
        for demand, choice in zip(instance.demands, chosen, strict=True)
        if choice is not None
    )


def left_candidates(instance: Instance, link: Link) -> tuple:
    """Candidates of a link without light in their guard band that is in place and stays.

    With ``reserve = all`` light that may be moved counts too.
    """
    lit = [w for w, forward, _ in foreign(instance, link) if hears(instance, link, forward)]
    number = instance.network.links.index(link)
    for path in instance.lightpaths or ():
        stays = not path.movable or instance.qkd.reserve == "all"
        if path.demand is not None and stays:
            hops, channels = place_of(instance, path)
            for e, forward in hops:
                if e == number and hears(instance, link, forward):
                    lit += channels
    return tuple(
        candidate
        for candidate in candidates(instance, link)
        if not any(is_dark(instance, w, candidate) for w in lit)
    )


def may_be_lit(instance: Instance, choice: tuple[Hops, tuple[int, ...]] | None) -> bool:
    """Whether foreign light and unavailable channels leave room for a choice."""
    if choice is None:
        return True
    single = instance.fibre.layout == "single"
    for e, forward in choice[0]:
        link = instance.network.links[e]
        taken = {w for w, f, _ in foreign(instance, link) if single or f == forward}
        for w in choice[1]:
            if w in taken or unavailable(instance, link, w, forward):
                return False
    return True


def _is_legal(instance: Instance, candidate, everything: tuple, lit: Lit) -> bool:
    reserved = everything if instance.qkd.reserve == "all" else (candidate,)
    return not any(is_dark(instance, w, c) for w, _ in lit for c in reserved)


def _demand_rates(instance: Instance, choices: list, rates: list[float]) -> list[float | None]:
    """Key rate of each demand [bit/s]; None where it is blocked."""
    keys: list[float | None] = []
    for demand, choice in zip(instance.demands, choices, strict=True):
        if choice is None:
            keys.append(None)
        elif instance.qkd.relay == "lightpath":
            keys.append(min(rates[e] for e, _ in choice[0]))
        else:
            keys.append(_widest(instance, rates, demand.source, demand.target))
    return keys


def _widest(instance: Instance, rates: list[float], source, target) -> float:
    """Best bottleneck [bit/s] over all paths between two nodes."""
    reach = {source: math.inf}
    hops = [
        (here, there, rate)
        for link, rate in zip(instance.network.links, rates, strict=True)
        for here, there in ((link.a, link.b), (link.b, link.a))
    ]
    grown = True
    while grown:
        grown = False
        for here, there, rate in hops:
            if here in reach and min(reach[here], rate) > reach.get(there, -1.0):
                reach[there], grown = min(reach[here], rate), True
    return reach[target]


def _has_minimum_rates(instance: Instance, keys: list[float | None], slack: float) -> bool:
    return all(
        key is None or key >= (demand.min_skr_bps or 0.0) * (1.0 + slack)
        for demand, key in zip(instance.demands, keys, strict=True)
    )


def _rate_of_row(instance: Instance, link: Link, row, lit: Lit) -> float:
    everything = left_candidates(instance, link)
    for candidate in everything:
        named = row.channel if isinstance(candidate, int) else row.frequency_thz
        here = candidate if isinstance(candidate, int) else centre_thz(instance, candidate)
        if named == here:
            light = LinkLight(instance, link, candidate)
            heard = frozenset(item for item in lit if hears(instance, link, item[1]))
            if not _is_legal(instance, candidate, everything, heard):
                raise ValueError(f"light in the guard band of link {link.id}")
            return light.skr_bps(light.noise(heard))
    raise ValueError(f"link {link.id} works on no candidate")
