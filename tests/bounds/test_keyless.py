"""Whether any route has key at all, which settles bounds on key rates."""

from __future__ import annotations

import pytest

import qkdopt
from tests.small_instances import instance_of


@pytest.mark.parametrize("ends", [(0, 1), (1, 0)])
@pytest.mark.parametrize("layout", ["single", "pair"])
def test_light_in_either_direction_of_a_link_has_key(layout, ends):
    instance = instance_of(
        [("a", 0, 1, 10.0)], [ends], channels=8, qkd={"candidates": [0, 7]},
        fibre={"layout": layout},
    )  # fmt: skip
    plan = qkdopt.solve(instance, strategy="ds-qkd")
    assert plan.value.objective_bps > 0.0
    assert qkdopt.bound(instance).objective_bps >= plan.value.objective_bps
    assert qkdopt.bound(instance, routes="all").objective_bps >= plan.value.objective_bps
