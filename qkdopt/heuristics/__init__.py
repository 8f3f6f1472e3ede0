"""Plans without proof: the DS-QKD baseline, its synergistic form, local search."""

from qkdopt.heuristics.first_fit import ds_qkd, fixed
from qkdopt.heuristics.local_search import local_search
from qkdopt.heuristics.route_search import route_search
from qkdopt.heuristics.spectrum import explain_blocked
from qkdopt.heuristics.synergistic import ds_qkd_synergistic

__all__ = [
    "ds_qkd",
    "ds_qkd_synergistic",
    "explain_blocked",
    "fixed",
    "local_search",
    "route_search",
]
