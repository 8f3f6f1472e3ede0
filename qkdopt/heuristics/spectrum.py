"""The lit channels of a plan under construction, as heuristics on demand lists see them.

And of a finished plan: why it blocks a demand.
"""

from __future__ import annotations

import numpy as np

from qkdopt.heuristics.placement import place_demands
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray
from qkdopt.problem.network_state import (
    LightMode,
    NetworkState,
    dark_state,
    find_free_positions,
    prepare,
    switch_positions,
    switch_route,
)
from qkdopt.problem.network_tables import (
    NetworkTables,
    flags_of,
    network_tables,
    position_of,
)
from qkdopt.problem.plan import BLOCKED, Plan, assess, tune_working_channels
from qkdopt.result import BlockedBy
from qkdopt.units import FloatArray


class Spectrum:
    """A network's state while the demands of a problem are placed.

    Routes have numbers: those of demand r follow each other from :meth:`route_number` on.

    Parameters
    ----------
    problem
        The problem.
    first_candidate_only
        Every link works on its first candidate, whatever else it has.
    """

    def __init__(self, problem: Problem, *, first_candidate_only: bool = False) -> None:
        self._net: NetworkTables = network_tables(
            problem.tables, problem.routes, first_candidate_only=first_candidate_only
        )
        self._mode = LightMode(
            keys=True,
            working_only=problem.instance.qkd.reserve == "working",
            keeps_working=first_candidate_only,
            count_usage=False,
        )
        self._state: NetworkState = dark_state(self._net)
        self._problem = problem
        self._lightpaths = np.array([d.channels for d in problem.instance.demands], dtype=np.int64)
        prepare(self._net, self._mode, self._state)
        for r in problem.staying:
            # Their light is there before anything is placed.
            self._lightpaths[r] = 0
            for channel in problem.in_place[r] or ():
                self.light(self.route_number(r), channel)

    def route_number(self, r: int, p: int = 0) -> int:
        """Return the number of candidate route p of demand r."""
        return int(self._net.group_route[r]) + p

    def noise(self, link: int) -> FloatArray:
        """``(Q,)`` noise clicks per gate at the candidates of a link."""
        return np.asarray(self._state.noise[link])

    def legal(self, link: int) -> BoolArray:
        """``(Q,)`` candidates of a link without light in their guard band."""
        known = np.arange(self._state.blockers.shape[1]) < self._net.candidates[link]
        return np.asarray(known & (self._state.blockers[link] == 0))

    def dark(self, route: int) -> BoolArray:
        """``(W,)`` channels that carry nothing on the whole route."""
        links, fibres = self._places(route)
        lit = self._net.usable[links, fibres] & ~self._state.free[links, fibres]
        return np.asarray(~flags_of(lit, self._net.order).any(axis=0))

    def unreserved(self, route: int) -> BoolArray:
        """``(W,)`` channels outside of the guard bands that stay dark in any plan."""
        links, fibres = self._places(route)
        return np.asarray(flags_of(self._net.usable[links, fibres], self._net.order).all(axis=0))

    def free(self, route: int) -> BoolArray:
        """``(W,)`` channels that may be lit on the whole route now.

        They are dark and usable, and leave every link a candidate to work on.
        """
        find_free_positions(self._net, self._mode, self._state, route)
        return flags_of(self._state.mask, self._net.order)

    def light(self, route: int, channel: int) -> None:
        """Light a channel along a route."""
        switch_route(self._net, self._mode, self._state, route, position_of(channel), 1)

    def release(self, route: int, channel: int) -> None:
        """Put out a channel along a route."""
        switch_route(self._net, self._mode, self._state, route, position_of(channel), -1)

    def first_fit(self) -> tuple[list[int], list[tuple[int, ...]]]:
        """Light every demand in turn; its route (``BLOCKED`` without room) and its channels."""
        routes, positions = self._place(0, self._lightpaths)
        in_place = self._problem.in_place or (None,) * len(routes)
        numbers = np.where(routes < 0, BLOCKED, routes - self._net.group_route[: len(routes)])
        channels = [
            fixed or (tuple(sorted(self._net.order[row[:count]].tolist())) if route >= 0 else ())
            for route, row, count, fixed in zip(
                routes, positions, self._lightpaths, in_place, strict=True
            )
        ]
        return numbers.tolist(), channels

    def has_room(self, r: int) -> bool:
        """Whether first fit places demand r as things stand; nothing changes."""
        count = self._lightpaths[r : r + 1]
        routes, positions = self._place(r, count)
        if routes[0] < 0:
            return False
        switch_positions(self._net, self._mode, self._state, routes[0], count[0], positions, 0, -1)
        return True

    def _place(self, first: int, lightpaths: IntArray) -> tuple[IntArray, IntArray]:
        """Place demands from ``first`` on; routes ``(N,)`` and positions ``(N, B)``."""
        routes = np.full(len(lightpaths), -1, dtype=np.int64)
        positions = np.full((len(lightpaths), lightpaths.max(initial=1)), -1, dtype=np.int64)
        place_demands(self._net, self._mode, self._state, first, lightpaths, routes, positions)
        return routes, positions

    def _places(self, route: int) -> tuple[IntArray, IntArray]:
        """Links and fibres of a route's hops."""
        hops = slice(self._net.route_hop[route], self._net.route_hop[route + 1])
        return self._net.hop_link[hops], self._net.hop_fibre[hops]


