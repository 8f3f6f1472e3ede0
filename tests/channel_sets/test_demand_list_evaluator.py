"""Sets on a list of demands: assignments that the checker confirms, another for every block."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.channel_sets.demand_list_evaluator import DemandListEvaluator
from qkdopt.channel_sets.exact.static import static_plan
from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import NO_KEY, OFFERED, SERVED, SKR
from qkdopt.errors import OptionsError
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from tests.shipped import LIBRARY

MESH = qkdopt.read_instance(LIBRARY / "small" / "mesh6.json")
SET = Placement.everywhere((1, 6))


def make_evaluator(reserve="all", **options):
    return DemandListEvaluator(
        instance=MESH, reserve=reserve, scenarios=(Scenario(1.0),), **options
    )


@pytest.mark.parametrize("reserve", ["all", "working"])
def test_a_block_is_an_assignment_that_the_checker_confirms(reserve):
    evaluator = make_evaluator(reserve, moves=500)
    with_channel_set = Pool.of(MESH).applied_to(MESH, SET, reserve)
    problem = build_problem(with_channel_set)
    for block, sums in enumerate(evaluator.tallies([SET], "search", 0, 3)[0, :, 0]):
        plan = static_plan(problem, seed=evaluator._seed(block), moves=500)
        report = qkdopt.check(with_channel_set, saved_plan_of(problem, plan))
        assert not report.faults
        rates = [rate for rate in report.demand_skr_bps.values() if rate is not None]
        assert sums[OFFERED] == len(MESH.demands)
        assert sums[SERVED] == report.served
        assert sums[SKR] == pytest.approx(sum(rates), rel=1e-9)
        assert sums[NO_KEY] == sum(rate <= 0.0 for rate in rates)


def test_blocks_are_different_assignments_in_any_division():
    evaluator = make_evaluator(moves=1)
    whole = evaluator.tallies([SET], "search", 0, 12)[0]
    np.testing.assert_array_equal(evaluator.tallies([SET], "search", 5, 2)[0], whole[5:7])
    seeds = {evaluator._seed(block) for block in range(12)}
    assert len(seeds) == 12
    assert make_evaluator(seed=1)._seed(0) not in seeds


def test_looks_are_the_plans_of_the_ranking():
    for diagnostics in make_evaluator(moves=500).diagnostics(SET, 2):
        assert diagnostics.lit[:, :, [1, 6]].sum() == 0.0
        assert set(diagnostics.working.tolist()) <= {0, 1}


def test_bad_grounds_are_refused_with_every_fault():
    with pytest.raises(OptionsError) as caught:
        make_evaluator("some", moves=0, seed=-1)
    assert len(caught.value.faults) == 3
