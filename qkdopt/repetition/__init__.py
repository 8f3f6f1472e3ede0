"""Repetition: run an output again from its own record, and say whether it is identical."""

from qkdopt.repetition.agreement import Agreement
from qkdopt.repetition.differences import Difference, Part
from qkdopt.repetition.rerun import Rerun, rerun

__all__ = ["Agreement", "Difference", "Part", "Rerun", "rerun"]
