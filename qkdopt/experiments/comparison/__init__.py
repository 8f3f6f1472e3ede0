"""Solvers and formulations on the same instances, every plan checked."""

from qkdopt.experiments.comparison.benchmark_run import COLUMNS, BenchmarkRun, benchmark_runs
from qkdopt.experiments.comparison.profile import Profile, read_profile
from qkdopt.experiments.comparison.summary import summarise, to_markdown

__all__ = [
    "COLUMNS",
    "BenchmarkRun",
    "Profile",
    "benchmark_runs",
    "read_profile",
    "summarise",
    "to_markdown",
]
