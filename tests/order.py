"""Files that take longest begin first: at the end of a run no process waits long for another."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Five seconds and more each, the longest first.
LONG_FILES = (
    "experiments/study/test_study.py",
    "corners/test_corners.py",
    "adapters/test_conformance.py",
    "channel_sets/test_design_command.py",
    "optimize/test_limits.py",
    "cli/test_sensitivity.py",
    "optimize/test_history.py",
    "bounds/test_team.py",
    "optimize/test_cluster.py",
    "experiments/comparison/test_compare.py",
    "experiments/resilience/test_resilience.py",
    "optimize/test_start.py",
    "bounds/test_paths.py",
    "simulation/test_statistics.py",
    "channel_sets/exact/test_exact.py",
    "benchmarks/test_methods.py",
    "optimize/test_formulations.py",
    "docs/test_examples.py",
    "adapters/test_isolated.py",
    "channel_sets/exact/test_exact_command.py",
    "cli/test_commands.py",
    "docs/test_documentation.py",
    "experiments/resilience/test_odd_instances.py",
    "optimize/test_small_proof.py",
    "optimize/test_truth.py",
    "experiments/reproduction/test_reproduce.py",
    "milp/test_keyed.py",
    "best_known/test_shipped_library.py",
    "test_exports.py",
    "cli/test_interrupt.py",
    "benchmarks/test_compare_methods.py",
)


def longest_first(items: list[pytest.Item]) -> None:
    """Put tests of long files before all others; those of a file keep their order."""
    long_files = [TESTS / name for name in LONG_FILES]
    places = {path: place for place, path in enumerate(long_files)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
