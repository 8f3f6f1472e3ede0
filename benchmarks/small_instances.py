"""Solve every small instance to proof: ``python benchmarks/small_instances.py``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import qkdopt

FOLDER = Path(__file__).parent.parent / "instances" / "small"
TARGET_SECONDS, TARGET_GAP, LIMIT_SECONDS = 2.0, 1e-4, 20.0


def main() -> None:
    """Print seconds, gap and verdict of each; exit 1 when any is not proved or not right."""
    bad = 0
    # Kernels compile before the clock starts.
    qkdopt.solve(qkdopt.read_instance(FOLDER / "line.json"), time_limit=1.0)
    for path in sorted(FOLDER.glob("*.json")):
        instance = qkdopt.read_instance(path)
        started = time.monotonic()
        result = qkdopt.solve(instance, time_limit=LIMIT_SECONDS, gap=TARGET_GAP)
        seconds = time.monotonic() - started
        right = not qkdopt.check(instance, result).faults and result.status == "optimal"
        right = right and result.gap is not None and result.gap <= TARGET_GAP
        bad += not right
        print(
            f"{path.stem:24} {seconds:6.1f} s  ratio to {TARGET_SECONDS:g} s "
            f"{seconds / TARGET_SECONDS:5.2f}  gap {result.gap}  {'ok' if right else 'NOT PROVED'}"
        )
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
