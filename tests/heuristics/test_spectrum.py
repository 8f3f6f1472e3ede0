"""Every reason for blocking, on the smallest case that has it."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic, fixed
from qkdopt.heuristics.spectrum import explain_blocked
from qkdopt.instance import Instance
from qkdopt.problem import build_problem
from qkdopt.problem.plan import assess
from tests.random_instances import random_instance
from tests.small_instances import instance_of


def one_link(demands: int, *, floor: float | None = None, **qkd) -> Instance:
    wanted = [(0, 1, {"min_skr_bps": floor})] * demands
    return instance_of([("0-1", 0, 1, 10.0)], wanted, name="one_link", qkd=qkd)


@pytest.mark.parametrize(
    ("instance", "heuristic", "blocked", "reason"),
    [
        (one_link(5, candidates=[3], guard_ghz=0.0), ds_qkd, 2, "no receiver channel"),
        (one_link(4, candidates=[3], reserve="all"), ds_qkd, 1, "guard band"),
        (one_link(5, candidates=[3], guard_ghz=200.0), fixed, 2, "no receiver channel"),
        (one_link(1, candidates=[3], floor=9e5), ds_qkd, 1, "minimum key rate"),
        (
            one_link(5, candidates=[{"frequency_thz": 229.0}], guard_ghz=0.0),
            ds_qkd,
            1,
            "no free channel",
        ),
    ],
)
def test_reason_is_told(instance, heuristic, blocked, reason):
    problem = build_problem(instance, "mean")
    told = explain_blocked(problem, heuristic(problem))
    assert len(told) == blocked, told
    assert set(told.values()) == {reason}


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("heuristic", [fixed, ds_qkd, ds_qkd_synergistic])
def test_every_blocked_demand_has_a_reason_and_no_other(seed, heuristic):
    problem = build_problem(random_instance(seed, most_demands=8))
    plan = heuristic(problem)
    told = explain_blocked(problem, plan)
    assert len(told) + assess(problem, plan).served == len(problem.instance.demands)
    assert np.isfinite(assess(problem, plan).demand_skr_bps).all()
