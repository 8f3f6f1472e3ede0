"""Annealed routes: what is kept incrementally is what the routes say, by plain counting."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.route_annealing.anneal import RouteSearch
from qkdopt.heuristics.route_annealing.arrays import load_tables, paths_of
from qkdopt.problem import build_problem
from qkdopt.problem.load_states import co_direction
from qkdopt.problem.plan import BLOCKED, assess
from tests.random_instances import random_instance

OBJECTIVES = ("mean", "max-min", "link-sum")


def problem_of(seed: int, objective: str = "mean", **options):
    options = {"most_demands": 9, "channels": (4, 7)} | options
    return build_problem(random_instance(seed, **options), objective)


def searched(problem, seed: int, *, all_demands: bool = False) -> RouteSearch:
    search = RouteSearch.begin(problem, ds_qkd(problem), seed, all_demands=all_demands)
    for heat in (2e4, 2e3, 20.0):
        search.anneal(2_000, heat, 1e4)
    return search


def routes_of(problem, path):
    """The route of each demand on a path; None when blocked."""
    routes, first = [], 0
    for r, candidates in enumerate(problem.routes):
        routes.append(None if path[r] < 0 else candidates[path[r] - first])
        first += len(candidates)
    return routes


def counted_loads(problem, routes):
    """``(E, 2)`` lightpaths with and against the quantum signal of each link."""
    loads = np.zeros((len(problem.instance.network.links), 2), dtype=int)
    for demand, route in zip(problem.instance.demands, routes, strict=True):
        for hop in () if route is None else route.hops:
            against = hop.direction != co_direction(problem.tables, hop.link)
            loads[hop.link, int(against)] += demand.channels
    return loads


def rates_of(problem, loads):
    """Best rate of each link at its load; None where it does not fit."""
    rates = []
    for e, load in enumerate(loads):
        states = problem.load_states[e]
        match = (states.loads == load).all(axis=1)
        rates.append(float(states.rate_bps[match][0]) if match.any() else None)
    return rates


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(12))
def test_loads_rates_and_members_are_those_of_the_routes(seed, objective):
    problem = problem_of(seed, objective)
    search = RouteSearch.begin(problem, ds_qkd(problem), seed)
    search.anneal(1_500, 2e4, 3e3)
    routes = routes_of(problem, search.path)
    loads = counted_loads(problem, routes)
    assert (search.load == loads).all()
    rates = rates_of(problem, loads)
    for e, rate in enumerate(rates):
        assert (search.excess[e] == 0) == (rate is not None)
        assert search.rate[e] == (rate or 0.0)
        crossing = {r for r, route in enumerate(routes) if route is not None and e in route.links}
        assert set(search.members[e, : search.count[e]]) == crossing
        assert search.count[e] == len(crossing)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(12))
def test_the_incremental_score_is_that_of_a_new_start(seed, objective):
    problem = problem_of(seed, objective)
    search = RouteSearch.begin(problem, ds_qkd(problem), seed)
    kernel_only(search, 1_500)
    score, excess, values = search.figures[0], search.figures[1], search.value.copy()
    search.set_up()
    assert search.figures[0] == pytest.approx(score, rel=1e-9, abs=1e-6)
    assert search.figures[1] == excess
    assert np.allclose(values, search.value, rtol=1e-12)


def kernel_only(search: RouteSearch, moves: int) -> None:
    """Anneal without the set-up afterwards, which would hide a drift."""
    from qkdopt.heuristics.route_annealing.kernel import anneal_routes

    a, t = search.arrays, search.triples
    anneal_routes(
        moves, 2e4, 3e3, a.objective, a.demands, a.min_skr, a.path_start, a.hops, a.rate_of_load,
        a.excess_of_load, a.needs, a.order, t.start, t.of_path, t.room, t.load, search.path,
        search.load, search.rate, search.excess,
        search.drawn, search.value, search.members, search.count, search.place,
        search.best_path, search.figures, search.random,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_the_best_routes_fit_and_are_worth_what_is_said(seed):
    problem = problem_of(seed, floors=False)
    search = searched(problem, seed)
    assert search.fits
    routes = routes_of(problem, search.best_path)
    rates = rates_of(problem, counted_loads(problem, routes))
    assert None not in rates
    total = sum(min(rates[e] for e in route.links) for route in routes if route is not None)
    assert search.figures[2] == pytest.approx(total, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_as_many_are_served_as_by_the_start_and_worth_no_less_than_there(seed):
    problem = problem_of(seed, floors=False)
    start = ds_qkd(problem)
    exact = assess(problem, start)
    search = searched(problem, seed)
    assert int((search.best_path >= 0).sum()) == start.served
    # No choice of channels gives a link more than its load allows.
    assert search.figures[2] >= exact.demand_skr_bps.sum() * (1.0 - 1e-9)


def test_some_search_finds_better_routes_than_its_start():
    gains = []
    for seed in range(20):
        problem = problem_of(seed, floors=False)
        begin = RouteSearch.begin(problem, ds_qkd(problem), seed).figures[2]
        gains.append(searched(problem, seed).figures[2] - begin)
    assert sum(gain > 1.0 for gain in gains) >= 5


def test_blocked_demands_are_routed_too_where_all_are_asked_for():
    tried = 0
    for seed in range(120):
        problem = problem_of(seed, channels=(3, 4), floors=False)
        start = ds_qkd(problem)
        with_routes = [bool(routes) for routes in problem.routes]
        if start.served == sum(with_routes):
            continue
        search = searched(problem, seed, all_demands=True)
        assert ((search.path >= 0) == with_routes).all()
        if not search.fits:
            assert search.figures[1] > 0
            continue
        tried += 1
        rates = rates_of(problem, counted_loads(problem, routes_of(problem, search.best_path)))
        assert None not in rates
    assert tried >= 3


@pytest.mark.parametrize("seed", range(6))
def test_a_demand_below_its_least_rate_costs_what_it_lacks(seed):
    instance = random_instance(seed, most_demands=9, channels=(4, 7), floors=False)
    for demand in instance.demands:
        instance = instance.replace(demands={demand.id: {"min_skr_bps": 5e4}})
    problem = build_problem(instance)
    search = RouteSearch.begin(problem, plan_of(problem), seed)
    search.anneal(500, 2e4, 1e4)
    rates = search.rate
    assert (search.value < 0.0).any()
    for r, route in enumerate(routes_of(problem, search.path)):
        if route is None:
            assert search.value[r] == 0.0
            continue
        slowest = min(rates[e] for e in route.links)
        lacking = max(0.0, (problem.instance.demands[r].min_skr_bps or 0.0) - slowest)
        assert search.value[r] == pytest.approx(slowest - 10.0 * lacking, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_excess_is_the_fewest_lightpaths_to_take_off(seed):
    problem = problem_of(seed, channels=(4, 5))
    rate, excess = load_tables(problem)
    size = rate.shape[1]
    for e in range(len(rate)):
        states = problem.load_states[e]
        fitting = {(int(a), int(b)) for a, b in states.loads}
        for m0 in range(size):
            for m1 in range(size):
                fewest = min(m0 - a + m1 - b for a, b in fitting if a <= m0 and b <= m1)
                assert excess[e, m0, m1] == fewest
                if (m0, m1) not in fitting:
                    assert rate[e, m0, m1] == 0.0


def plan_of(problem):
    """First fit without regard to least key rates."""
    free = problem.instance
    for demand in free.demands:
        free = free.replace(demands={demand.id: {"min_skr_bps": None}})
    return ds_qkd(build_problem(free))


def test_paths_of_a_plan():
    problem = problem_of(3)
    search = RouteSearch.begin(problem, ds_qkd(problem), 0)
    plan = ds_qkd(problem)
    for route, number in zip(
        routes_of(problem, paths_of(plan, search.arrays)), plan.routes, strict=True
    ):
        assert (route is None) == (number == BLOCKED)
