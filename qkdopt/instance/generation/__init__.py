"""New instances: shipped topologies, presets, seeded demands."""

from qkdopt.instance.generation.network_builder import NetworkBuilder
from qkdopt.instance.generation.new import new_instance, random_demands
from qkdopt.instance.generation.presets import PRESETS, preset_changes, preset_lines, preset_name
from qkdopt.instance.generation.topologies import (
    METRO,
    TOPOLOGIES,
    default_length_scale,
    load_topology,
    traffic_weights,
)

__all__ = [
    "METRO",
    "PRESETS",
    "TOPOLOGIES",
    "NetworkBuilder",
    "default_length_scale",
    "load_topology",
    "new_instance",
    "preset_changes",
    "preset_lines",
    "preset_name",
    "random_demands",
    "traffic_weights",
]