def spectrum_of(problem: Problem, plan: Plan) -> Spectrum:
    """Return the lit channels of a finished plan."""
    spectrum = Spectrum(problem)
    for r, (number, channels) in enumerate(zip(plan.routes, plan.channels, strict=True)):
        if number != BLOCKED and not problem.stays(r):
            for channel in channels:
                spectrum.light(spectrum.route_number(r, number), channel)
    return spectrum


def drop_below_min_rate(
    problem: Problem,
    routes: list[int],
    channels: list[tuple[int, ...]],
    working: tuple[int, ...] | None = None,
) -> Plan:
    """Tune every link and drop demands below their minimum key rate, the furthest below first.

    A demand in place is not dropped: others are until it has its rate, or none is left.

    Parameters
    ----------
    problem
        The problem.
    routes
        ``(R,)`` number of each demand's candidate route; ``BLOCKED`` (-1) when not served.
    channels
        ``(R,)`` channels of each demand, rising; empty when blocked.
    working
        ``(E,)`` working candidate of each link; None for its best one, chosen again after every
        demand that is dropped.
    """
    min_skr = np.array([demand.min_skr_bps or 0.0 for demand in problem.instance.demands])
    while True:
        plan = tune_working_channels(problem, routes, channels)
        if working is not None:
            plan = Plan(plan.routes, plan.channels, working)
        if not min_skr.any():
            return plan
        missing = np.where(
            np.array(routes) != BLOCKED, min_skr - assess(problem, plan).demand_skr_bps, 0.0
        )
        worst = int(missing.argmax())
        if missing[worst] <= 0.0:
            return plan
        if problem.must_serve(worst):
            other = _in_the_way(problem, plan, worst)
            if other is None:
                return plan
            worst = other
        routes, channels = list(routes), list(channels)
        routes[worst], channels[worst] = BLOCKED, ()


def _in_the_way(problem: Problem, plan: Plan, r: int) -> int | None:
    """Return a served demand whose light crosses the bottleneck of one in place; None without any.

    The last in the list of those that may be dropped; with none on the bottleneck, the last of all.
    """
    served = [
        other
        for other, number in enumerate(plan.routes)
        if number != BLOCKED and not problem.must_serve(other)
    ]
    bottleneck = assess(problem, plan).bottleneck[r]
    crossing = [o for o in served if bottleneck in problem.routes[o][plan.routes[o]].links]
    return max(crossing or served, default=None)


def explain_blocked(problem: Problem, plan: Plan) -> dict[int, BlockedBy]:
    """Give the reason of every demand that a plan does not serve, by its position.

    ``no free channel``: every route lacks channels that are dark end to end. ``guard
    band``: dark ones exist, but around QKD channels that are kept. ``no receiver
    channel``: lighting them would leave a link no legal candidate. ``minimum key rate``:
    there is room, but not for the key rate that is asked for.
    """
    spectrum = spectrum_of(problem, plan)
    return {
        r: _reason(problem, spectrum, r)
        for r, number in enumerate(plan.routes)
        if number == BLOCKED
    }


def _reason(problem: Problem, spectrum: Spectrum, r: int) -> BlockedBy:
    demand = problem.instance.demands[r]
    routes = [spectrum.route_number(r, p) for p in range(len(problem.routes[r]))]
    count = demand.channels
    if not any(spectrum.dark(route).sum() >= count for route in routes):
        return "no free channel"
    if not any((spectrum.dark(p) & spectrum.unreserved(p)).sum() >= count for p in routes):
        return "guard band"
    if not spectrum.has_room(r):
        return "no receiver channel"
    # With room left, only a floor, or working channels that are not retuned, can block.
    return "minimum key rate" if demand.min_skr_bps else "guard band"
