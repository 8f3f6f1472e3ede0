"""Lengths of links: those of the file, or derived where the caller says how."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from qkdopt.instance import FibreType, NodeId
from qkdopt.io.importers.draft import Draft, DraftLink, DraftNode
from qkdopt.io.importers.options import ImportOptions
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, counted

EARTH_RADIUS_KM = 6371.0
LONGEST_KM = 20_000.0
SHORTEST_KM = 0.001
# The most that an instance takes for one link.
HIGHEST_LOSS_DB = 100.0
DIGITS = 6


Place = tuple[float, float]
"""x and y: longitude and latitude [degree], or a drawing's."""


def great_circle_km(a: Place, b: Place) -> float:
    """Return the distance [km] of two places on a sphere, by the haversine formula.

    Source: R. W. Sinnott, Sky and Telescope 68, 159 (1984); mean radius of the Earth 6371 km.
    """
    north_a, north_b = math.radians(a[1]), math.radians(b[1])
    half = math.sin((north_b - north_a) / 2.0) ** 2
    east = math.radians(b[0] - a[0])
    half += math.cos(north_a) * math.cos(north_b) * math.sin(east / 2.0) ** 2
    return 2.0 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def on_globe(nodes: Sequence[DraftNode], draft: Draft) -> bool:
    """Whether the places of nodes can be longitudes and latitudes."""
    return draft.coordinates != "drawing" and all(
        node.x is None or node.y is None or (abs(node.x) <= 180.0 and abs(node.y) <= 90.0)
        for node in nodes
    )


class Lengths:
    """Gives every link its length, scaled; what has none is a fault that says what to add."""

    def __init__(
        self,
        draft: Draft,
        nodes: Sequence[DraftNode],
        options: ImportOptions,
        reading: Reading,
        fibre_db_per_km: float,
        types: Mapping[str, FibreType],
    ) -> None:
        self.options = options
        self.types = types
        self.reading = reading
        self.fibre_db_per_km = fibre_db_per_km
        self.hint = draft.length_hint
        self.place: dict[NodeId, Place] = {
            node.id: (node.x, node.y) for node in nodes if node.x is not None and node.y is not None
        }
        self.globe = on_globe(nodes, draft)
        self.scale = 1.0 if options.length_scale is None else options.length_scale
        self.drawn = False
        # What the instance says of its lengths wherever it goes.
        self.provenance: list[str] = []

    def of(self, links: Sequence[DraftLink]) -> list[DraftLink]:
        """Return links with lengths [km] and losses [dB], scaled."""
        missing = [link for link in links if link.length_km is None and not link.loss_db]
        # A drawing's unit is no km: only what the caller says makes it one.
        pixels = self.options.length_scale is not None and not self.globe
        self.drawn = bool(missing) and (
            self.options.lengths == "plane" or (self.options.lengths == "file" and pixels)
        )
        lengths = [self._length(link) for link in links]
        without = [link.where for link, (_, km) in zip(links, lengths, strict=True) if km is None]
        if without:
            self._refuse(without, len(links))
        self._note([how for how, km in lengths if how and km is not None], len(links))
        rows = zip(links, lengths, strict=True)
        return [self._scaled(link, length_km) for link, (_, length_km) in rows]

    def _note(self, derived: list[str], count: int) -> None:
        """Note how lengths were derived and scaled; a scale has one meaning for all of them."""
        for how, times in Counter(derived).items():
            note = f"length of {counted(times, 'link')}: {how}"
            self.reading.assumed.append(note)
            self.provenance.append(note)
        if self.drawn and 0 < derived.count(self._plane()) < count:
            self.reading.fault(
                "some links have lengths and others are measured in the drawing, so that "
                "--length-scale cannot hold for both; expected lengths for all links or for none"
            )
        if self.scale != 1.0 and not self.drawn:
            self.reading.assumed.append(
                f"lengths and losses x {self.scale:g}, as --length-scale says"
            )
            self.provenance.append(f"lengths x {self.scale:g}")

    def _length(self, link: DraftLink) -> tuple[str, float | None]:
        """Return how a length is derived (empty: it is the file's), and the length unscaled."""
        a, b = self.place.get(link.a), self.place.get(link.b)
        globe = self.options.lengths == "great-circle" and self.globe and a and b
        if link.length_km is not None and not (link.length_km == 0.0 and globe and a != b):
            return "", link.length_km
        if link.length_km is None and link.loss_db:
            return self._by_loss(link)
        if a is None or b is None:
            return "", None
        if globe:
            how = f"great circle between the nodes, R = {EARTH_RADIUS_KM:g} km"
            return how, round(great_circle_km(a, b), DIGITS)
        if self.drawn:
            return self._plane(), math.dist(a, b)
        return "", None

    def _by_loss(self, link: DraftLink) -> tuple[str, float]:
        own = None if link.fibre is None else self.types[link.fibre].loss_db_per_km
        per_km = link.loss_db_per_km or own or self.fibre_db_per_km
        assert link.loss_db is not None
        return f"its measured loss at {per_km:g} dB/km", round(link.loss_db / per_km, DIGITS)

    def _plane(self) -> str:
        return f"distance in the drawing x {self.scale:g} km, as --length-scale says"

    def _scaled(self, link: DraftLink, length_km: float | None) -> DraftLink:
        if length_km is None:
            return link
        scaled = round(length_km * self.scale, DIGITS)
        if scaled and not SHORTEST_KM <= scaled <= LONGEST_KM:
            self.reading.fault(
                f"{link.where}: {scaled:g} km; expected {SHORTEST_KM:g} to {LONGEST_KM:g} km "
                "(lengths in m? --length-scale 0.001)"
            )
        loss_db, per_km = link.loss_db, link.loss_db_per_km
        if loss_db is not None and not self.drawn:
            loss_db = round(loss_db * self.scale, DIGITS)
        if loss_db is not None and loss_db > HIGHEST_LOSS_DB:
            self.reading.fault(
                f"{link.where}: {loss_db:g} dB over {scaled:g} km; expected at most "
                f"{HIGHEST_LOSS_DB:g} dB, beyond which no key survives (a backbone? --length-scale "
                "0.01 keeps its shape)"
            )
        if loss_db is not None and per_km is not None:
            self.reading.leave_out("loss per km of a link whose whole loss is given")
            per_km = None
        change = {"length_km": scaled, "loss_db": loss_db, "loss_db_per_km": per_km}
        return link.model_copy(update=change)

    def _refuse(self, missing: list[str], count: int) -> None:
        """Keep the fault of links without length: what to add depends on what the file has."""
        ways = [self.hint] if self.hint else []
        if self.place and self.globe:
            ways.append("--lengths great-circle where the places of nodes are degrees")
        if self.place:
            ways.append(
                "--lengths plane --length-scale KM where they are a drawing's, with the km in one "
                "of its units"
            )
        if self.options.lengths == "great-circle":
            why = "have no place" if self.globe else "have places that are no degrees"
            self.reading.fault(
                f"{len(missing)} of {count} links have no length ({some(missing)}) and nodes "
                f"{why}; expected longitude and latitude for --lengths great-circle"
            )
            return
        add = f"; or add {', or '.join(ways)}" if ways else ""
        self.reading.fault(
            f"{len(missing)} of {count} links have no length ({some(missing)}); expected a length "
            f"or a measured loss for each{add}"
        )
