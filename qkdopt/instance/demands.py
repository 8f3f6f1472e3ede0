"""What the network is asked for: a list of demands, routes to choose from, dynamic traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.instance.base import Count, NodeId, NotNegative, Part, Positive
from qkdopt.instance.key_needs import KeyNeed

RouteOrder = Literal["km", "hops"]
GivenRoute = Annotated[tuple[NodeId, ...], Field(min_length=2)]
"""Nodes of a route in the order of travel."""


class Demand(Part):
    """A data service from source to target: lightpaths in that direction, and key."""

    id: NodeId
    source: NodeId
    target: NodeId
    channels: Count = 1
    """b_r: lightpaths of this demand, all on one route."""
    min_skr_bps: NotNegative | None = None
    """Served only with at least this key rate [bit/s]."""
    key: KeyNeed | None = None
    """Key that it asks for, where links' keys are shared; without one it takes part in light
    only."""

    @property
    def need_bps(self) -> float:
        """``d_r``, key that the whole demand asks for [bit/s]; 0 where it asks for none."""
        if self.key is None:
            return 0.0
        return self.key.stated_bps * (self.channels if self.key.per == "lightpath" else 1)

    def faults(self) -> Iterator[str]:
        """Yield a fault when the demand goes nowhere."""
        if self.source == self.target:
            yield f"demand {self.id!r}: source and target are both {self.source!r}"


class Routes(Part):
    """Candidate routes of every demand: the K shortest, or those that are given."""

    k: Annotated[Count, Field(le=100)] = 3
    order: RouteOrder | None = None
    """What is shortest. ``km``, as where not given: length, ties by hops, then by node order.
    ``hops``: number of links, ties by length, then by node order."""
    given: Annotated[tuple[GivenRoute, ...], Field(min_length=1)] | None = None
    """Routes as lists of nodes, best first. A demand from the first to the last node of some has
    these as its candidates, over every link of parallel ones, and no others; demands between
    nodes without any have the K shortest."""

    @property
    def label(self) -> str:
        """Name of these routes, as results and bounds state what they hold for."""
        order = " by hops" if self.order == "hops" else ""
        return f"K={self.k}{order}{', given' if self.given else ''}"

    def given_between(self, source: NodeId, target: NodeId) -> tuple[tuple[NodeId, ...], ...]:
        """Return the given routes from one node to another, best first; empty without any."""
        return tuple(p for p in self.given or () if (p[0], p[-1]) == (source, target))


class PairShare(Part):
    """How much of the traffic one ordered pair of nodes has."""

    source: NodeId
    target: NodeId
    share: Positive
    """Relative to the other pairs."""

    def faults(self) -> Iterator[str]:
        """Yield a fault when the pair goes nowhere."""
        if self.source == self.target:
            yield f"source and target are both {self.source!r}"


class WidthShare(Part):
    """How many of the requests want so many lightpaths."""

    channels: Count
    share: Positive
    """Relative to the other widths."""


class Traffic(Part):
    """Dynamic traffic for the simulator: Poisson arrivals, exponential holding of mean 1."""

    load_erlang: Positive = 100.0
    """Arrival rate x mean holding time of the whole network."""
    matrix: Annotated[tuple[PairShare, ...], Field(min_length=1)] | None = None
    """Traffic by pair; all ordered pairs alike where not given."""
    widths: Annotated[tuple[WidthShare, ...], Field(min_length=1)] | None = None
    """Lightpaths of a request, b_r; one where not given."""
