"""Explanations why not all demands can be served: the rules in conflict."""

from qkdopt.conflicts.explanation import explain
from qkdopt.conflicts.groups import Group, Kind
from qkdopt.conflicts.report import Explanation, Rule

__all__ = ["Explanation", "Group", "Kind", "Rule", "explain"]
