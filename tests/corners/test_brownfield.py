"""Every way to solve, on corner instances with light in place, against enumeration."""

from __future__ import annotations

import pytest

import qkdopt
from tests.corners.brownfield import brownfield
from tests.corners.enumeration import Enumeration, value_of
from tests.corners.judge import GAP, quick_ways, run
from tests.tiers import slow_beyond

QUICK_SEEDS, SEEDS = 12, 200


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_beside_light_in_place(seed):
    drawn = brownfield(seed)
    enumeration = Enumeration(drawn.instance, drawn.objective).run()
    faults = [
        f"{way.name}: {fault}"
        for way in quick_ways(seed)
        for fault in run(
            drawn.instance, drawn.objective, way, enumeration, gap=GAP, time_limit=3.0
        ).faults
    ]
    assert faults == []


@pytest.mark.parametrize("seed", range(20))
def test_plans_are_worth_what_the_checker_says(seed):
    drawn = brownfield(seed)
    result = qkdopt.solve(drawn.instance, strategy="ds-qkd", objective=drawn.objective, threads=1)
    report = qkdopt.check(drawn.instance, result)
    assert report.faults == ()
    assert value_of(drawn.instance, result) == pytest.approx(
        report.objective_bps, rel=1e-9, abs=1e-6
    )
