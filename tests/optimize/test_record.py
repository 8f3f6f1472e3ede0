"""A plan, its bound and its run become a result that the checker takes."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.optimize.record import RunRecord, result_of, saved_plan_of
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import build_problem
from qkdopt.problem.plan import assess
from qkdopt.result import Bound, RunLimits


@pytest.fixture(scope="module")
def solved():
    instance = qkdopt.read_instance("instances/small/triangle.json")
    problem = build_problem(instance)
    result = qkdopt.solve(instance, strategy="ds-qkd", threads=1)
    return problem, plan_of_result(problem, result)


def bound_at(problem, share, served):
    objective = share * assess(problem, served[1]).objective_bps
    return Bound(objective_bps=objective, served=served[0], method="planted", routes="K=3")


@pytest.mark.parametrize(
    ("share", "status", "stopped_by"),
    [(1.005, "optimal", "gap"), (1.03, "feasible", "gap"), (1.2, "feasible", "time limit")],
)
def test_optimal_is_a_word_that_the_checker_takes(solved, share, status, stopped_by):
    problem, plan = solved
    bound = bound_at(problem, share, (plan.served, plan))
    limits = RunLimits(time_limit_s=1.0, gap=0.05)
    run = RunRecord(strategy="own", gap=0.05, stopped_by="time limit", limits=limits)
    result = result_of(problem, plan, bound, run)
    assert (result.status, result.stopped_by) == (status, stopped_by)
    assert qkdopt.check(problem.instance, result).faults == ()


def test_a_bound_below_the_plan_is_left_out_and_noted(solved):
    problem, plan = solved
    run = RunRecord(strategy="own", gap=0.05)
    for share, fewer in ((0.9, 0), (1.1, 1)):
        bound = bound_at(problem, share, (plan.served - fewer, plan))
        result = result_of(problem, plan, bound, run)
        assert len(result.faults) == 1
        assert (result.gap, result.status) == (None, "feasible")
        assert qkdopt.check(problem.instance, result).faults == ()


def test_a_saved_plan_is_the_plan(solved):
    problem, plan = solved
    saved = saved_plan_of(problem, plan)
    assert plan_of_result(problem, saved) == plan
    assert saved == result_of(problem, plan, None, RunRecord(strategy="own")).plan()
