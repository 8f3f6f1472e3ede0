"""New instances: shipped topologies, presets, seeded demands."""

from qkdopt.generate.demands import random_demands
from qkdopt.generate.new import new_instance
from qkdopt.generate.presets import PRESETS
from qkdopt.generate.topologies import TOPOLOGIES, load_topology, traffic_weights

__all__ = [
    "PRESETS",
    "TOPOLOGIES",
    "load_topology",
    "new_instance",
    "random_demands",
    "traffic_weights",
]
