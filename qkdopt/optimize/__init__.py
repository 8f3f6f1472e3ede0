"""Solve an instance: the main job."""

from qkdopt.optimize.around import instance_around
from qkdopt.optimize.progress import Progress, ProgressCallback
from qkdopt.optimize.run import STRATEGIES, solve

__all__ = ["STRATEGIES", "Progress", "ProgressCallback", "instance_around", "solve"]
