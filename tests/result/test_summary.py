"""A result says first what a planner reads first, and is saved as it is read."""

from __future__ import annotations

import pytest

import qkdopt


@pytest.fixture(scope="module")
def result():
    network = qkdopt.Network("pair").add_node("A").add_node("B").add_link("A", "B", length_km=10.0)
    instance = network.add_demand("A", "B").instance(launch_dbm=-10.0)
    return qkdopt.solve(instance, strategy="ds-qkd", threads=1)


def test_summary_names_status_served_rate_and_notes(result):
    changed = result.model_copy(update={"notes": ("a remark",), "faults": ("a bug",)})
    lines = changed.summary().splitlines()
    assert lines[0] == "pair  (strategy ds-qkd)"
    assert lines[1] == "served     1 of 1 demands"
    assert lines[2].startswith(
        f"key rate   mean {result.value.mean_skr_bps / 1e3:.3f} kbit/s, worst"
    )
    assert "gap        none proved" in lines
    assert lines[-2:] == ["fault      a bug", "note       a remark"]


def test_a_result_and_its_plan_are_saved(result, tmp_path):
    result.save(tmp_path / "result.json")
    assert qkdopt.read_result(tmp_path / "result.json") == result
    result.plan().save(tmp_path / "plan.json")
    assert qkdopt.read_plan(tmp_path / "plan.json") == result.plan()
    with pytest.raises(qkdopt.OutputError, match="does not exist"):
        result.save(tmp_path / "nowhere" / "result.json")
