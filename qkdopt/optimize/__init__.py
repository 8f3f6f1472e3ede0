"""Solve an instance: the main job."""

from qkdopt.optimize.progress import Progress, ProgressCallback
from qkdopt.optimize.run import STRATEGIES, solve

__all__ = ["STRATEGIES", "Progress", "ProgressCallback", "solve"]
