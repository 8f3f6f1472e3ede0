"""What lit channels leave of every link's key rate, for plans that must keep a floor.

All candidates of a set stay dark, so tuning changes no light: a link's rates at its candidates
follow from the lit channels alone, and fall as more are lit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import networkx as nx
import numpy as np

from qkdopt.channel_sets.protection.plan import min_skr_of
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray
from qkdopt.problem.network_state import (
    LightMode,
    NetworkState,
    dark_state,
    find_free_positions,
    switch_route,
)
from qkdopt.problem.network_tables import (
    NetworkTables,
    flags_of,
    network_tables,
    position_of,
)
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray

# A demand's route, by number, and its channels.
Assignment = tuple[int, tuple[int, ...]]
Assignments = Mapping[int, Assignment]
# Every candidate of a set is reserved: guard bands stay dark by the tables alone.
MODE = LightMode(keys=True, working_only=False, keeps_working=False, count_usage=False)
# Rates are compared with the floor after this much rounding, relatively.
ROUND_OFF = 1e-12


@dataclass(frozen=True)
class ProtectedNetwork:
    """A problem whose sets are all reserved, and the floor [bit/s] that demands must keep.

    A demand whose own least rate is higher must keep that. Where keys are shared there is no floor
    but what demands ask for, and links need it of all that cross them together.
    """

    problem: Problem
    min_skr_bps: float | None

    @property
    def links(self) -> range:
        """Numbers of the links."""
        return range(len(self.problem.tables.candidates))

    @cached_property
    def _net(self) -> NetworkTables:
        return network_tables(self.problem.tables, self.problem.routes)

    def dark(self) -> NetworkState:
        """Return the network without light."""
        return dark_state(self._net)

    def route(self, r: int, assignment: Assignment) -> Route:
        """Route of a placed demand."""
        return self.problem.routes[r][assignment[0]]

    def switch(self, state: NetworkState, r: int, assignment: Assignment, sign: int) -> None:
        """Light (sign 1) or release (sign -1) the lightpaths of a demand.

        Parameters
        ----------
        state
            Light of the network; changed in place.
        r
            Position of the demand.
        assignment
            Its candidate route, by number, and its channels.
        sign
            1 or -1.
        """
        route = self._net.group_route[r] + assignment[0]
        for channel in assignment[1]:
            switch_route(self._net, MODE, state, route, position_of(channel), sign)

    def lit(self, assignments: Assignments) -> NetworkState:
        """Light of placed demands."""
        state = self.dark()
        for r, assignment in assignments.items():
            self.switch(state, r, assignment, 1)
        return state

    def free(self, state: NetworkState, r: int, p: int) -> BoolArray:
        """Return ``(W,)`` whether each channel may be lit on all links of a candidate route.

        Parameters
        ----------
        state
            Light of the network; only its scratch ``mask`` changes.
        r, p
            Position of the demand, and number of the route among its candidate routes.
        """
        find_free_positions(self._net, MODE, state, self._net.group_route[r] + p)
        return flags_of(state.mask, self._net.order)

    def options(
        self, r: int, state: NetworkState, without: int | None = None
    ) -> Iterator[Assignment]:
        """Yield the assignments that a demand may have: per route, channels of least noise first.

        The state is read anew at each route: a caller that changes it during the iteration must
        restore it before the next assignment.

        Parameters
        ----------
        r
            Position of the demand.
        state
            Light of the other demands.
        without
            Position of a link that routes must avoid, since it is cut; None for all candidate
            routes.
        """
        count = self.problem.instance.demands[r].channels
        for p, route in enumerate(self.problem.routes[r]):
            if without in route.links:
                continue
            free = self.free(state, r, p)
            order = [w for w in self._by_noise[r][p] if free[w]]
            for chosen in combinations(order, count):
                yield p, tuple(sorted(chosen))

    @cached_property
    def _by_noise(self) -> list[list[list[int]]]:
        """Channels of every candidate route, by the noise they add over its links."""
        return [[self._noise_order(route) for route in found] for found in self.problem.routes]

    def _noise_order(self, route: Route) -> list[int]:
        tables = self.problem.tables
        added = np.zeros(tables.usable.shape[2])
        for e, direction, _ in route.hops:
            added += tables.noise[e, direction].sum(axis=1)
        return [int(w) for w in np.argsort(added, kind="stable")]

    def rates(self, state: NetworkState) -> FloatArray:
        """``(E, Q)`` key rate [bit/s] at every candidate, highest first; 0 where there is none."""
        tables = self.problem.tables
        found = tables.candidate_skr_bps(state.noise)
        known = np.arange(found.shape[1]) < tables.candidate_count[:, None]
        return np.asarray(-np.sort(-np.where(known, found, 0.0), axis=1))

    @cached_property
    def min_skr(self) -> list[float]:
        """Floor of every demand [bit/s]."""
        return [min_skr_of(demand, self.min_skr_bps) for demand in self.problem.instance.demands]

    def enough(self, rates: FloatArray, min_skr_bps: float) -> BoolArray:
        """Whether rates keep a floor."""
        return np.asarray(rates >= min_skr_bps * (1.0 - ROUND_OFF))

    def survives(
        self, assignments: Assignments, link_skr: FloatArray, cut: int | None = None
    ) -> bool:
        """Return whether every placed demand has its minimum key rate at these link rates.

        Parameters
        ----------
        assignments
            Route and channels of each placed demand, by its position.
        link_skr
            ``(E,)`` key rate [bit/s] of each link.
        cut
            Position of a link that carries no key, whatever its rate; None where no link is cut.
        """
        if self.min_skr_bps is None:
            # Keys follow the lightpaths, none of which crosses a cut link.
            return self._have_enough(assignments, link_skr)
        by_min_skr: dict[float, list[int]] = {}
        for r in assignments:
            by_min_skr.setdefault(self.min_skr[r], []).append(r)
        for min_skr_bps, some in by_min_skr.items():
            alive = self.enough(link_skr, min_skr_bps)
            if cut is not None:
                alive[cut] = False
            if not self._reach(assignments, some, alive):
                return False
        return True

    def _have_enough(self, assignments: Assignments, link_skr: FloatArray) -> bool:
        """Whether every link has the key that the demands across it ask for, all at once."""
        drawn = np.zeros(len(link_skr))
        for r, assignment in assignments.items():
            drawn[list(self.route(r, assignment).links)] += self.min_skr[r]
        return bool((link_skr >= drawn * (1.0 - ROUND_OFF)).all())

    def _reach(self, assignments: Assignments, some: list[int], alive: BoolArray) -> bool:
        """Whether the key of some placed demands finds its way over links that have their floor."""
        if self.problem.instance.qkd.relay == "lightpath":
            return all(alive[list(self.route(r, assignments[r]).links)].all() for r in some)
        joined = self._joined(alive)
        demands = self.problem.instance.demands
        return all(joined[demands[r].source] == joined[demands[r].target] for r in some)

    def _joined(self, alive: BoolArray) -> dict[object, int]:
        """Part of the network that each node is in, over links that have the floor."""
        graph = nx.Graph()
        network = self.problem.instance.network
        graph.add_nodes_from(node.id for node in network.nodes)
        graph.add_edges_from((link.a, link.b) for e, link in enumerate(network.links) if alive[e])
        return {node: k for k, part in enumerate(nx.connected_components(graph)) for node in part}

    def keeps_receivers(self, assignments: Assignments, state: NetworkState) -> bool:
        """Whether every demand has the floor, intact and with any one receiver gone."""
        return next(self.lost_receivers(assignments, state), None) is None

    def lost_receivers(self, assignments: Assignments, state: NetworkState) -> Iterator[int]:
        """Yield the links whose working receiver some demand cannot do without."""
        rates = self.rates(state)
        second = rates[:, 1] if rates.shape[1] > 1 else np.zeros(len(rates))
        # Enough though not needed: everybody has the floor with all links at their second best.
        if self.survives(assignments, second):
            return
        for e in self.links:
            degraded = rates[:, 0].copy()
            degraded[e] = second[e]
            if not self.survives(assignments, degraded):
                yield e
