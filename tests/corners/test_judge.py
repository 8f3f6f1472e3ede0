"""The judge finds each kind of fault in a right result that is made wrong."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.errors import UnsupportedError
from qkdopt.result import Bound
from tests.corners import judge
from tests.corners.enumeration import Enumeration, value_of
from tests.corners.judge import FALSE_OPTIMAL, GAP, OTHER, TRACEBACK, WAYS, WRONG_BOUND
from tests.random_instances import random_instance
from tests.small_instances import instance_of

BY_NAME = {way.name: way for way in WAYS}


@pytest.fixture(scope="module")
def case():
    instance = random_instance(3, shape="triangle", relay="lightpath", floors=False)
    enumeration = Enumeration(instance, "mean").run()
    best = enumeration.best[enumeration.most]
    assert enumeration.most > 0
    assert best > 0.0
    result = qkdopt.solve(instance, strategy="auto", time_limit=2.0, threads=1)
    right = Bound(
        objective_bps=best,
        served=enumeration.most,
        method="enumeration",
        routes=instance.routes.label,
    )
    assert result.value.objective_bps == pytest.approx(best, rel=GAP)
    # The bound is another's: the history would have to end in it.
    proved = {"bound": right, "status": "optimal", "served_proved": True, "history": ()}
    gap = (best - result.value.objective_bps) / best
    return instance, enumeration, result.model_copy(update=proved | {"gap": gap})


def kinds(case, result) -> set[str]:
    instance, enumeration, _ = case
    faults = judge.faults_of(instance, "mean", enumeration, result, GAP)
    return {fault.split(":")[0] for fault in faults}


def changed(record, **update):
    return record.model_copy(update=update)


def test_a_right_result_has_no_fault(case):
    assert kinds(case, case[2]) == set()


def test_a_bound_below_the_best_is_wrong(case):
    result = case[2]
    low = changed(result.bound, objective_bps=result.bound.objective_bps * (1.0 - 1e-6))
    assert WRONG_BOUND in kinds(case, changed(result, bound=low))


def test_a_bound_on_the_number_served_below_the_most_is_wrong(case):
    result = case[2]
    low = changed(result.bound, served=result.bound.served - 1)
    assert WRONG_BOUND in kinds(case, changed(result, bound=low))


def test_a_bound_that_is_not_a_number_is_wrong(case):
    result = case[2]
    assert WRONG_BOUND in kinds(
        case, changed(result, bound=changed(result.bound, objective_bps=float("nan")))
    )


def test_a_bound_left_out_since_the_plan_exceeds_it_is_a_wrong_bound(case):
    noted = changed(case[2], faults=("a MILP proved at most 1 bit/s; the plan has 2",))
    assert kinds(case, noted) == {WRONG_BOUND}


def test_optimal_with_a_value_beyond_the_gap_is_false(case):
    result = case[2]
    low = changed(result.value, objective_bps=result.value.objective_bps * (1.0 - 3.0 * GAP))
    assert {FALSE_OPTIMAL, OTHER} <= kinds(case, changed(result, value=low))


def test_optimal_with_fewer_served_than_can_be_is_false(case):
    result = case[2]
    fewer = changed(result.value, served=result.value.served - 1)
    assert FALSE_OPTIMAL in kinds(case, changed(result, value=fewer))


def test_a_value_above_the_best_is_a_fault(case):
    result = case[2]
    high = changed(result.value, objective_bps=result.value.objective_bps * 1.01)
    assert OTHER in kinds(case, changed(result, value=high))


def test_no_plan_is_a_fault(case):
    assert kinds(case, changed(case[2], value=None)) == {OTHER}


def test_light_in_a_guard_band_is_no_plan():
    instance = instance_of([("0-1", 0, 1, 10.0)], [(0, 1)], launch_dbm=-20.0)
    result = qkdopt.solve(instance, strategy="ds-qkd", threads=1)
    assert value_of(instance, result) == pytest.approx(result.value.objective_bps, rel=1e-9)
    (path,), (row,) = result.lightpaths, result.qkd
    onto_the_light = changed(result, qkd=(changed(row, channel=path.channels[0]),))
    with pytest.raises(ValueError, match="guard band"):
        value_of(instance, onto_the_light)
    with pytest.raises(ValueError, match="no candidate"):
        value_of(instance, changed(result, qkd=(changed(row, channel=9),)))


@pytest.mark.parametrize(
    ("way", "error", "expected"),
    [
        ("joint/highs", TypeError("no number"), TRACEBACK),
        ("joint/highs", UnsupportedError("not this one"), OTHER),
        ("load-state/highs", UnsupportedError("not this one"), OTHER),
        ("joint/cp-sat", UnsupportedError("cp-sat counts in 64-bit integers"), None),
    ],
)
def test_an_exception_is_a_fault_unless_it_is_a_refusal(case, monkeypatch, way, error, expected):
    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(judge.qkdopt, "solve", fail)
    judged = judge.run(case[0], "mean", BY_NAME[way], case[1])
    assert {fault.split(":")[0] for fault in judged.faults} == ({expected} if expected else set())


def test_an_answer_where_the_documentation_refuses_is_a_fault(case, monkeypatch):
    instance = random_instance(3, shape="triangle", relay="widest", floors=False)
    enumeration = Enumeration(instance, "mean").run()
    result = qkdopt.solve(instance, strategy="ds-qkd", threads=1)
    monkeypatch.setattr(judge.qkdopt, "solve", lambda *_arguments, **_options: result)
    judged = judge.run(instance, "mean", BY_NAME["load-state/highs"], enumeration)
    assert any("no refusal" in fault for fault in judged.faults)
