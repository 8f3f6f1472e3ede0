"""Files that take longest begin first: at the end of a run no process waits long for another."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Ten seconds and more each, in no order that matters.
LONG_FILES = (
    "corners/test_corners.py",
    "optimize/test_truth.py",
    "optimize/test_formulations.py",
    "adapters/test_conformance.py",
    "experiments/study/test_study.py",
    "optimize/test_limits.py",
    "optimize/test_start.py",
    "channel_sets/exact/test_exact.py",
    "channel_sets/test_design_command.py",
    "optimize/test_history.py",
    "optimize/test_cluster.py",
    "experiments/reproduction/test_reproduce.py",
    "experiments/resilience/test_resilience.py",
    "experiments/comparison/test_compare.py",
    "docs/test_documentation.py",
    "adapters/test_isolated.py",
    "best_known/test_shipped_library.py",
    "simulation/test_statistics.py",
)


def longest_first(items: list[pytest.Item]) -> None:
    """Put tests of long files before all others; those of a file keep their order."""
    long_files = [TESTS / name for name in LONG_FILES]
    places = {path: place for place, path in enumerate(long_files)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
