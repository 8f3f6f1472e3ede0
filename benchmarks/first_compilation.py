"""Seconds the kernels compile for, once: ``python benchmarks/first_compilation.py``.

The same short run twice with an empty cache of machine code first: the difference in time is
what a user waits for on the first run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET_SECONDS = 15.0
RUN = """
import numpy as np, qkdopt
from qkdopt.bounds.bound import LoadStateBound
from qkdopt.heuristics import ds_qkd
from qkdopt.problem import build_problem
from qkdopt.heuristics.annealing.anneal import Search
problem = build_problem(qkdopt.read_instance("instances/small/triangle.json"), "mean")
plan = ds_qkd(problem)
Search.begin(problem, plan, 0).anneal(10, 1.0, 1.0)
LoadStateBound(problem, 1, np.array([1000.0])).tighten(0.0, 0.5, lambda: True)
"""


def seconds(cache: str) -> float:
    """Run once with this cache folder."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", RUN],
        check=True,
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
    )
    return time.monotonic() - started


def main() -> None:
    """Print the difference beside its target."""
    with tempfile.TemporaryDirectory() as cache:
        first, second = seconds(cache), seconds(cache)
    compiling = first - second
    print(
        f"first run {first:.1f} s, second {second:.1f} s, compiling {compiling:.1f} s, "
        f"target {TARGET_SECONDS:g} s, ratio {compiling / TARGET_SECONDS:.2f}"
    )


if __name__ == "__main__":
    main()
