"""What a result says first."""

from __future__ import annotations

import qkdopt


def test_summary_names_status_served_rate_and_notes():
    network = qkdopt.Network("pair").add_node("A").add_node("B").add_link("A", "B", length_km=10.0)
    instance = network.add_demand("A", "B").instance(classical={"launch_dbm": -10.0})
    result = qkdopt.solve(instance, strategy="ds-qkd")
    assert result.value is not None
    lines = result.model_copy(update={"notes": ("a remark",)}).summary().splitlines()
    assert lines[0] == f"pair: {result.status}, by ds-qkd"
    assert "served: 1 of 1 demands" in lines
    assert f"mean: {result.value.objective_bps:.6g} bit/s" in lines
    assert lines[-1] == "note: a remark"
