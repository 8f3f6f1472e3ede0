"""The checker recomputes shares of keys by its own means, and finds every corrupted one."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.result import Result
from tests.small_instances import instance_of

LINKS = [("0-1", 0, 1, 8.0), ("1-2", 1, 2, 12.0), ("2-0", 2, 0, 20.0)]
DEMANDS = [
    (0, 1, {"key": {"rate_bps": 4000.0}}),
    (0, 2, {"key": {"rate_bps": 9000.0, "weight": 2.0}}),
    (2, 1, {"key": {"rate_bps": 3000.0}}),
    (1, 0),
]
OBJECTIVES = ["key-factor", "key-delivered", "key-served", "link-sum"]


def result_of(objective: str, relay: str = "lightpath"):
    instance = instance_of(
        LINKS, DEMANDS, channels=6, qkd={"key_accounting": "shared", "relay": relay}
    )
    return instance, qkdopt.solve(instance, strategy="ds-qkd", objective=objective, threads=1)


@pytest.mark.parametrize("relay", ["lightpath", "flow"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_good_result_and_its_plan_have_no_fault(objective, relay):
    instance, result = result_of(objective, relay)
    report = qkdopt.check(instance, result)
    assert report.faults == ()
    saved = qkdopt.check(instance, result.plan())
    assert saved.faults == ()
    assert saved.objective_bps == pytest.approx(report.objective_bps, rel=1e-6)


@pytest.mark.parametrize("relay", ["lightpath", "flow"])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_key_that_is_given_otherwise_is_found(objective, relay, factor):
    instance, result = result_of(objective, relay)
    data = result.to_json_dict()
    row = max(data["demands"], key=lambda row: row["skr_bps"])
    row["skr_bps"] *= factor
    if relay == "flow" and objective == "link-sum" and factor < 1.0:
        pytest.skip("less of the key that nobody counts is a share as good as any")
    assert qkdopt.check(instance, Result.model_validate(data, strict=False)).faults


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key_accounting", None), ("key_needed_bps", 1.0), ("key_delivered_bps", 1.0),
        ("key_met", 9), ("key_factor", 0.1), ("without_key", 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_number_of_the_value_block_that_is_wrong_is_found(objective, name, value):
    instance, result = result_of(objective)
    data = result.to_json_dict()
    data["value"][name] = value
    if value is None:
        del data["value"][name]
    assert qkdopt.check(instance, Result.model_validate(data, strict=False)).faults


def test_a_need_that_is_not_the_instance_s_is_found():
    instance, result = result_of("key-factor")
    data = result.to_json_dict()
    data["demands"][0]["need_bps"] = 5.0
    faults = qkdopt.check(instance, Result.model_validate(data, strict=False)).faults
    assert any("need_bps = 5.0; expected 4000" in fault for fault in faults)


def test_results_without_shared_keys_have_no_fields_about_them():
    instance = instance_of(LINKS, [(0, 1), (1, 2)])
    data = qkdopt.solve(instance, strategy="ds-qkd", threads=1).to_json_dict()
    assert not any(name.startswith("key_") for name in [*data["value"], *data["baseline"]])
    assert all("need_bps" not in row for row in data["demands"])
