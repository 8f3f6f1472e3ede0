"""Keys as a resource, event by event in plain Python: slow, and apart from the simulator's code.

First fit on the first route with room, all candidates reserved, links always on their best one.
At every event the light of the whole network, the key rate of every link and the share of every
request are made anew from the list of requests in service.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qkdopt.instance import Instance
from qkdopt.problem.coefficients import build_tables
from qkdopt.problem.routes import RouteFinder
from qkdopt.simulation.traffic import Requests


@dataclass
class Active:
    """A request in service: its hops are (link, direction, fibre)."""

    until: float
    hops: list[tuple[int, int, int]]
    channels: list[int]
    need: float


@dataclass
class Oracle:
    """A network whose requests draw on the links' keys. Times are seconds, pools bits."""

    instance: Instance
    admission: str = "light"
    bridge_s: float = 0.0
    now: float = 0.0
    active: list[Active] = field(default_factory=list)
    served: int = 0
    key_blocked: int = 0
    light_blocked: int = 0
    needed: float = 0.0
    delivered: float = 0.0
    demand_time: float = 0.0
    short_time: float = 0.0

    def __post_init__(self) -> None:
        links = self.instance.network.links
        self.tables = build_tables(self.instance)
        self.capacity = [self.instance.pool_bits(link) for link in links]
        self.level = list(self.capacity)
        self.empty_time = [0.0] * len(links)
        self.finder = RouteFinder(self.instance)
        self.nodes = [node.id for node in self.instance.network.nodes]
        self.holding_s = self.instance.traffic.mean_holding_s or 3600.0

    def serve(self, requests: Requests) -> None:
        """Serve all requests."""
        rows = zip(
            requests.times, requests.holding, requests.pairs, requests.lightpath_counts, strict=True
        )
        for time, holding, pair, width in rows:
            now = float(time) * self.holding_s
            for leaving in sorted(self.active, key=lambda request: request.until):
                if leaving.until <= now:
                    self._pass_time(leaving.until)
                    self.active.remove(leaving)
            self._pass_time(now)
            self._arrive(int(pair), int(width), now + float(holding) * self.holding_s)

    def _arrive(self, pair: int, width: int, until: float) -> None:
        key = self.instance.traffic.key
        per_unit = key.rate_bps if key.rate_bps is not None else key.bits / key.every_s
        need = per_unit * (width if key.per == "lightpath" else 1)
        source, target = self.nodes[pair // len(self.nodes)], self.nodes[pair % len(self.nodes)]
        for route in self.finder.candidates(source, target, self.instance.routes.k):
            hops = [
                (e, 0 if forward else 1, int(self.tables.fibres[0 if forward else 1]))
                for e, forward in zip(route.links, route.forward, strict=True)
            ]
            channels = self._free(hops)[:width]
            if len(channels) == width:
                break
        else:
            self.light_blocked += 1
            return
        self.active.append(Active(until, hops, channels, need))
        if self.admission == "key" and not all(self._keeps_up(e) for e, _, _ in hops):
            self.active.pop()
            self.key_blocked += 1
            return
        self.served += 1

    def _free(self, hops: list[tuple[int, int, int]]) -> list[int]:
        lit = {(e, f, w) for a in self.active for e, _, f in a.hops for w in a.channels}
        return [
            w
            for w in range(self.instance.grid.channels)
            if all(self.tables.usable[e, d, w] and (e, f, w) not in lit for e, d, f in hops)
        ]

    def _keeps_up(self, e: int) -> bool:
        most = self._rate(e)
        if self.bridge_s > 0.0:
            most += self.level[e] / self.bridge_s
        return self._drain(e) <= most

    def _drain(self, e: int) -> float:
        return sum(a.need for a in self.active for link, _, _ in a.hops if link == e)

    def _rate(self, e: int) -> float:
        """Key rate of a link [bit/s] on the best of its candidates."""
        count = int(self.tables.candidate_count[e])
        if count == 0:
            return 0.0
        noise = self.tables.background_noise[e, :count].copy()
        for a in self.active:
            for link, d, _ in a.hops:
                if link == e:
                    for w in a.channels:
                        noise += self.tables.noise[e, d, w, :count]
        return float(np.max(self.tables.skr_bps(e, noise, self.tables.transmittance[e, :count])))

    def _pass_time(self, until: float) -> None:
        links = range(len(self.level))
        rate, drain = [self._rate(e) for e in links], [self._drain(e) for e in links]
        while self.now < until:
            share = [
                rate[e] / drain[e] if self.level[e] <= 0.0 and drain[e] > rate[e] else 1.0
                for e in links
            ]
            dry = [
                (self.now + self.level[e] / (drain[e] - rate[e]), e)
                for e in links
                if self.level[e] > 0.0 and drain[e] > rate[e]
            ]
            instant, first = min(dry, default=(until, -1))
            if instant > until:
                instant, first = until, -1
            passed = instant - self.now
            for e in links:
                level = self.level[e] + (rate[e] - drain[e]) * passed
                self.level[e] = min(self.capacity[e], max(0.0, level))
                self.empty_time[e] += passed * (share[e] < 1.0)
            if first >= 0:
                self.level[first] = 0.0
            for a in self.active:
                least = min(share[e] for e, _, _ in a.hops)
                self.needed += a.need * passed
                self.delivered += a.need * least * passed
                self.demand_time += passed
                self.short_time += passed * (least < 1.0)
            self.now = instant
