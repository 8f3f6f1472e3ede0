"""Repetition: run an output again from its own record, and say whether it is identical."""

from qkdopt.repetition.differences import Difference, Part
from qkdopt.repetition.rerun import Rerun, rerun
from qkdopt.repetition.verdict import Verdict

__all__ = ["Difference", "Part", "Rerun", "Verdict", "rerun"]
