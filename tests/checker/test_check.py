"""The checker finds every planted fault, and passes what is right."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import qkdopt
from qkdopt.instance.generation import new_instance
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import build_problem
from qkdopt.problem.plan import assess
from qkdopt.result import Result, SavedPlan
from tests.random_instances import random_instance

INSTANCE = new_instance("n", topology="nsfnet", demands=12, seed=5, channels=10)


@cache
def solved() -> Result:
    """Return a result, found at its first use: collecting tests solves nothing."""
    return qkdopt.solve(INSTANCE, node_limit=1, seed=0)


def changed(path: str, value: Any) -> Result:
    data = solved().to_json_dict()
    node: Any = data
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        node = node[step]
    node[last] = value(node[last]) if callable(value) else value
    return Result.model_validate(data, strict=False)


def test_a_good_result_has_no_fault():
    report = qkdopt.check(INSTANCE, solved())
    assert report.faults == ()
    assert solved().value is not None
    assert report.objective_bps == pytest.approx(solved().value.objective_bps, rel=1e-12)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("instance.sha256", "0" * 64, "sha256"),
        ("lightpaths.0.channels", [99], "uses channel 99"),
        ("lightpaths.0.channels", [1, 2], "expected 1 different"),
        ("lightpaths.0.demand", 77, "expected the id of a demand"),
        ("lightpaths.0.route", lambda r: r[::-1], "expected a route from"),
        ("lightpaths.0.links", lambda r: r[:-1], "one link a hop"),
        ("lightpaths.0.links.0", "nowhere", "expected a link"),
        ("lightpaths", lambda r: r[1:], "as in lightpaths"),
        ("lightpaths", lambda r: [*r, r[0]], "is listed 2 times"),
        ("demands", lambda r: r[1:], "is listed 0 times"),
        ("demands.0.served", False, "expected True as in lightpaths"),
        ("demands.0.skr_bps", lambda r: r * 1.001, "skr_bps"),
        ("demands.0.bottleneck", "0-1x", "bottleneck"),
        ("qkd", lambda r: r[1:], "has no working channel"),
        ("qkd.0.link", "nowhere", "expected the id of a link"),
        ("qkd.0.channel", 99, "expected one of its candidates"),
        ("qkd.0.noise_per_gate", lambda r: r * 1.01 + 1e-9, "noise_per_gate"),
        ("qkd.0.qber", 0.2, "qber"),
        ("qkd.0.skr_bps", lambda r: r + 1.0, "skr_bps"),
        ("value.objective_bps", lambda r: r * 1.0001, "value.objective_bps"),
        ("value.served", 3, "value.served"),
        ("value.mean_skr_bps", 1.0, "value.mean_skr_bps"),
        ("value.mean_skr_per_request_bps", 1.0, "mean_skr_per_request"),
        ("value.worst_skr_bps", 1.0, "worst_skr_bps"),
        ("bound.objective_bps", 1.0, "a bound below a solution is no bound"),
        ("bound.served", 3, "bound.served"),
        ("gap", 0.5, "gap"),
        ("served_proved", False, "served_proved"),
        ("baseline.gain", 9.0, "baseline.gain"),
        ("status", "infeasible", "beside a value"),
    ],
)
def test_a_planted_fault_is_found(path, value, expected):
    faults = qkdopt.check(INSTANCE, changed(path, value)).faults
    assert any(expected in fault for fault in faults), faults


def test_a_clash_is_found():
    data = solved().to_json_dict()
    pairs = [
        (p, q)
        for p in data["lightpaths"]
        for q in data["lightpaths"]
        if p is not q and set(p["links"]) & set(q["links"])
    ]
    pairs[0][0]["channels"] = pairs[0][1]["channels"]
    faults = qkdopt.check(INSTANCE, Result.model_validate(data, strict=False)).faults
    assert any("at most one lightpath" in fault for fault in faults)


@pytest.mark.parametrize("seed", range(40))
def test_checker_and_assessment_agree_with_every_noise_on(seed):
    relay = "widest" if seed % 2 else "lightpath"
    instance = random_instance(seed, most_demands=6, channels=(6, 8), relay=relay, other_noise=True)
    result = qkdopt.solve(instance, strategy="ds-qkd-synergistic")
    report = qkdopt.check(instance, result)
    assert report.faults == ()
    problem = build_problem(instance)
    exact = assess(problem, plan_of_result(problem, result))
    assert report.objective_bps == pytest.approx(exact.objective_bps, rel=1e-12, abs=1e-9)


def changed_plan(path: str, value: Any) -> SavedPlan:
    plan = changed(path, value).plan()
    return SavedPlan.model_validate(plan.to_json_dict(), strict=False)


def test_a_saved_plan_has_the_value_of_its_result():
    report = qkdopt.check(INSTANCE, solved().plan())
    assert report == qkdopt.check(INSTANCE, solved())
    assert report.ok


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("instance.sha256", "0" * 64, "sha256"),
        ("lightpaths.0.channels", [99], "uses channel 99"),
        ("lightpaths.0.demand", 77, "expected the id of a demand"),
        ("lightpaths.0.links.0", "nowhere", "expected a link"),
        ("lightpaths", lambda r: [*r, r[0]], "is listed 2 times"),
        ("qkd", lambda r: r[1:], "has no working channel"),
        ("qkd.0.channel", 99, "expected one of its candidates"),
    ],
)
def test_a_fault_planted_in_a_saved_plan_is_found(path, value, expected):
    faults = qkdopt.check(INSTANCE, changed_plan(path, value)).faults
    assert any(expected in fault for fault in faults), faults


def test_a_saved_plan_keeps_the_minimum_rates_of_its_demands():
    rates = qkdopt.check(INSTANCE, solved()).demand_skr_bps
    demand = INSTANCE.demands[0]
    with_min_rate = demand.model_copy(update={"min_skr_bps": 1.01 * rates[str(demand.id)]})
    instance = INSTANCE.model_copy(update={"demands": (with_min_rate, *INSTANCE.demands[1:])})
    instance_ref = solved().instance.model_copy(update={"sha256": instance.sha256()})
    for plan in (solved(), solved().plan()):
        faults = qkdopt.check(instance, plan.model_copy(update={"instance": instance_ref})).faults
        assert [fault for fault in faults if "min_skr_bps" in fault], faults


@pytest.mark.parametrize("objective", ["mean", "max-min"])
def test_a_plan_that_serves_no_demand_has_value_zero(objective):
    blocked_plan = changed_plan("lightpaths", []).model_copy(update={"objective": objective})
    report = qkdopt.check(INSTANCE, blocked_plan)
    assert report.faults == ()
    assert (report.served, report.objective_bps, report.demand_skr_bps) == (0, 0.0, {})
    link_sum_plan = blocked_plan.model_copy(update={"objective": "link-sum"})
    rates = qkdopt.check(INSTANCE, link_sum_plan).link_skr_bps
    assert len(rates) == len(INSTANCE.network.links)
    assert qkdopt.check(INSTANCE, link_sum_plan).objective_bps == pytest.approx(sum(rates.values()))


def test_a_saved_plan_is_a_start():
    start = qkdopt.solve(INSTANCE, strategy="fixed", start=solved().plan())
    assert start.value == solved().value


def test_a_gap_of_none_is_a_limit_as_good_as_any():
    """Zero asks for all that can be proved; less is no gap."""
    result = qkdopt.solve(INSTANCE, strategy="fixed", gap=0.0)
    assert qkdopt.check(INSTANCE, result).faults == ()
    limits = result.limits.model_copy(update={"gap": -1e-9})
    spoilt = result.model_copy(update={"limits": limits})
    assert any("limits.gap" in fault for fault in qkdopt.check(INSTANCE, spoilt).faults)
