"""Design of QKD channel sets: which channels, how many, on which links."""

from qkdopt.design.criterion import Criterion
from qkdopt.design.pareto import Prices, pareto
from qkdopt.design.run import Design
from qkdopt.design.scenario import Scenario
from qkdopt.design.sets import design_sets
from qkdopt.design.why import reasons
from qkdopt.knobs.power import with_launch

__all__ = [
    "Criterion",
    "Design",
    "Prices",
    "Scenario",
    "design_sets",
    "pareto",
    "reasons",
    "with_launch",
]
