"""The network: nodes, and the fibre routes (links) between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.instance.base import (
    FrequencyThz,
    Index,
    LengthKm,
    LossDb,
    LossDbPerKm,
    NodeId,
    NotNegative,
    Part,
    PowerDbm,
)
from qkdopt.instance.in_place import Unavailable


class Node(Part):
    """A place where lightpaths start, end or are routed on."""

    id: NodeId
    label: str = ""
    """Name for people."""
    lat: Annotated[float, Field(ge=-90.0, le=90.0)] | None = None
    """Latitude [degree], for drawing only."""
    lon: Annotated[float, Field(ge=-180.0, le=180.0)] | None = None
    """Longitude [degree], for drawing only."""


class OffGridCandidate(Part):
    """A candidate QKD channel away from the DWDM grid, such as one in the O band."""

    frequency_thz: FrequencyThz
    """Centre frequency [THz]."""
    loss_db_per_km: LossDbPerKm | None = None
    """Fibre loss at that frequency [dB/km]; the fibre's own where not given. A link with a
    measured loss has it scaled by the same ratio."""


Candidate = Index | OffGridCandidate
"""A channel number of the grid (0 is the lowest frequency) or an off-grid frequency."""


class Link(Part):
    """A fibre route between two nodes, in the file's order a, b."""

    id: str
    a: NodeId
    b: NodeId
    """The other end; light travels both ways."""
    length_km: LengthKm
    """Fibre length [km]."""
    loss_db: LossDb | None = None
    """Measured loss of the whole link [dB]; at most one of the two losses is given."""
    loss_db_per_km: LossDbPerKm | None = None
    """Measured loss per kilometre [dB/km]; the fibre's own where neither is given."""
    fibre: str | None = None
    """Type of its fibre, the id of one of ``fibres``; the network's ``fibre`` where not given."""
    launch_dbm: PowerDbm | None = None
    """Classical power per channel at the start of this link, in both directions [dBm]; what
    ``classical`` says where not given."""
    qkd: bool = True
    """False: no QKD runs here, and a key relayed over this link is no key."""
    qkd_system: str | None = None
    """Its QKD system, the id of one of ``qkd_systems``; what ``qkd`` says where not given."""
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)] | None = None
    """Candidate QKD channels of this link; the network-wide ones where not given."""
    pool_bits: NotNegative | None = None
    """Key that this link can store [bit]; what ``qkd`` says where not given."""
    qkd_direction: Literal["a->b", "b->a"] = "a->b"
    """The way the quantum signal travels: from its transmitter to its receiver."""
    unavailable: tuple[Unavailable, ...] | None = None
    """Channels that no new classical light may use; QKD candidates are not affected."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields."""
        if self.a == self.b:
            yield f"link {self.id}: joins {self.a!r} to itself; expected two different nodes"
        if self.loss_db is not None and self.loss_db_per_km is not None:
            yield (
                f"link {self.id}: loss_db = {self.loss_db:g} and loss_db_per_km = "
                f"{self.loss_db_per_km:g}; expected at most one of them"
            )
        if self.loss_db is not None and not self.loss_db > 0.01 * self.length_km:
            yield (
                f"link {self.id}: loss_db = {self.loss_db:g} over {self.length_km:g} km; expected "
                "more than 0.01 dB/km (loss given per kilometre, or length in m?)"
            )
        if not self.qkd and self.candidates is not None:
            yield f"link {self.id}: has candidates but qkd is false; expected one or the other"
        if not self.qkd and self.qkd_system is not None:
            yield f"link {self.id}: has qkd_system but qkd is false; expected one or the other"
        if not self.qkd and self.pool_bits:
            yield f"link {self.id}: has pool_bits but qkd is false; expected one or the other"


class Network(Part):
    """Nodes and links. Two nodes may be joined by several links (parallel fibres)."""

    nodes: Annotated[tuple[Node, ...], Field(min_length=2)]
    links: Annotated[tuple[Link, ...], Field(min_length=1)]
    source: str = ""
    """Where the topology comes from, its licence, and any scaling of lengths."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between nodes and links."""
        known = {node.id for node in self.nodes}
        for node, times in Counter(node.id for node in self.nodes).items():
            if times > 1:
                yield f"network.nodes: id {node!r} is given {times} times; expected once"
        for link_id, times in Counter(link.id for link in self.links).items():
            if times > 1:
                yield f"network.links: id {link_id!r} is given {times} times; expected once"
        for link in self.links:
            for end, node in (("a", link.a), ("b", link.b)):
                if node not in known:
                    yield (
                        f"network.links: {link.id}.{end} = {node!r}; expected the id of a node "
                        "(a number given as text, or a label in place of an id?)"
                    )
