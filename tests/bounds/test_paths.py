"""The bound over all simple paths, against enumeration and against lists of every path."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt import problem as problems
from qkdopt.bounds.bound import LoadStateBound
from qkdopt.bounds.classes import build_relaxation, demand_classes
from qkdopt.bounds.dual import dual_data, evaluate
from qkdopt.bounds.keyless import keyless_demands
from qkdopt.bounds.levels import level_edges
from qkdopt.bounds.listing import carried_prices, list_paths
from qkdopt.bounds.paths import best_paths
from qkdopt.bounds.served import served_bound
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.heuristics import ds_qkd
from qkdopt.optimize.record import saved_plan_of
from qkdopt.optimize.start import plan_of_start, with_routes_of
from qkdopt.problem import build_problem
from qkdopt.problem.load_states import co_direction
from qkdopt.problem.routes import every_route, route_over
from tests.brute_force import Oracle
from tests.random_instances import random_instance
from tests.tiers import slow_beyond

# More than any of the random networks has between two nodes.
EVERY = 50
STEPS = 3


@pytest.fixture
def by_need(monkeypatch):
    """Paths are found by need in the smallest networks too, and only the shortest is listed."""
    monkeypatch.setattr(problems, "MOST_LISTED", 0)
    monkeypatch.setattr(problems, "LEAST_LISTED", 1)


def over_every_route(instance):
    return instance.replace(routes={"k": EVERY})


def short_list(instance, objective="mean"):
    """The problem over any route with one route listed, whatever the patches."""
    listed = build_problem(instance.replace(routes={"k": 1}), objective)
    return dataclasses.replace(listed, instance=instance, scope="all")


def bound_holds_over_all_routes(seed: int, relay: str, objective: str) -> None:
    instance = random_instance(seed, relay=relay).replace(routes={"k": 1})
    best = Oracle(over_every_route(instance), objective).best()
    problem = build_problem(instance, objective, "all")
    assert problem.any_route
    for served, value in best.items():
        run = LoadStateBound(problem, served, np.full(1, 1e4))
        assert run.served_limit >= max(best)
        for _ in range(STEPS):
            if not run.closed:
                run.tighten(0.0, 0.0, lambda: False)
            assert run.objective_bps is not None
            assert run.objective_bps >= value * (1.0 - 1e-12)
        assert run.as_bound().routes == "all"


@pytest.mark.parametrize("seed", slow_beyond(10, range(700, 800)))
@pytest.mark.usefixtures("by_need")
def test_no_bound_on_the_mean_is_below_any_plan_over_any_route(seed):
    bound_holds_over_all_routes(seed, "lightpath", "mean")


@pytest.mark.parametrize("seed", slow_beyond(3, range(800, 830)))
@pytest.mark.parametrize(
    ("relay", "objective"),
    [("lightpath", "max-min"), ("lightpath", "link-sum"), ("widest", "link-sum")],
)
@pytest.mark.usefixtures("by_need")
def test_no_bound_on_another_objective_is(seed, relay, objective):
    bound_holds_over_all_routes(seed, relay, objective)


@pytest.mark.parametrize("seeds", slow_beyond(1, [range(838, 842), range(830, 838)]), ids=str)
@pytest.mark.parametrize("objective", ["mean", "link-sum"])
def test_it_comes_to_the_bound_over_a_list_of_every_route(objective, seeds):
    apart = []
    for seed in seeds:
        instance = random_instance(
            seed, relay="lightpath", most_demands=9, channels=(7, 9), floors=False, shape="mesh"
        )
        listed = build_problem(over_every_route(instance), objective)
        by_need = short_list(instance, objective)
        served = served_bound(build_relaxation(listed))
        assert served_bound(build_relaxation(by_need)) == served
        values = []
        for problem in (listed, by_need):
            run = LoadStateBound(problem, served, np.array([1e3, 1e4]))
            while run.nodes < 40 and not run.closed:
                run.tighten(0.0, 0.0, lambda: False)
            values.append(run.objective_bps)
        apart.append((values[1] - values[0]) / max(values[0], 1.0))
    # Both are solved to a tolerance; walks that come back to a node leave a few somewhat looser.
    assert min(apart) > -3e-4
    assert np.median(apart) < 3e-4
    assert max(apart) < 0.05


def prices_of(data, rng, *, signed: bool):
    """Prices of lightpaths, of either sign, and of rate levels, in bit/s."""
    rel = data.relaxation
    high = max(float(states.rate_bps.max(initial=0.0)) for states in rel.states)
    nu = rng.uniform(0.0, 1.0, (rel.items, len(data.level_widths))) * data.level_widths
    nu *= rng.random(nu.shape) < 0.7
    pi = rng.normal(0.05, 0.2, rel.items) if signed else rng.uniform(0.0, 0.3, rel.items)
    return pi * high, nu


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), case=st.integers(900, 924), signed=st.booleans())
def test_at_any_prices_it_is_above_every_plan_and_above_the_dual_over_listed_routes(
    seed, case, signed
):
    instance = random_instance(case, relay="lightpath").replace(routes={"k": 2})
    problem = short_list(instance)
    relaxation = build_relaxation(problem)
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    data = dual_data(relaxation, level_edges(rates, float(rates.max()), 5))
    pi, nu = prices_of(data, np.random.default_rng(seed), signed=signed)
    allowed = np.ones(len(data.loads), dtype=bool)
    for served, mean in Oracle(over_every_route(instance)).best().items():
        point = evaluate(data, served, pi, nu, allowed)
        assert point is not None
        assert point.value_bps >= mean * served * (1.0 - 1e-12)
        # The same prices over the listed routes alone, levels drawn on from the lowest.
        over_listed = listed_rewards(problem, data, pi, nu)
        assert np.all(point.paths.reward >= over_listed - 1e-9 * rates.max())


def listed_rewards(problem, data, pi, nu):
    """``(C,)`` what a demand of each class brings over its best listed route."""
    rel = data.relaxation
    best = np.full(len(rel.class_count), -np.inf)
    for p, c in enumerate(rel.route_class):
        items = rel.route_item[rel.route_start[p] : rel.route_start[p + 1]]
        lightpaths = rel.class_channels[c] * pi[items].sum()
        gained = np.cumsum(data.level_widths - nu[items].sum(axis=0)) if rel.route_key[p] else []
        best[c] = max(best[c], max([0.0, *gained]) - lightpaths)
    return best


@pytest.mark.parametrize("seed", range(940, 960))
def test_the_best_walk_is_the_best_of_all_simple_paths_where_no_price_is_negative(seed):
    instance = random_instance(seed, most_demands=4, shape="mesh" if seed % 2 else "parallel")
    problem = short_list(instance)
    relaxation = build_relaxation(problem)
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    data = dual_data(relaxation, level_edges(rates, float(rates.max()), 5))
    every = every_route(instance, EVERY)
    arcs = relaxation.arcs
    arc_of = {
        (int(e), int(side)): a
        for a, (e, side) in enumerate(zip(arcs.link, arcs.against, strict=True))
    }
    rng = np.random.default_rng(seed)
    for signed in (False, True):
        pi, nu = prices_of(data, rng, signed=signed)
        found = best_paths(arcs, relaxation.class_channels, data.level_widths, pi, nu)
        for c, group in enumerate(demand_classes(problem)):
            rewards = []
            for route in every[group.demands[0]]:
                items = [
                    arcs.item[
                        c,
                        arc_of[
                            hop.link, int(hop.direction != co_direction(problem.tables, hop.link))
                        ],
                    ]
                    for hop in route.hops
                ]
                key = all(problem.tables.candidate_count[list(route.links)] > 0)
                gained = np.cumsum(data.level_widths - nu[items].sum(axis=0)) if key else []
                rewards.append(max([0.0, *gained]) - group.channels * pi[items].sum())
            if signed:
                assert found.reward[c] >= max(rewards) - 1e-9 * rates.max()
            else:
                assert found.reward[c] == pytest.approx(max(rewards), abs=1e-9 * rates.max())


def test_paths_of_the_relaxed_solution_are_listed_and_the_bound_does_not_rise():
    listed, improved = 0, 0
    for seed in range(960, 972):
        instance = random_instance(
            seed, relay="lightpath", most_demands=9, channels=(7, 9), floors=False, shape="mesh"
        )
        problem = short_list(instance)
        run = LoadStateBound(problem, served_bound(build_relaxation(problem)), np.array([1e4]))
        run.tighten(0.0, 0.0, lambda: False)
        for before, after in zip(problem.routes, run.problem.routes, strict=True):
            assert after[: len(before)] == before
            assert len(set(after)) == len(after)
            listed += len(after) - len(before)
        relaxation = build_relaxation(problem)
        rates = np.concatenate([states.rate_bps for states in relaxation.states])
        edges = level_edges(rates, float(rates.max()), 5)
        data, longer = dual_data(relaxation, edges), dual_data(run.relaxation, edges)
        rng = np.random.default_rng(seed)
        prices = np.column_stack(prices_of(data, rng, signed=True))
        carried = carried_prices(prices, relaxation, run.relaxation)
        values = [
            evaluate(
                d, run.for_served, p[:, 0].copy(), p[:, 1:].copy(), np.ones(len(d.loads), bool)
            ).value_bps
            for d, p in ((data, prices), (longer, carried))
        ]
        assert values[1] <= values[0] + 1e-8 * abs(values[0])
        improved += values[1] < values[0] - 1e-8 * abs(values[0])
        assert list_paths(problem, relaxation, run._root_state.cuts) is not None
    assert listed > 10


def test_small_networks_have_every_route_listed():
    instance = random_instance(3, shape="mesh")
    problem = build_problem(instance, "mean", "all")
    assert problem.complete
    assert problem.route_set == "all"
    assert not problem.any_route
    assert [len(routes) for routes in problem.routes] == [
        len(routes) for routes in build_problem(over_every_route(instance)).routes
    ]
    assert problem.over_candidates().routes == build_problem(instance).routes


@pytest.mark.usefixtures("by_need")
@pytest.mark.parametrize("seed", [841, 842, 843])
def test_solve_over_all_routes_is_never_below_what_the_candidates_allow(seed):
    instance = random_instance(seed, relay="lightpath", shape="mesh").replace(routes={"k": 1})
    best = Oracle(over_every_route(instance)).best()
    result = qkdopt.solve(instance, routes="all", node_limit=5, threads=1)
    assert qkdopt.check(instance, result).faults == ()
    assert result.bound.routes == "all"
    assert result.bound.served >= max(best)
    assert result.bound.objective_bps >= best[result.value.served] * (1.0 - 1e-9)
    again = qkdopt.solve(instance, routes="all", node_limit=5, threads=1, start=result)
    assert again.value.objective_bps >= result.value.objective_bps * (1.0 - 1e-12)


@pytest.mark.usefixtures("by_need")
def test_a_start_over_routes_that_are_not_listed_is_taken():
    taken = 0
    for seed in range(844, 850):
        instance = random_instance(seed, relay="lightpath", shape="mesh", floors=False)
        instance = instance.replace(routes={"k": 1})
        every = build_problem(over_every_route(instance))
        plan = ds_qkd(dataclasses.replace(every, routes=tuple(r[::-1] for r in every.routes)))
        longest = dataclasses.replace(
            every, instance=instance, routes=tuple(r[::-1] for r in every.routes)
        )
        start = saved_plan_of(longest, plan)
        problem = with_routes_of(build_problem(instance, "mean", "all"), start)
        again = plan_of_start(problem, start)
        assert again.served == plan.served
        assert saved_plan_of(problem, again).lightpaths == start.lightpaths
        taken += sum(number > 0 for number in again.routes)
    assert taken > 3


def test_a_route_is_a_simple_path_over_links_that_join_its_nodes():
    instance = random_instance(3, shape="mesh")
    assert route_over(instance, (0, 1, 2), (0, 1)).forward == (True, True)
    assert route_over(instance, (2, 1, 0), (1, 0)).forward == (False, False)
    for nodes, links in (((0, 1, 2), (0,)), ((0, 1, 2), (0, 2)), ((0, 1, 0), (0, 0))):
        assert route_over(instance, nodes, links) is None


def test_other_strategies_and_the_widest_relay_are_refused(by_need):
    instance = random_instance(5, relay="widest")
    with pytest.raises(UsageError, match="expected strategy auto"):
        qkdopt.solve(instance, strategy="milp", routes="all")
    with pytest.raises(UnsupportedError, match="relay = widest"):
        qkdopt.bound(instance, routes="all")


@pytest.mark.parametrize("seed", range(860, 880))
def test_without_key_over_any_route_is_without_key_over_every_listed_one(seed):
    instance = random_instance(seed, relay="lightpath", shape="mesh")
    loud = instance.replace(classical={"launch_dbm": 8.0})
    listed = build_problem(over_every_route(loud))
    by_need = dataclasses.replace(short_list(loud), instance=loud)
    assert keyless_demands(by_need) == keyless_demands(listed)
