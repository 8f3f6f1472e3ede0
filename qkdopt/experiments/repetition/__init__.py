"""Repetition: run an output again from its own record, and say whether it is identical."""

from qkdopt.experiments.repetition.agreement import Agreement
from qkdopt.experiments.repetition.differences import Difference, Part
from qkdopt.experiments.repetition.rerun import Rerun, rerun

__all__ = ["Agreement", "Difference", "Part", "Rerun", "rerun"]
