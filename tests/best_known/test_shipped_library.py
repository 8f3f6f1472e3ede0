"""Every shipped instance has a best-known plan, and every one is what its row says."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest

import qkdopt
from qkdopt.best_known import Library, read_table, table_text
from qkdopt.best_known.update import validate_routes
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import assess
from qkdopt.result import SavedPlan
from tests.shipped import INSTANCES, LIBRARY, PLANS
from tests.tiers import slow_if

SHIPPED = Library(LIBRARY)
ROWS = read_table(SHIPPED.table)
MOST_BYTES = 1500 * 1024


@lru_cache(maxsize=1)
def problem_of(name: str) -> Problem:
    """Return the problem of an instance, built once for all objectives."""
    return build_problem(SHIPPED.instances[name])


def test_every_shipped_instance_has_a_row_for_the_mean():
    names = {str(path.relative_to(LIBRARY).with_suffix("").as_posix()) for path in INSTANCES}
    assert {name for name, objective in ROWS if objective == "mean"} == names


def test_rows_and_plans_belong_together():
    assert {SHIPPED.plan_file(*key) for key in ROWS} == set(PLANS)
    assert sum(path.stat().st_size for path in PLANS) < MOST_BYTES


def test_the_table_is_written_as_it_would_be_written_again():
    assert SHIPPED.table.read_bytes().decode() == table_text(SHIPPED.rows().values())


@pytest.mark.parametrize("key", sorted(ROWS), ids="-".join)
def test_a_best_known_plan_is_right_and_as_good_as_its_row(key):
    row = ROWS[key]
    instance = SHIPPED.instances[row.instance]
    plan = qkdopt.read_plan(SHIPPED.plan_file(*key))
    assert isinstance(plan, SavedPlan)
    assert (plan.objective, plan.instance.sha256) == (row.objective, row.sha256)
    report = qkdopt.check(instance, plan)
    assert report.faults == ()
    assert list(validate_routes(instance, plan)) == []
    assert report.served == row.served <= row.served_bound
    assert row.value_bps == pytest.approx(report.objective_bps, rel=1e-9, abs=1e-9)
    assert row.bound_bps is not None
    assert row.bound_bps >= row.value_bps


@pytest.mark.parametrize(
    "name",
    # The tables of a thousand demands take five seconds.
    slow_if(["bench/germany50_1000"], sorted({name for name, _ in ROWS})),
)
def test_best_known_plans_are_starts(name):
    for key in sorted(key for key in ROWS if key[0] == name):
        is_a_start(key)


def is_a_start(key: tuple[str, str]) -> None:
    row = ROWS[key]
    problem = replace(problem_of(row.instance), objective=row.objective)
    start = plan_of_result(problem, qkdopt.read_plan(SHIPPED.plan_file(*key)))
    exact = assess(problem, start)
    assert exact.served == row.served
    assert exact.objective_bps >= row.value_bps * (1.0 - 1e-9)


def test_small_instances_are_proved():
    small = {name: row.status for (name, _), row in ROWS.items() if name.startswith("small/")}
    assert set(small.values()) == {"optimal"}
