"""A solver that fails costs what it would have proved, and no plan."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.errors import SolverFailedError
from qkdopt.experiments.comparison.benchmark_run import BenchmarkRun
from tests.shipped import LIBRARY

CRASH = "the solver's process ended with signal 11"


@pytest.fixture
def broken_highs(monkeypatch):
    def crash(*arguments, **options):
        raise SolverFailedError(CRASH)

    monkeypatch.setattr(HighsAdapter, "solve_program", crash)


@pytest.fixture
def instance():
    return qkdopt.read_instance(LIBRARY / "small" / "triangle_two_channels.json")


@pytest.mark.parametrize("formulation", ["joint", "textbook", "load-state"])
def test_the_plan_is_kept_and_the_failure_said(broken_highs, instance, formulation):
    result = qkdopt.solve(instance, strategy="milp", formulation=formulation, gap=1e-4)
    assert result.value.served > 0
    assert qkdopt.check(instance, result).faults == ()
    assert (result.status, result.stopped_by) == ("feasible", "solver failed")
    assert f"solver failed: {CRASH}" in result.notes


@pytest.mark.slow
def test_auto_keeps_its_plan_too(broken_highs, instance):
    result = qkdopt.solve(instance, gap=1e-9, time_limit=20.0)
    assert qkdopt.check(instance, result).faults == ()
    assert (result.status == "optimal") != (result.stopped_by == "solver failed")


def test_a_comparison_counts_it_as_a_failed_run(broken_highs, instance):
    row = BenchmarkRun(instance=instance, solver="highs", formulation="joint", gap=1e-9).run()
    assert row["status"] == "failed"
    assert CRASH in row["error"]
