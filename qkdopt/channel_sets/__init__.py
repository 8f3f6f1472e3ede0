"""Design of QKD channel sets: which channels, how many, on which links."""

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.diagnostics import channel_diagnostics
from qkdopt.channel_sets.pareto import Prices, pareto
from qkdopt.channel_sets.rank import Design
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sets import rank_channel_sets
from qkdopt.experiments.sensitivity.power import with_launch

__all__ = [
    "Criterion",
    "Design",
    "Prices",
    "Scenario",
    "channel_diagnostics",
    "pareto",
    "rank_channel_sets",
    "with_launch",
]
