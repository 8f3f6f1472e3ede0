"""What the network is asked for: a list of demands, routes to choose from, dynamic traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.instance.base import Count, NodeId, NotNegative, Part, Positive
from qkdopt.instance.key_needs import KeyNeed

# An hour.
MEAN_HOLDING_S = 3600.0
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


class LoadProfile(Part):
    """How the load goes up and down over a period, as from day to night, again and again."""

    factors: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    """Load in equal parts of the period, relative to each other: its mean is ``load_erlang``."""
    period_s: Positive | None = None
    """Length of the period [s]; it takes ``mean_holding_s`` to tell how many holding times that
    is."""
    period_holding_times: Positive | None = None
    """In place of seconds: mean holding times."""

    def faults(self) -> Iterator[str]:
        """Yield a fault unless there is one period, and load in some part of it."""
        if (self.period_s is None) == (self.period_holding_times is None):
            read = "neither" if self.period_s is None else "both"
            yield (
                f"traffic.profile: {read} of period_s and period_holding_times given; expected "
                "exactly one"
            )
        if not any(self.factors):
            yield "traffic.profile.factors: all 0; expected load in some part of the period"


class Traffic(Part):
    """Dynamic traffic for the simulator: Poisson arrivals, exponential holding of mean 1."""

    load_erlang: Positive = 100.0
    """Arrival rate x mean holding time of the whole network."""
    matrix: Annotated[tuple[PairShare, ...], Field(min_length=1)] | None = None
    """Traffic by pair; all ordered pairs alike where not given."""
    widths: Annotated[tuple[WidthShare, ...], Field(min_length=1)] | None = None
    """Lightpaths of a request, b_r; one where not given."""
    key: KeyNeed | None = None
    """Key that every request asks for, where links' keys are shared; with ``per = lightpath`` in
    proportion to its lightpaths. Without one requests take part in light only."""
    mean_holding_s: Positive | None = None
    """Seconds that requests hold on average; 3600 where not given. Pools of links, and
    periods given in seconds, are measured by it."""

    profile: LoadProfile | None = None
    """How the load changes with time; the same at all times where not given."""

    @property
    def holding_s(self) -> float:
        """Mean holding time [s], given or not."""
        return MEAN_HOLDING_S if self.mean_holding_s is None else self.mean_holding_s

    @property
    def period(self) -> float | None:
        """Period of the load [mean holding times]; None where it is always the same."""
        if self.profile is None:
            return None
        if self.profile.period_holding_times is not None:
            return self.profile.period_holding_times
        assert self.profile.period_s is not None
        return self.profile.period_s / self.holding_s

    def faults(self) -> Iterator[str]:
        """Yield a fault when the need has a weight, which tells demands of a list apart."""
        if self.key is not None and self.key.weight != 1.0:
            yield (
                f"traffic.key.weight = {self.key.weight:g}; expected none: all requests are worth "
                "the same"
            )
