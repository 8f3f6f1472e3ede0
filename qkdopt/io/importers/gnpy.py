"""Topologies of GNPy: fibres joined over amplifiers and splices to links between ROADMs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from networkx.utils import UnionFind

from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft, DraftLink, DraftNode
from qkdopt.io.importers.gnpy_fibres import Span, span_of
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, label_of, shown

YANG = "gnpy-network-topology:topology"
SITES = ("Roadm", "Transceiver")
FIBRES = ("Fiber", "RamanFiber")
AMPLIFIERS = ("Edfa", "Multiband_amplifier")
TYPES = (*SITES, *FIBRES, *AMPLIFIERS, "Fused")
# First words of an element's name that repeat its type.
PREFIXES = ("roadm", "trx", "transceiver")
# A line has one way on; one with as many elements or ways is none of a network.
LONGEST_LINE = 1_000
MOST_STEPS = 10_000

Element = dict[str, Any]


def read_gnpy(content: Content) -> Draft:
    """Return the network of a topology of GNPy.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(content.where)
    data = content.tree.get(YANG, content.tree)
    elements = _elements(data if isinstance(data, dict) else {}, reading)
    onward = _onward(data if isinstance(data, dict) else {}, elements, reading)
    reading.stop()
    network = Lines(elements, onward, reading)
    links = tuple(network.links())
    reading.stop()
    return Draft(
        format="GNPy JSON",
        source=label_of(data.get("network_name")),
        nodes=network.nodes(),
        links=links,
        coordinates="degrees",
        directed=True,
        traffic_gbps=1.0,
        fibre_from="type_variety",
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


def _elements(data: Element, reading: Reading) -> dict[str, Element]:
    """Return elements by their names; all of a type that is known."""
    rows = data.get("elements")
    if not isinstance(rows, list):
        reading.fault(f"elements = {shown(rows)}; expected a list")
        return {}
    elements: dict[str, Element] = {}
    for k, row in enumerate(rows):
        where = f"elements[{k}]"
        if not isinstance(row, dict):
            reading.fault(f"{where} = {shown(row)}; expected an object")
            continue
        uid = reading.name(row.get("uid"), f"{where}.uid")
        kind = row.get("type")
        if kind not in TYPES:
            reading.fault(f"{where}.type = {shown(kind)}; expected one of {', '.join(TYPES)}")
        elif uid in elements:
            reading.fault(f"{where}.uid = {uid!r} is given twice; expected once")
        else:
            elements[uid] = row
    return elements


def _onward(data: Element, elements: dict[str, Element], reading: Reading) -> dict[str, list[str]]:
    """Return what each element's light goes on to."""
    rows = data.get("connections")
    if not isinstance(rows, list):
        reading.fault(f"connections = {shown(rows)}; expected a list")
        return {}
    onward: dict[str, list[str]] = {}
    for k, row in enumerate(rows):
        ends = []
        for key in ("from_node", "to_node"):
            name = str(row.get(key)).strip() if isinstance(row, dict) else ""
            ends.append(name)
            if name not in elements and not reading.faults:
                reading.fault(
                    f"connections[{k}].{key} = {shown(name)}; expected the uid of an element"
                )
            elif name not in elements:
                reading.fault(f"connections[{k}].{key} = {shown(name)}; expected a uid")
        if not any(end not in elements for end in ends):
            onward.setdefault(ends[0], []).append(ends[1])
    return onward


@dataclass(frozen=True)
class Line:
    """A line on its way from one site: where it has come, and through what."""

    at: str
    passed: tuple[str, ...]
    span: Span


class Lines:
    """Sites, and the lines of fibre that join them."""

    def __init__(
        self, elements: dict[str, Element], onward: dict[str, list[str]], reading: Reading
    ) -> None:
        self.elements = elements
        self.onward = onward
        self.reading = reading
        sites = [uid for uid, row in elements.items() if row["type"] in SITES]
        groups: Any = UnionFind(sites)
        for uid, following in onward.items():
            for other in following:
                kinds = {elements[uid]["type"], elements[other]["type"]}
                # A transceiver stands at its ROADM.
                if kinds == set(SITES):
                    groups.union(uid, other)
        # Each site goes by its ROADM, where it has one.
        sites.sort(key=lambda uid: elements[uid]["type"] != "Roadm")
        leaders: dict[Any, str] = {}
        for uid in sites:
            leaders.setdefault(groups[uid], uid)
        among = set(sites)
        self.site = {uid: leaders[groups[uid]] for uid in elements if uid in among}
        self.names = self._names()

    def nodes(self) -> tuple[DraftNode, ...]:
        """Return a node a site, in the order of the file."""
        members: dict[str, list[str]] = {}
        for uid, leader in self.site.items():
            members.setdefault(leader, []).append(uid)
        places = {leader: self._place(leader) for leader in members}
        if len(set(places.values())) == 1:
            # All in one place: the default of a file without places.
            places = dict.fromkeys(places, (None, None))
        return tuple(
            DraftNode(
                id=self.names[leader],
                x=places[leader][0],
                y=places[leader][1],
                aliases=tuple(uids),
            )
            for leader, uids in members.items()
        )

    def links(self) -> Iterator[DraftLink]:
        """Yield a link a line from one site to another."""
        amplified: list[str] = []
        for uid, leader in self.site.items():
            for first in self.onward.get(uid, []):
                lines = (
                    self._ends(Line(first, (uid,), Span()), leader)
                    if first not in self.site
                    else []
                )
                if first in self.site and self.site[first] != leader:
                    lines = [Line(first, (uid,), Span())]
                for line in lines:
                    link = self._link(leader, line)
                    amplified += [f"{link.a}-{link.b}"] if line.span.amplifiers else []
                    yield link
        if amplified:
            self.reading.assumed.append(
                f"{len(amplified)} directions have amplifiers between their fibres, which are "
                f"joined to one passive link ({some(amplified)}): no quantum signal passes an "
                "amplifier, so that QKD there needs a bypass"
            )

    def _link(self, leader: str, line: Line) -> DraftLink:
        types = line.span.types
        if len(types) > 1:
            self.reading.leave_out(f"fibre types of a line of several ({some(list(types))})")
        a, b = self.names[leader], self.names[self.site[line.at]]
        return DraftLink(
            where=f"line from {line.passed[-1] if len(line.passed) > 1 else leader} to {line.at}",
            a=a,
            b=b,
            length_km=round(line.span.length_km, 9),
            loss_db=None if line.span.loss_db is None else round(line.span.loss_db, 9),
            fibre=types[0] if len(types) == 1 else None,
        )

    def _ends(self, start: Line, leader: str) -> list[Line]:
        """Return the lines that begin with one element and end at other sites."""
        ends, pending, steps = [], [start], 0
        while pending:
            line, steps = pending.pop(), steps + 1
            if line.at in self.site:
                ends += [line] if self.site[line.at] != leader else []
                continue
            following = [uid for uid in self.onward.get(line.at, []) if uid not in line.passed]
            if not following:
                self.reading.leave_out("line that ends at no site")
            span = line.span.joined(span_of(line.at, self.elements[line.at], self.reading))
            passed = (*line.passed, line.at)
            pending += [replace(line, at=uid, passed=passed, span=span) for uid in following]
            if steps > MOST_STEPS or len(pending) > MOST_STEPS or len(passed) > LONGEST_LINE:
                self.reading.fault(
                    f"{start.at}: leads on over {steps:,} elements; expected a line of at most "
                    f"{LONGEST_LINE:,} to a ROADM or transceiver"
                )
                break
        if len({self.site[line.at] for line in ends}) > 1:
            names = [self.names[self.site[line.at]] for line in ends]
            self.reading.fault(
                f"{start.at}: leads to {some(names)}; expected one site (a splitter is no link)"
            )
            return []
        return ends[:1]

    def _names(self) -> dict[str, str]:
        """Return the name of each site: its city where that is its own, or that of its element."""
        leaders = list(dict.fromkeys(self.site.values()))
        cities = {uid: label_of(self._location(uid).get("city")) for uid in leaders}
        short = {uid: _short(uid) for uid in leaders}
        for names in (cities, short):
            if all(names.values()) and len(set(names.values())) == len(names):
                return names
        return {uid: uid for uid in leaders}

    def _location(self, uid: str) -> dict[str, Any]:
        metadata = self.elements[uid].get("metadata")
        location = metadata.get("location") if isinstance(metadata, dict) else None
        return location if isinstance(location, dict) else {}

    def _place(self, uid: str) -> tuple[float | None, float | None]:
        location = self._location(uid)
        return (
            self.reading.number(location.get("longitude"), f"{uid}: longitude"),
            self.reading.number(location.get("latitude"), f"{uid}: latitude"),
        )


def _short(uid: str) -> str:
    for prefix in PREFIXES:
        if uid.lower().startswith(prefix) and uid[len(prefix) : len(prefix) + 1] in (" ", "_", "-"):
            return uid[len(prefix) + 1 :].strip()
    return uid
