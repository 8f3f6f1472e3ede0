"""Say why not all demands can be served: the rules in conflict, in a planner's words."""

from qkdopt.explaining.groups import Group, Kind
from qkdopt.explaining.report import Explanation, Rule
from qkdopt.explaining.run import explain

__all__ = ["Explanation", "Group", "Kind", "Rule", "explain"]
