"""What every reader of a network returns: nodes, links, traffic, and what was not said."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from qkdopt.instance import FibreType, NodeId, QkdSystem

Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]


class DraftPart(BaseModel):
    """A frozen part of a draft: unknown fields, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DraftNode(DraftPart):
    """A node as its file gives it."""

    id: NodeId
    label: str = ""
    x: float | None = None
    """Longitude [degree], or position in a drawing."""
    y: float | None = None
    """Latitude [degree], or position in a drawing."""
    aliases: tuple[str, ...] = ()
    """Other names by which links and demands may call it."""


class DraftLink(DraftPart):
    """A link, or one direction of one, as its file gives it."""

    where: str
    """Where it stands in the file, for messages."""
    a: NodeId
    b: NodeId
    id: str | None = None
    length_km: NotNegative | None = None
    loss_db: NotNegative | None = None
    loss_db_per_km: NotNegative | None = None
    launch_dbm: float | None = None
    qkd: bool = True
    candidates: tuple[int, ...] | None = None
    qkd_direction: Literal["a->b", "b->a"] = "a->b"
    qkd_system: str | None = None
    """Name of its QKD system, one of those that are given beside the file."""
    fibre: str | None = None
    """Name of its fibre type, in the words of the file."""


class DraftDemand(DraftPart):
    """A demand, or an entry of a demand matrix."""

    where: str
    source: NodeId
    target: NodeId
    id: NodeId | None = None
    channels: Annotated[int, Field(ge=1)] | None = None
    """Lightpaths; None where the file does not count them."""
    traffic: NotNegative | None = None
    """In the unit of the draft's matrix."""
    min_skr_bps: NotNegative | None = None


class Draft(DraftPart):
    """A network as it was read, before anything is derived from it."""

    format: str
    """Name of the format, for people."""
    source: str = ""
    """Where the network comes from, as the file says."""
    nodes: tuple[DraftNode, ...]
    links: tuple[DraftLink, ...]
    demands: tuple[DraftDemand, ...] = ()
    coordinates: Literal["degrees", "drawing", "unknown"] = "unknown"
    """What ``x`` and ``y`` of the nodes are."""
    directed: bool | None = None
    """Whether links are listed by direction; None where the format does not say."""
    traffic_gbps: Positive | None = None
    """Gbit/s in one unit of the traffic; None where the file names no unit."""
    fibres: tuple[FibreType, ...] = ()
    qkd_systems: tuple[QkdSystem, ...] = ()
    """Fibre types that the source declares, beside the shipped ones."""
    fibre_from: Literal["fibre", "type", "type_variety"] = "fibre"
    """Where links have their types from: a column of that meaning, one called ``type``, or GNPy,
    whose types are not all known here."""
    labels_first: bool = False
    """Whether the format needs numbers for ids, so that labels are the names of nodes."""
    length_hint: str = ""
    """What a caller may add where links have no length."""
    assumed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


__all__ = ["Draft", "DraftDemand", "DraftLink", "DraftNode"]
