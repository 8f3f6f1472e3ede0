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
from numpy.typing import NDArray

from qkdopt.channel_sets.protection.floors import floor_of
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray
from qkdopt.problem.plan import candidate_noise
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray

# A demand's route, by number, and its channels.
Placing = tuple[int, tuple[int, ...]]
Placed = Mapping[int, Placing]
Lit = NDArray[np.int64]
# Rates are compared with the floor after this much rounding, relatively.
ROUND_OFF = 1e-12


@dataclass(frozen=True)
class ProtectedNetwork:
    """A problem whose sets are all reserved, and the floor [bit/s] that demands must keep.

    A demand whose own least rate is higher must keep that.
    """

    problem: Problem
    floor_bps: float

    @property
    def links(self) -> range:
        """Numbers of the links."""
        return range(len(self.problem.tables.candidates))

    def dark(self) -> Lit:
        """``(E, 2, W)`` nothing lit."""
        return np.zeros(self.problem.tables.usable.shape, dtype=np.int64)

    def route(self, r: int, placing: Placing) -> Route:
        """Route of a placed demand."""
        return self.problem.routes[r][placing[0]]

    def switch(self, lit: Lit, r: int, placing: Placing, step: int) -> None:
        """Light (1) or darken (-1) a demand's lightpaths."""
        route = self.route(r, placing)
        for e, forward in zip(route.links, route.forward, strict=True):
            lit[e, 0 if forward else 1, list(placing[1])] += step

    def lit(self, placed: Placed) -> Lit:
        """``(E, 2, W)`` light of placed demands."""
        lit = self.dark()
        for r, placing in placed.items():
            self.switch(lit, r, placing, 1)
        return lit

    def free(self, lit: Lit, route: Route) -> BoolArray:
        """``(W,)`` channels that may be lit on a whole route now."""
        tables = self.problem.tables
        free = np.ones(lit.shape[2], dtype=np.bool_)
        single = tables.fibres[0] == tables.fibres[1]
        for e, forward in zip(route.links, route.forward, strict=True):
            d = 0 if forward else 1
            used = lit[e].sum(axis=0) if single else lit[e, d]
            free &= (used == 0) & tables.usable[e, d]
        return free

    def options(self, r: int, lit: Lit, without: int | None = None) -> Iterator[Placing]:
        """Yield where a demand may go, off one link if that is cut: least noise first."""
        count = self.problem.instance.demands[r].channels
        for p, route in enumerate(self.problem.routes[r]):
            if without in route.links:
                continue
            free = self.free(lit, route)
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
        for e, forward in zip(route.links, route.forward, strict=True):
            added += tables.noise[e, 0 if forward else 1].sum(axis=1)
        return [int(w) for w in np.argsort(added, kind="stable")]

    def rates(self, lit: Lit) -> FloatArray:
        """``(E, Q)`` key rate [bit/s] at every candidate, highest first; 0 where there is none."""
        tables = self.problem.tables
        found = tables.skr_bps(candidate_noise(self.problem, lit), tables.transmittance)
        known = np.arange(found.shape[1]) < tables.candidate_count[:, None]
        return np.asarray(-np.sort(-np.where(known, found, 0.0), axis=1))

    @cached_property
    def floors(self) -> list[float]:
        """Floor of every demand [bit/s]."""
        return [floor_of(demand, self.floor_bps) for demand in self.problem.instance.demands]

    def enough(self, rates: FloatArray, floor_bps: float) -> BoolArray:
        """Whether rates keep a floor."""
        return np.asarray(rates >= floor_bps * (1.0 - ROUND_OFF))

    def keeps(self, placed: Placed, link_skr: FloatArray, cut: int | None = None) -> bool:
        """Whether every placed demand has its floor at these link rates."""
        by_floor: dict[float, list[int]] = {}
        for r in placed:
            by_floor.setdefault(self.floors[r], []).append(r)
        for floor_bps, some in by_floor.items():
            alive = self.enough(link_skr, floor_bps)
            if cut is not None:
                alive[cut] = False
            if not self._reach(placed, some, alive):
                return False
        return True

    def _reach(self, placed: Placed, some: list[int], alive: BoolArray) -> bool:
        """Whether the key of some placed demands finds its way over links that have their floor."""
        if self.problem.instance.qkd.relay == "lightpath":
            return all(alive[list(self.route(r, placed[r]).links)].all() for r in some)
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

    def keeps_receivers(self, placed: Placed, lit: Lit) -> bool:
        """Whether every demand has the floor, intact and with any one receiver gone."""
        return next(self.lost_receivers(placed, lit), None) is None

    def lost_receivers(self, placed: Placed, lit: Lit) -> Iterator[int]:
        """Yield the links whose working receiver some demand cannot do without."""
        rates = self.rates(lit)
        second = rates[:, 1] if rates.shape[1] > 1 else np.zeros(len(rates))
        # Enough though not needed: everybody has the floor with all links at their second best.
        if self.keeps(placed, second):
            return
        for e in self.links:
            degraded = rates[:, 0].copy()
            degraded[e] = second[e]
            if not self.keeps(placed, degraded):
                yield e
