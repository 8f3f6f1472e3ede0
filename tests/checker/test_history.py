"""The checker finds every contradiction in the history of a result."""

from __future__ import annotations

from functools import cache

import pytest

import qkdopt
from qkdopt.result import HistoryPoint, Result, gap_of

INSTANCE = "instances/small/triangle.json"


@cache
def solved() -> Result:
    result = qkdopt.solve(qkdopt.read_instance(INSTANCE), node_limit=1)
    assert result.bound is not None
    # What each test changes one thing of.
    value, limit = result.value, result.bound.objective_bps
    best = value.objective_bps
    points = (
        point(0.1, value.served - 1, 2.0 * best, None, "heuristics"),
        point(0.2, value.served - 1, 2.0 * best, 3.0 * best, "search and bound"),
        point(0.3, value.served, 0.5 * best, None, "search and bound"),
        point(0.4, value.served, 0.5 * best, 2.0 * limit, "search and bound"),
        point(0.5, value.served, best, 2.0 * limit, "search and bound"),
        point(0.6, value.served, best, limit, "search and bound"),
    )
    return result.model_copy(update={"history": points, "seconds": 0.6})


def point(seconds, served, objective_bps, bound_bps, phase):
    return HistoryPoint(
        seconds=seconds, served=served, objective_bps=objective_bps, bound_bps=bound_bps,
        gap=gap_of(objective_bps, bound_bps), phase=phase,
    )  # fmt: skip


def faults_of(result):
    return qkdopt.check(qkdopt.read_instance(INSTANCE), result).faults


def changed(number, **update):
    points = list(solved().history)
    after = points[number].model_copy(update=update)
    if "gap" not in update:
        gap = gap_of(after.objective_bps, after.bound_bps)
        after = after.model_copy(update={"gap": gap})
    points[number] = after
    return solved().model_copy(update={"history": tuple(points)})


def test_a_good_history_has_no_fault():
    assert faults_of(solved()) == ()
    assert faults_of(solved().model_copy(update={"history": ()})) == ()


@pytest.mark.parametrize(
    ("number", "update", "expected"),
    [
        (0, {"seconds": -0.1}, "history[0].seconds = -0.1; expected at least 0"),
        (1, {"seconds": 0.05}, "history[1].seconds = 0.05; expected at least 0.1 before it"),
        (5, {"seconds": 0.7}, "history[5].seconds = 0.7; expected at most seconds = 0.6"),
        (2, {"served": 0}, "history[2].served = 0; expected at least"),
        (5, {"served": 99}, "history[5].served = 99; expected"),
        (4, {"objective_bps": 1.0}, "history[4].objective_bps = 1; expected at least"),
        (5, {"objective_bps": 1e-3}, "history[5].objective_bps = 0.001; expected the plan's"),
        (4, {"bound_bps": None}, "history[4].bound_bps = None; expected at most"),
        (4, {"bound_bps": 1e9}, "history[4].bound_bps = 1000000000.0; expected at most"),
        (5, {"bound_bps": None}, "as in bound"),
        (1, {"bound_bps": 1.0}, "a bound below a solution is no bound"),
        (1, {"gap": 0.9}, "history[1].gap = 0.9; expected"),
        (0, {"gap": 0.0}, "history[0].gap = 0.0; expected None"),
        (4, {"gap": None}, "history[4].gap = None; expected"),
    ],
)
def test_a_planted_contradiction_is_found(number, update, expected):
    faults = faults_of(changed(number, **update))
    assert any(expected in fault for fault in faults), faults


def test_a_last_bound_that_is_not_the_result_s_is_found():
    lower = solved().history[-1].bound_bps * 0.9999999
    assert any("as in bound" in fault for fault in faults_of(changed(5, bound_bps=lower)))


def test_a_history_without_a_plan_is_found():
    update = {"value": None, "bound": None, "gap": None, "lightpaths": (), "status": "no_solution"}
    demands = tuple(row.model_copy(update={"served": False}) for row in solved().demands)
    faults = faults_of(solved().model_copy(update={**update, "demands": demands}))
    assert any("points without a value" in fault for fault in faults), faults
