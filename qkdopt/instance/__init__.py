"""Instances: validated, frozen input data. The JSON Schema comes from here."""

from qkdopt.instance.base import NodeId, Part
from qkdopt.instance.candidates import (
    read_candidates,
    read_channels,
    spell_channels,
    with_candidates,
)
from qkdopt.instance.demands import (
    Demand,
    LoadProfile,
    PairShare,
    Routes,
    Traffic,
    WidthShare,
)
from qkdopt.instance.fibres import SHIPPED_FIBRES, FibreType, fibre_named, folded_fibre
from qkdopt.instance.hardware import (
    AmplifierNoise,
    Classical,
    Crosstalk,
    Fibre,
    FourWaveMixing,
    Grid,
    OtherNoise,
    RamanTable,
)
from qkdopt.instance.in_place import (
    InPlaceChannel,
    InPlaceLightpath,
    Unavailable,
    UnavailableChannels,
    links_along,
)
from qkdopt.instance.key_needs import KeyNeed, share_keys
from qkdopt.instance.model import SCHEMA, Instance
from qkdopt.instance.network import Candidate, Link, Network, Node, OffGridCandidate
from qkdopt.instance.qkd_systems import QkdSystem
from qkdopt.instance.quantum import KeyRateTable, Qkd, SurfaceGrid
from qkdopt.instance.receivers import receiver_changes, with_receivers
from qkdopt.instance.standing import validate_nothing_in_place, with_standing_light

__all__ = [
    "SCHEMA",
    "SHIPPED_FIBRES",
    "AmplifierNoise",
    "Candidate",
    "Classical",
    "Crosstalk",
    "Demand",
    "Fibre",
    "FibreType",
    "FourWaveMixing",
    "Grid",
    "InPlaceChannel",
    "InPlaceLightpath",
    "Instance",
    "KeyNeed",
    "KeyRateTable",
    "Link",
    "LoadProfile",
    "Network",
    "Node",
    "NodeId",
    "OffGridCandidate",
    "OtherNoise",
    "PairShare",
    "Part",
    "Qkd",
    "QkdSystem",
    "RamanTable",
    "Routes",
    "SurfaceGrid",
    "Traffic",
    "Unavailable",
    "UnavailableChannels",
    "WidthShare",
    "fibre_named",
    "folded_fibre",
    "links_along",
    "read_candidates",
    "read_channels",
    "receiver_changes",
    "share_keys",
    "spell_channels",
    "validate_nothing_in_place",
    "with_candidates",
    "with_receivers",
    "with_standing_light",
]
