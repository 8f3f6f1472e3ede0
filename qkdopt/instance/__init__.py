"""Instances: validated, frozen input data. The JSON Schema comes from here."""

from qkdopt.instance.base import NodeId, Part
from qkdopt.instance.candidates import (
    read_candidates,
    read_channels,
    spell_channels,
    with_candidates,
)
from qkdopt.instance.demands import Demand, PairShare, Routes, Traffic, WidthShare
from qkdopt.instance.fibres import SHIPPED_FIBRES, FibreType
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
from qkdopt.instance.model import SCHEMA, Instance
from qkdopt.instance.network import Candidate, Link, Network, Node, OffGridCandidate
from qkdopt.instance.quantum import KeyRateTable, Qkd

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
    "Instance",
    "KeyRateTable",
    "Link",
    "Network",
    "Node",
    "NodeId",
    "OffGridCandidate",
    "OtherNoise",
    "PairShare",
    "Part",
    "Qkd",
    "RamanTable",
    "Routes",
    "Traffic",
    "WidthShare",
    "read_candidates",
    "read_channels",
    "spell_channels",
    "with_candidates",
]
