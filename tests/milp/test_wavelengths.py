"""Wavelengths on given routes: merged demands find what single ones find."""

from __future__ import annotations

from dataclasses import replace

import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.milp import build_joint, linearise_links
from qkdopt.milp.wavelengths import group_by_route
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, assess, candidate_noise, lit_channels
from tests.milp.test_truth_tables import optimum_bps
from tests.random_instances import random_instance
from tests.small_instances import instance_of
from tests.tiers import slow_beyond


def with_twins(seed: int):
    """A random problem whose first demand comes twice."""
    instance = random_instance(seed, floors=False, most_demands=2, channels=(4, 5))
    twin = instance.demands[0].model_copy(update={"id": 99})
    return build_problem(instance.model_copy(update={"demands": (*instance.demands, twin)}))


@pytest.mark.parametrize("seed", slow_beyond(10, range(500, 530)))
def test_merged_demands_have_the_optimum_of_single_ones(seed):
    problem = with_twins(seed)
    plan = ds_qkd(problem)
    assert plan.served > 0
    segments = linearise_links(problem, 1.0)
    groups = group_by_route(problem, plan.routes)
    assert sorted(r for group in groups.members for r in group) == [
        r for r, route in enumerate(plan.routes) if route != BLOCKED
    ]
    restricted = linearise_links(problem, 1.0, groups.noise_ranges())
    assert sum(len(p.upper) for p in restricted.values()) <= sum(
        len(p.upper) for p in segments.values()
    )
    merged = groups.build(build_joint, restricted)
    single = build_joint(
        replace(
            problem,
            routes=tuple(
                (candidates[p],) if p != BLOCKED else ()
                for candidates, p in zip(problem.routes, plan.routes, strict=True)
            ),
        ),
        segments,
        served=plan.served,
    )
    best = optimum_bps(merged)
    single_best = optimum_bps(single)
    assert best == pytest.approx(single_best, rel=1e-6, abs=plan.served * 2.0)

    merged_plan = groups.plan(merged)
    assert merged_plan.routes == plan.routes
    lightpath_counts = [demand.channels for demand in problem.instance.demands]
    assert all(
        len(lit) == (lightpath_count if route != BLOCKED else 0)
        for lit, lightpath_count, route in zip(
            merged_plan.channels, lightpath_counts, merged_plan.routes, strict=True
        )
    )
    exact = assess(problem, merged_plan)
    assert exact.demand_skr_bps.sum() <= best * (1.0 + 1e-6) + 1e-3
    assert exact.demand_skr_bps.sum() >= assess(problem, plan).demand_skr_bps.sum() - 3.0


def test_twins_on_one_route_are_one_group():
    problem = with_twins(500)
    routes = [0] * len(problem.routes)
    groups = group_by_route(problem, routes)
    assert (0, len(routes) - 1) in groups.members
    twin = groups.members.index((0, len(routes) - 1))
    assert (
        groups.grouped.instance.demands[twin].channels == 2 * problem.instance.demands[0].channels
    )


def test_a_group_may_need_more_channels_than_the_grid_has():
    # Loads against the quantum signal have no limit in the load-state formulation.
    instance = instance_of(
        [("0-1", 0, 1, 10.0)], [(1, 0)] * 9, channels=3, fibre={"layout": "pair"}
    )
    (group,) = group_by_route(build_problem(instance), [0] * 9).grouped.instance.demands
    assert group.channels == 9
    result = qkdopt.solve(instance, strategy="milp", formulation="load-state", time_limit=20.0)
    assert result.value.served == 3
    assert qkdopt.check(instance, result).faults == ()


@pytest.mark.parametrize("seed", slow_beyond(10, range(500, 520)))
def test_noise_of_any_wavelengths_is_within_the_range_of_the_routes(seed):
    problem = with_twins(seed)
    plan = ds_qkd(problem)
    noise = candidate_noise(problem, lit_channels(problem, plan))
    ranges = group_by_route(problem, plan.routes).noise_ranges()
    working = [(e, q) for e, q in enumerate(plan.working) if q >= 0]
    assert working
    for e, q in working:
        min_noise, max_noise = ranges[e, q]
        assert min_noise <= noise[e, q] <= max_noise
