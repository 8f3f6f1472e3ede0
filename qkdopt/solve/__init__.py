"""Solve an instance: the main job."""

from qkdopt.solve.progress import Progress, ProgressCallback
from qkdopt.solve.run import STRATEGIES, solve

__all__ = ["STRATEGIES", "Progress", "ProgressCallback", "solve"]
