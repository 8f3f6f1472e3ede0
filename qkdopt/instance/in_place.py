"""Light that is in place before anything is planned, and channels that nobody may light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from qkdopt.instance.base import FrequencyThz, Index, NodeId, Part, PowerDbm

if TYPE_CHECKING:
    from qkdopt.instance.network import Link, Network


class UnavailableChannels(Part):
    """Channels of a link that no new classical light may use: numbers, or a band of frequencies."""

    channels: Annotated[tuple[Index, ...], Field(min_length=1)] | None = None
    """Channel numbers; either these or a band."""
    first_thz: FrequencyThz | None = None
    """Lower edge of a band [THz]: channels centred in it are unavailable."""
    last_thz: FrequencyThz | None = None
    """Upper edge of the band [THz]."""
    direction: Literal["a->b", "b->a"] | None = None
    """Only light in this direction; both where not given. In layout ``pair`` alone."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields."""
        edges = (self.first_thz, self.last_thz)
        if (self.channels is None) == (edges == (None, None)):
            yield "unavailable: expected either channels, or first_thz and last_thz"
        elif self.channels is None and None in edges:
            yield "unavailable: one edge of a band; expected first_thz and last_thz"
        elif (
            self.first_thz is not None
            and self.last_thz is not None
            and self.first_thz > self.last_thz
        ):
            yield (
                f"unavailable: first_thz = {self.first_thz:g} above last_thz = "
                f"{self.last_thz:g}; expected the lower edge first"
            )


Unavailable = Index | UnavailableChannels
"""A channel number, or channels and bands with their direction."""


class InPlaceLightpath(Part):
    """Light that is lit already: of a demand, or foreign, which is of none."""

    route: Annotated[tuple[NodeId, ...], Field(min_length=2)]
    """Node ids in the order of travel."""
    links: tuple[str, ...] | None = None
    """Link ids along the route; needed where two nodes are joined by several links."""
    channels: Annotated[tuple[Index, ...], Field(min_length=1)]
    """Channels lit on every link of the route."""
    demand: NodeId | None = None
    """Demand that the light serves; null for foreign light."""
    launch_dbm: PowerDbm | None = None
    """Power per channel at the start of every link [dBm], of foreign light; the link's where not
    given."""
    movable: bool = False
    """Whether the demand may be given another route or other channels."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields."""
        if len(set(self.channels)) < len(self.channels):
            yield f"{self.name}: channels {list(self.channels)}; expected each once"
        if len(set(self.route)) < len(self.route):
            yield f"{self.name}: visits a node twice; expected a simple route"
        if self.links is not None and len(self.links) != len(self.route) - 1:
            yield (
                f"{self.name}: {len(self.links)} links for {len(self.route)} nodes; expected one "
                "link a hop"
            )
        if self.demand is None and self.movable:
            yield f"{self.name}: movable without a demand; expected foreign light to stay"
        if self.demand is not None and self.launch_dbm is not None:
            yield (
                f"{self.name}: launch_dbm of a demand's light; expected it for foreign light alone "
                "(a link's launch_dbm sets the power of all light of demands)"
            )

    @property
    def name(self) -> str:
        """What messages call it."""
        owner = "foreign light" if self.demand is None else f"demand {self.demand!r}"
        return f"lightpaths: {owner} on {'-'.join(map(str, self.route))}"


class InPlaceChannel(NamedTuple):
    """One lit channel on one link.

    Parameters
    ----------
    channel
        Channel number.
    from_a
        Whether light travels in the link's file order a, b.
    launch_dbm
        Its own power [dBm]; None for the link's.
    lightpath
        Whose channel it is.
    """

    channel: int
    from_a: bool
    launch_dbm: float | None
    lightpath: InPlaceLightpath


def links_along(network: Network, lightpath: InPlaceLightpath) -> tuple[Link, ...] | None:
    """Return the links that a lightpath in place crosses; None where they are not determined."""
    by_id = {link.id: link for link in network.links}
    hops = list(zip(lightpath.route, lightpath.route[1:], strict=False))
    if lightpath.links is not None:
        named = [by_id.get(name) for name in lightpath.links]
        along = tuple(link for link in named if link is not None)
        fits = len(along) == len(hops) and all(
            {link.a, link.b} == set(hop) for link, hop in zip(along, hops, strict=False)
        )
        return along if fits else None
    found = []
    for hop in hops:
        joining = [link for link in network.links if {link.a, link.b} == set(hop)]
        if len(joining) != 1:
            return None
        found += joining
    return tuple(found)


def unavailable_on(
    link: Link, frequencies_thz: tuple[float, ...]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the unavailable channels of a link for light a -> b and b -> a.

    Parameters
    ----------
    link
        The link.
    frequencies_thz
        ``(W,)`` centre of every channel of the grid [THz].
    """
    closed: tuple[set[int], set[int]] = (set(), set())
    for entry in link.unavailable or ():
        if isinstance(entry, int):
            channels, direction = {entry}, None
        else:
            channels, direction = set(_channels_of(entry, frequencies_thz)), entry.direction
        for side, name in enumerate(("a->b", "b->a")):
            if direction in (None, name):
                closed[side].update(channels)
    return frozenset(closed[0]), frozenset(closed[1])


# A channel centred within this of a band's edge is in the band: the edge itself, rounded [THz].
EDGE_THZ = 1e-9


def _channels_of(entry: UnavailableChannels, frequencies_thz: tuple[float, ...]) -> Iterator[int]:
    if entry.channels is not None:
        yield from entry.channels
    elif entry.first_thz is not None and entry.last_thz is not None:
        for channel, thz in enumerate(frequencies_thz):
            if entry.first_thz - EDGE_THZ <= thz <= entry.last_thz + EDGE_THZ:
                yield channel


__all__ = [
    "InPlaceChannel",
    "InPlaceLightpath",
    "Unavailable",
    "UnavailableChannels",
    "links_along",
    "unavailable_on",
]
