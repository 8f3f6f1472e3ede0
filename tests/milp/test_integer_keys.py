"""Keys that demands share in CP-SAT's own model, against enumeration in every cell."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.milp import integer_keys, integer_program, linearise_links
from qkdopt.milp.integer_keys import key_cap_bps
from qkdopt.milp.integer_program import build_cp
from qkdopt.problem import build_problem
from qkdopt.units import FloatArray
from tests.command import HANG_SECONDS
from tests.corners.enumeration import Enumeration
from tests.corners.generator import Corner
from tests.corners.shared_keys import CELLS, shared_keys
from tests.small_instances import instance_of
from tests.tiers import slow_beyond

GAP = 1e-4
QUICK_CELLS = 3


def planned(drawn: Corner, **options):
    pytest.importorskip("ortools")
    return qkdopt.solve(
        drawn.instance,
        strategy="milp",
        formulation="cp-sat",
        solver="cp-sat",
        objective=drawn.objective,
        threads=1,
        **({"gap": GAP, "time_limit": HANG_SECONDS} | options),
    )


# The draw of a cell's number is of that cell; each is closed within seconds.
@pytest.mark.parametrize("seed", slow_beyond(QUICK_CELLS, range(len(CELLS))))
def test_cp_sat_agrees_with_enumeration_in_every_cell(seed):
    drawn = shared_keys(seed)
    best = Enumeration(drawn.instance, drawn.objective).run().best
    served = max(best)
    result = planned(drawn)
    assert qkdopt.check(drawn.instance, result).faults == ()
    assert result.value.served == result.bound.served == served
    assert result.bound.objective_bps >= best[served] * (1.0 - 1e-9) - 1e-6
    assert result.value.objective_bps == pytest.approx(best[served], rel=3 * GAP, abs=1e-6)


def test_each_cell_is_drawn_by_its_number():
    for seed, (layout, relay, reserve, objective) in enumerate(CELLS):
        drawn = shared_keys(seed)
        qkd = drawn.instance.qkd
        assert (drawn.instance.fibre.layout, qkd.relay, qkd.reserve) == (layout, relay, reserve)
        assert drawn.objective == objective


def coarse_bound_bps(monkeypatch, drawn: Corner) -> tuple[float, float]:
    """Return the bound with steps so coarse that their rounding shows, and the best objective."""
    monkeypatch.setattr(integer_keys, "NEED_STEPS", 3)
    monkeypatch.setattr(integer_keys, "FACTOR_STEPS", 5)
    monkeypatch.setattr(integer_keys, "GRAINS", 1)
    if drawn.instance.qkd.relay == "flow":
        # Grains are parts of these. Along routes the rounding of rates would hide that of steps.
        monkeypatch.setattr(integer_program, "MAX_RATE_UNITS", 4)
    best = Enumeration(drawn.instance, drawn.objective).run().best
    # So coarse a model is not what the solver's time is for: any bound of it has to hold.
    result = planned(drawn, time_limit=20.0)
    assert result.faults == ()
    return result.bound.objective_bps, best[result.value.served]


# Draws in which what demands get of a link's key is no whole number of steps.
ROUNDED = (16, 120, 6, 45, 30, 4, 60, 84, 108, 121, 135, 156, 181, 184, 196)


@pytest.mark.parametrize("seed", slow_beyond(4, ROUNDED))
def test_no_bound_is_below_enumeration_however_coarse_the_steps(monkeypatch, seed):
    bound_bps, best_bps = coarse_bound_bps(monkeypatch, shared_keys(seed))
    assert bound_bps >= best_bps * (1.0 - 1e-9) - 1e-6


def crowd(*needs):
    """Return an instance of one link, and demands between its ends that ask for key."""
    demands = [(0, 1, {} if need is None else {"key": {"rate_bps": need}}) for need in needs]
    return instance_of([("0-1", 0, 1, 10.0)], demands, qkd={"key_accounting": "shared"})


def cap_bps(objective: str, served: int | None, *needs) -> float:
    return key_cap_bps(build_problem(crowd(*needs), objective), served)


@pytest.mark.parametrize("objective", ["key-served", "key-delivered"])
def test_no_more_than_all_needs_is_drawn_of_a_link(objective):
    assert cap_bps(objective, 2, 300.0, 400.0) == pytest.approx(700.0)


def test_the_factor_is_no_higher_than_that_of_the_demands_that_must_be_served():
    ample, tight = 100.0, 400.0
    one, two = (cap_bps("key-factor", served, ample, tight) for served in (1, 2))
    # Of two, one may be served alone: that with the higher factor.
    assert one == pytest.approx(4.0 * two)
    # A demand that asks for nothing may be served in place of one that does.
    assert cap_bps("key-factor", 2, ample, tight, None) == pytest.approx(one)
    assert cap_bps("key-factor", 3, ample, tight, None) == pytest.approx(two)


def steps(objective: str) -> tuple[FloatArray, FloatArray]:
    """Return the units of rate of all steps of each demand, and its need in units."""
    pytest.importorskip("ortools")
    problem = build_problem(crowd(300.0, 500.0), objective)
    model = build_cp(problem, linearise_links(problem, 10.0), served=1)
    return model.keys.size * model.keys.most_steps, problem.needs.rate_bps * model.rate_units


@pytest.mark.parametrize("objective", ["key-served", "key-delivered"])
def test_all_steps_of_a_demand_are_its_need(objective):
    size, needs = steps(objective)
    assert size == pytest.approx(needs, rel=2e-6)
    # What counts as met is no more than the need.
    assert (size <= needs).all()
