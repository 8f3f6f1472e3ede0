"""Records of dimensioning: prices of QKD equipment, and the cheapest links that were found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from qkdopt.instance import Instance, NodeId
from qkdopt.result.base import FileRecord, Record
from qkdopt.result.model import Environment, InstanceRef, Result
from qkdopt.result.provenance import Provenance

DIMENSIONING_SCHEMA = "qkdopt/dimensioning/1"
FRONTIER_SCHEMA = "qkdopt/frontier/1"
Price = Annotated[float, Field(ge=0.0)]


class EquipmentPrices(Record):
    """What QKD equipment costs, in any one currency.

    A link with QKD has one transmitter and one receiver: in a static plan it works on one
    candidate.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> prices = qkdopt.EquipmentPrices(transmitter=60.0, receiver=40.0, site=10.0)
    >>> prices.total(line, ["0-1", "1-2"])
    230.0
    """

    transmitter: Price
    receiver: Price
    site: Price = 0.0
    """Of each node with any QKD equipment."""
    links: dict[str, Price] = Field(default_factory=dict)
    """By link id, what its transmitter and receiver cost together where it differs."""

    def of_link(self, name: str) -> float:
        """Return the price of transmitter and receiver of a link."""
        return self.links.get(name, self.transmitter + self.receiver)

    def total(self, instance: Instance, links: Iterable[str]) -> float:
        """Return what QKD on some links costs, with the sites at their ends."""
        chosen = set(links)
        ends = {end for x in instance.network.links if x.id in chosen for end in (x.a, x.b)}
        return math.fsum([*map(self.of_link, sorted(chosen)), *[self.site] * len(ends)])


class Dimensioning(FileRecord):
    """The cheapest links with QKD that were found for all needs at once, and what is proved.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.share_keys(qkdopt.read_instance("instances/small/line.json"), rate_bps=1.0)
    >>> found = qkdopt.dimension(line, transmitter=60.0, receiver=40.0)
    >>> found.links, found.price, found.status
    (('0-1', '1-2', '2-3'), 300.0, 'optimal')
    """

    schema_version: Annotated[Literal["qkdopt/dimensioning/1"], Field(alias="schema")] = (
        "qkdopt/dimensioning/1"
    )
    instance: InstanceRef
    """The instance as given: what its links with ``qkd`` could have."""
    prices: EquipmentPrices
    factor: float
    """What all demands get at least, as a share of what they ask for."""
    links: tuple[str, ...]
    """Links with QKD equipment, in the instance's order."""
    sites: tuple[NodeId, ...]
    """Nodes with QKD equipment, in the instance's order."""
    price: float
    bound: float
    """No choice of links costs less."""
    gap: float
    """(price - bound) / price; 0 where both are 0."""
    status: Literal["optimal", "feasible"]
    method: str
    """How the bound was proved."""
    seed: int
    seconds: float
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    plan: Result
    """Plan of the instance without QKD on the other links."""
    environment: Environment
    provenance: Provenance | None = None
    """Command, options, instance and time; left out where it is not known."""

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this record, as written to a file and printed by ``--json``."""
        data: dict[str, Any] = self.model_dump(mode="json")
        data.pop("schema", None)
        if self.provenance is None:
            del data["provenance"]
        return {"schema": DIMENSIONING_SCHEMA, **data, "plan": self.plan.to_json_dict()}


class FrontierRow(Record):
    """The least price at which all demands get one factor of what they ask for."""

    factor: float
    price: float | None
    """Null where no links were found."""
    bound: float | None
    """No choice of links costs less; null where it is proved that none is enough."""
    status: Literal["optimal", "feasible", "impossible", "undecided"]
    """``impossible``: no choice of links is enough; ``undecided``: none was found in time."""
    text: str = ""
    """What limits the demands, where no links were found."""
    dimensioning: Dimensioning | None
    """Links and plan; null where none were found."""


class Frontier(FileRecord):
    """Least prices against the factor that all demands get of what they ask for.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.share_keys(qkdopt.read_instance("instances/small/line.json"), rate_bps=1.0)
    >>> table = qkdopt.dimension_frontier(
    ...     line, transmitter=60.0, receiver=40.0, factors=(1.0, 2.0)
    ... )
    >>> [(row.factor, row.price) for row in table.rows]
    [(1.0, 300.0), (2.0, 300.0)]
    """

    schema_version: Annotated[Literal["qkdopt/frontier/1"], Field(alias="schema")] = (
        "qkdopt/frontier/1"
    )
    instance: InstanceRef
    prices: EquipmentPrices
    rows: tuple[FrontierRow, ...]
    """By rising factor."""
    interrupted: bool = False
    seconds: float
    environment: Environment
    provenance: Provenance | None = None
    """Command, options, instance and time; left out where it is not known."""

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this record, as written to a file and printed by ``--json``."""
        data: dict[str, Any] = self.model_dump(mode="json")
        data.pop("schema", None)
        if self.provenance is None:
            del data["provenance"]
        for row, plain in zip(self.rows, data["rows"], strict=True):
            if row.dimensioning is not None:
                plain["dimensioning"] = row.dimensioning.to_json_dict()
        return {"schema": FRONTIER_SCHEMA, **data}


def price_gap(price: float, bound: float) -> float:
    """Return the relative gap ``(price - bound) / price``; 0 where the price is 0."""
    return (price - bound) / price if price > 0.0 else 0.0
