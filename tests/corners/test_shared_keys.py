"""Every way to solve, on corner instances whose demands share keys, against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from tests.corners.enumeration import Enumeration, value_of
from tests.corners.judge import WAYS, key_ways, run
from tests.corners.key_oracle import simplex
from tests.corners.shared_keys import CELLS, shared_keys
from tests.tiers import slow_beyond

# `benchmarks/corners.py --shared-keys` runs more.
QUICK_SEEDS, SEEDS = 6, 24


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_where_keys_are_shared(seed):
    drawn = shared_keys(seed)
    enumeration = Enumeration(drawn.instance, drawn.objective).run()
    faults = [
        f"{way.name}: {fault}"
        for way in key_ways(seed)
        for fault in run(drawn.instance, drawn.objective, way, enumeration, time_limit=3.0).faults
    ]
    assert faults == []


# The joint factor of 2343 is three millionths of what the fastest link has, times the needs of all:
# a solver calls that nothing.
@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_factor_within_a_solvers_tolerance_is_not_proved_away(solver):
    drawn = shared_keys(2343)
    enumeration = Enumeration(drawn.instance, drawn.objective).run()
    way = next(way for way in WAYS if way.name == f"joint/{solver}")
    assert run(drawn.instance, drawn.objective, way, enumeration, time_limit=4.0).faults == []


# In 890 and 1184 a demand asks for a millionth of what the fastest link has, or less, over links
# that have nothing for it. In the others links have a billionth of what others have.
@pytest.mark.parametrize("seed", [*range(24), 890, 1184, 4398, 4473, 6187])
def test_plans_are_worth_what_the_checker_says(seed):
    drawn = shared_keys(seed)
    strategy = "fixed" if seed == 1184 else "ds-qkd"
    result = qkdopt.solve(drawn.instance, strategy=strategy, objective=drawn.objective, threads=1)
    report = qkdopt.check(drawn.instance, result)
    assert report.faults == ()
    assert value_of(drawn.instance, result) == pytest.approx(
        report.objective_bps, rel=1e-6, abs=1e-6
    )


def test_the_draws_have_some_of_everything():
    drawn = [shared_keys(number).instance for number in range(len(CELLS))]
    keys = [d.key for instance in drawn for d in instance.demands if d.key is not None]
    assert any(d.key is None for instance in drawn for d in instance.demands)
    assert any(key.bits for key in keys)
    assert any(key.per == "lightpath" for key in keys)
    assert len({key.weight for key in keys}) > 1
    assert any(instance.lightpaths for instance in drawn)


def test_the_simplex_method_solves_a_program_known_by_hand():
    value, x = simplex(
        np.array([3.0, 5.0]),
        np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]]),
        np.array([4.0, 12.0, 18.0]),
    )
    assert (value, list(x)) == (36.0, [2.0, 6.0])
