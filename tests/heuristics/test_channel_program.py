"""Channels by the integer program: its optimum by enumeration, its costs by finite differences."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.channel_program import assign_channels, channel_costs, improve_channels
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, NO_QKD, assess, lit_channels
from tests.random_instances import random_instance


def problem_of(seed: int, objective: str = "mean", **options):
    return build_problem(random_instance(seed, **options), objective)


def cheapest(problem, plan, costs):
    """Least cost over every legal choice of channels, by enumeration; None where there is none."""
    width, best = costs.cost.shape[1], None
    wide = [problem.instance.demands[r].channels for r in costs.demands]
    for chosen in product(*(combinations(range(width), count) for count in wide)):
        lit = [
            (hop.link, hop.fibre, w)
            for r, channels in zip(costs.demands, chosen, strict=True)
            for hop in problem.routes[r][plan.routes[r]].hops
            for w in channels
        ]
        if len(set(lit)) < len(lit):
            continue
        if not all(costs.allowed[row, list(c)].all() for row, c in enumerate(chosen)):
            continue
        cost = sum(costs.cost[row, list(c)].sum() for row, c in enumerate(chosen))
        best = cost if best is None else min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(25))
def test_the_program_finds_the_cheapest_legal_channels(seed):
    problem = problem_of(seed, most_demands=4, channels=(3, 5), floors=False)
    plan = ds_qkd(problem)
    if not plan.served:
        return
    costs = channel_costs(problem, plan)
    least, other = cheapest(problem, plan, costs), assign_channels(problem, plan)
    assert (least is None) == (other is None)
    if other is not None:
        found = sum(costs.cost[row, list(other.channels[r])].sum()
                    for row, r in enumerate(costs.demands))  # fmt: skip
        assert found == pytest.approx(least, rel=1e-3, abs=1e-6)
        assert qkdopt.check(problem.instance, saved_plan_of(problem, other)).faults == ()


def test_a_limit_of_less_than_a_second_leaves_time_for_a_small_program():
    problem = problem_of(1, most_demands=9, channels=(5, 7), floors=False)
    plan = ds_qkd(problem)
    assert plan.served
    assert improve_channels(problem, plan, seconds=0.0) is plan
    limited, unlimited = (
        improve_channels(problem, plan, seconds=0.99),
        improve_channels(problem, plan),
    )
    assert limited.channels == unlimited.channels != plan.channels


@pytest.mark.parametrize("seed", range(10))
def test_a_cost_is_what_little_noise_of_the_channel_takes_from_the_key_rates(seed):
    problem = problem_of(seed, "link-sum", most_demands=5, channels=(4, 6), floors=False)
    plan = ds_qkd(problem)
    if not plan.served:
        return
    tables, costs = problem.tables, channel_costs(problem, plan)
    exact, every = assess(problem, plan), np.arange(len(plan.working))
    column = np.maximum(plan.working, 0)
    transmittance = tables.transmittance[every, column]
    r = int(costs.demands[0])
    light = np.zeros_like(exact.noise)
    for hop in problem.routes[r][plan.routes[r]].hops:
        if plan.working[hop.link] != NO_QKD:
            light[hop.link] += tables.noise[hop.link, hop.direction, 0, column[hop.link]]
    little = 1e-4
    before = tables.skr_bps(tables.link_numbers, exact.noise, transmittance)
    after = tables.skr_bps(tables.link_numbers, exact.noise + little * light, transmittance)
    lost = (before - after)[np.array(plan.working) != NO_QKD].sum() / little
    assert costs.cost[0, 0] == pytest.approx(lost, rel=2e-2, abs=1e-2)


@pytest.mark.parametrize("objective", ["mean", "max-min", "link-sum"])
@pytest.mark.parametrize("seed", range(12))
def test_channels_only_get_better_and_floors_are_kept(seed, objective):
    instance = random_instance(seed, most_demands=9, channels=(5, 7))
    problem = build_problem(instance, objective)
    plan = ds_qkd(problem)
    better = improve_channels(problem, plan)
    assert better.routes == plan.routes
    assert assess(problem, better).key >= assess(problem, plan).key
    assert qkdopt.check(instance, saved_plan_of(problem, better)).faults == ()


def test_first_fit_leaves_much_to_the_program():
    problem = build_problem(qkdopt.read_instance("instances/nsfnet_100erl.json"))
    plan = ds_qkd(problem)
    better = improve_channels(problem, plan)
    assert BLOCKED not in better.routes
    assert assess(problem, better).objective_bps > 1.05 * assess(problem, plan).objective_bps
    assert lit_channels(problem, better).sum() == lit_channels(problem, plan).sum()
