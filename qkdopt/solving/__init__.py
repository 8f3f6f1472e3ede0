"""Solve an instance: the main job."""

from qkdopt.solving.progress import Progress, ProgressCallback
from qkdopt.solving.run import STRATEGIES, solve

__all__ = ["STRATEGIES", "Progress", "ProgressCallback", "solve"]
