"""Search that sets routes first: never worse than its start, better where links are full."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd, local_search, route_search
from qkdopt.heuristics.rounds import COLD_HOT, COLD_S, SearchRounds
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, assess, tune_working_channels
from tests.random_instances import random_instance


@pytest.mark.parametrize("objective", ["mean", "max-min", "link-sum"])
@pytest.mark.parametrize("seed", range(8))
def test_it_is_legal_repeats_exactly_and_never_falls_behind_its_start(seed, objective):
    instance = random_instance(seed, most_demands=8, channels=(4, 6))
    problem = build_problem(instance, objective)
    start = ds_qkd(problem)
    plan = route_search(problem, seed=seed, moves=40_000, start=start)
    assert plan == route_search(problem, seed=seed, moves=40_000, start=start)
    assert assess(problem, plan).key >= assess(problem, start).key
    assert qkdopt.check(instance, saved_plan_of(problem, plan)).faults == ()


def test_a_stop_ends_it_at_once_with_the_start_or_better():
    problem = build_problem(random_instance(3, most_demands=8, channels=(4, 6)))
    start, asked = ds_qkd(problem), []

    def third_time() -> bool:
        asked.append(None)
        return len(asked) > 2

    plan = route_search(problem, seed=0, seconds=1e6, start=start, should_stop=third_time)
    assert plan == start
    assert len(asked) < 10


@pytest.mark.parametrize("seed", range(6))
def test_plans_that_keep_every_least_rate_come_of_it(seed):
    instance = random_instance(seed, most_demands=9, channels=(5, 7), floors=False)
    rates = assess(build_problem(instance), ds_qkd(build_problem(instance))).demand_skr_bps
    for demand, rate in zip(instance.demands, rates, strict=True):
        instance = instance.replace(demands={demand.id: {"min_skr_bps": 0.9 * float(rate)}})
    problem = build_problem(instance)
    start = ds_qkd(problem)
    plan = route_search(problem, seed=seed, moves=100_000, start=start)
    assert qkdopt.check(instance, saved_plan_of(problem, plan)).faults == ()
    assert assess(problem, plan).key >= assess(problem, start).key


@pytest.mark.slow
def test_where_links_are_full_routes_first_beats_both_together():
    problem = build_problem(qkdopt.read_instance("instances/bench/nsfnet_260erl.json"))
    start = local_search(problem, seed=0, moves=600_000, start=ds_qkd(problem))
    together = local_search(problem, seed=1, moves=1_000_000, start=start)
    first = route_search(problem, seed=1, moves=1_000_000, start=start)
    assert assess(problem, first).served >= assess(problem, together).served
    assert assess(problem, first).objective_bps > 1.01 * assess(problem, together).objective_bps


def test_rounds_change_their_way_until_one_improves(monkeypatch):
    problem = build_problem(random_instance(3, most_demands=8, channels=(4, 6)))
    full = ds_qkd(problem)
    nobody = ((),) * len(full.routes)
    start = tune_working_channels(problem, [BLOCKED] * len(full.routes), list(nobody))
    assert full.served
    called = []

    def way(name, better):
        def search(problem, *, seed, start, **_):
            called.append((name, seed))
            return full if better else start

        return search

    ways = (way("together", better=False), way("routes", better=False))
    monkeypatch.setattr("qkdopt.heuristics.rounds.METHODS", ways)
    rounds = SearchRounds(problem, seed=5)
    shares = []
    for _ in range(4):
        shares.append(rounds.share())
        rounds.search(start)
    assert called == [("together", 5), ("routes", 6), ("together", 7), ("routes", 8)]
    assert shares[0] < shares[1] == shares[2] == shares[3]
    ways = (way("together", better=False), way("routes", better=True))
    monkeypatch.setattr("qkdopt.heuristics.rounds.METHODS", ways)
    called.clear()
    rounds = SearchRounds(problem, seed=0)
    for _ in range(3):
        rounds.search(start)
    assert [name for name, _ in called] == ["together", "routes", "routes"]


def test_short_rounds_begin_cold_and_leave_the_turn_to_who_has_it(monkeypatch):
    problem = build_problem(random_instance(3, most_demands=8, channels=(4, 6)))
    start, called = ds_qkd(problem), []

    def noted(name):
        def search(problem, *, start, hot=None, **_):
            called.append((name, hot))
            return start

        return search

    ways = (noted("together"), noted("routes"), noted("of as many"))
    monkeypatch.setattr("qkdopt.heuristics.rounds.METHODS", ways)
    monkeypatch.setattr("qkdopt.heuristics.rounds.local_search", noted("cold"))
    rounds = SearchRounds(problem, 0)
    short = 0.5 * COLD_S * len(problem.routes)
    for seconds in (10.0, short, 10.0, 10.0):
        rounds.search(start, seconds=seconds)
    last = "of as many" if start.served < len(problem.routes) else "together"
    assert called == [("together", None), ("cold", COLD_HOT), ("routes", None), (last, None)]
