"""The joint MILP, the reference formulation (``docs/model.md``)."""

from qkdopt.milp.build import build_joint, build_textbook, min_size
from qkdopt.milp.linearise import Linearised, linearise_links
from qkdopt.milp.plans import plan_of_model, set_start

__all__ = [
    "Linearised",
    "build_joint",
    "build_textbook",
    "linearise_links",
    "min_size",
    "plan_of_model",
    "set_start",
]
