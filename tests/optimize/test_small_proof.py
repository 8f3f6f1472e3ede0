"""Small instances: load states first, the joint model where they leave something open."""

from __future__ import annotations

import pytest

import qkdopt
from tests.random_instances import random_instance
from tests.tiers import slow_beyond, slow_if

TWO_CHANNELS = "instances/small/triangle_two_channels.json"


def proved(instance, **options):
    return qkdopt.solve(instance, gap=1e-4, time_limit=60.0, seed=1, threads=1, **options)


def test_load_states_with_wavelengths_close_what_the_relaxation_leaves_open():
    result = proved(qkdopt.read_instance(TWO_CHANNELS))
    assert result.status == "optimal"
    assert result.gap <= 1e-4
    assert "with wavelength assignment" in result.bound.method


@pytest.mark.slow
def test_the_joint_model_takes_over_where_no_routing_may_be_tried(monkeypatch):
    instance = qkdopt.read_instance(TWO_CHANNELS)
    by_loads = proved(instance)
    monkeypatch.setattr("qkdopt.optimize.small_proof.MOST_ROUTINGS", 0)
    by_joint = proved(instance)
    assert "joint MILP" in by_joint.bound.method
    assert by_joint.value.objective_bps == pytest.approx(by_loads.value.objective_bps, rel=1e-4)


@pytest.mark.parametrize("objective", slow_if(["link-sum"], ["mean", "link-sum", "max-min"]))
@pytest.mark.parametrize("seed", slow_beyond(1, [2, 0, 1, 3]))
def test_it_proves_what_the_joint_model_alone_proves(seed, objective):
    instance = random_instance(seed, most_demands=4, channels=(3, 5))
    auto = proved(instance, objective=objective)
    joint = proved(instance, objective=objective, strategy="milp")
    assert auto.status == joint.status == "optimal"
    assert auto.value.served == joint.value.served
    assert auto.value.objective_bps == pytest.approx(joint.value.objective_bps, rel=3e-4, abs=1e-6)
