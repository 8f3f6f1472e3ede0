"""A plan on its network with its numbers: what every format is written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from qkdopt.instance import Candidate, Instance, Link, NodeId
from qkdopt.result import AnyPlan, Lightpath, Result, Tuning

Row = dict[str, Any]
FREQUENCY_TOLERANCE_THZ = 1e-6


class LinkNumbers(NamedTuple):
    """What the working channel of a link delivers."""

    noise_per_gate: float
    qber: float
    skr_bps: float


@dataclass(frozen=True)
class ExportedPlan:
    """A checked plan, its instance, and the numbers that the checker recomputed.

    Parameters
    ----------
    instance
        The instance of the plan.
    plan
        Result or saved plan.
    links
        Numbers by id of each link with QKD.
    demand_skr_bps
        Key rate of every served demand [bit/s].
    """

    instance: Instance
    plan: AnyPlan
    links: Mapping[str, LinkNumbers]
    demand_skr_bps: Mapping[NodeId, float]

    def tables(self) -> dict[str, list[Row]]:
        """Return rows of ``demands``, ``lightpaths`` and ``links``, units in their names."""
        return {
            "demands": list(self._demand_rows()),
            "lightpaths": list(self._lightpath_rows()),
            "links": list(self.link_rows()),
        }

    def frequency_thz(self, channel: int) -> float:
        """Centre frequency [THz] of a channel, without the noise of its last digits."""
        return round(self.instance.grid.frequency_thz(channel), 9)

    def link(self, name: str) -> Link:
        """Return a link by its id."""
        return next(link for link in self.instance.network.links if link.id == name)

    def working(self, link: Link) -> Candidate | None:
        """Return the candidate at which a link works; None without QKD."""
        rows: dict[str, Tuning] = {row.link: row for row in self.plan.qkd}
        if link.id not in rows:
            return None
        row = rows[link.id]
        for candidate in self.instance.candidates_of(link):
            if isinstance(candidate, int):
                if candidate == row.channel:
                    return candidate
            elif _agree(candidate.frequency_thz, row.frequency_thz):
                return candidate
        return None

    def length_km(self, path: Lightpath) -> float:
        """Length of a route [km]."""
        return sum(self.link(name).length_km for name in path.links)

    def _demand_rows(self) -> Iterator[Row]:
        reasons = {}
        if isinstance(self.plan, Result):
            reasons = {row.demand: row.blocked_by for row in self.plan.demands}
        for demand in self.instance.demands:
            yield {
                "demand": demand.id,
                "source": demand.source,
                "target": demand.target,
                "lightpaths": demand.channels,
                "min_skr_bps": demand.min_skr_bps,
                "served": demand.id in self.demand_skr_bps,
                "skr_bps": self.demand_skr_bps.get(demand.id, 0.0),
                "blocked_by": reasons.get(demand.id),
            }

    def _lightpath_rows(self) -> Iterator[Row]:
        for path in self.plan.lightpaths:
            yield {
                "demand": path.demand,
                "source": path.route[0],
                "target": path.route[-1],
                "channels": list(path.channels),
                "frequencies_thz": [self.frequency_thz(channel) for channel in path.channels],
                "route": [str(node) for node in path.route],
                "links": list(path.links),
                "length_km": self.length_km(path),
            }

    def link_rows(self) -> Iterator[Row]:
        """Yield one row a link: fibre, lit channels of either direction, quantum channel."""
        lit = self._lit_channels()
        # A column for what some link has: files of other instances stay as they were.
        named = any(link.qkd_system for link in self.instance.network.links)
        for link in self.instance.network.links:
            working, numbers = self.working(link), self.links.get(link.id)
            yield {
                "link": link.id,
                "a": link.a,
                "b": link.b,
                "length_km": link.length_km,
                "loss_db": self.instance.loss_db(link),
                "fibre": link.fibre,
                **({"qkd_system": link.qkd_system} if named else {}),
                "lit_a_to_b": sorted(lit[link.id, True]),
                "lit_b_to_a": sorted(lit[link.id, False]),
                "qkd_direction": link.qkd_direction if link.qkd else None,
                "qkd_channel": working if isinstance(working, int) else None,
                "qkd_frequency_thz": (
                    None if working is None else round(self.instance.candidate_thz(working), 9)
                ),
                "noise_per_gate": None if numbers is None else numbers.noise_per_gate,
                "qber": None if numbers is None else numbers.qber,
                "skr_bps": None if numbers is None else numbers.skr_bps,
            }

    def _lit_channels(self) -> dict[tuple[str, bool], list[int]]:
        links = {link.id: link for link in self.instance.network.links}
        lit: dict[tuple[str, bool], list[int]] = {
            (name, along): [] for name in links for along in (True, False)
        }
        for path in self.plan.lightpaths:
            for name, start in zip(path.links, path.route, strict=False):
                lit[name, start == links[name].a].extend(path.channels)
        return lit


def _agree(frequency_thz: float, read_thz: float | None) -> bool:
    return read_thz is not None and abs(frequency_thz - read_thz) < FREQUENCY_TOLERANCE_THZ


def joined(value: object) -> object:
    """Return a list as text, its parts between blanks, and anything else as it is."""
    return " ".join(map(str, value)) if isinstance(value, list) else value
