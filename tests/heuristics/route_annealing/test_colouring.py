"""Channels for given routes: legal, and found wherever there is plenty of room."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.route_annealing.anneal import RouteSearch
from qkdopt.heuristics.route_annealing.colouring import colour_best
from qkdopt.heuristics.schedule import Schedule
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


def coloured(problem, seed: int, tries: int = 6):
    """The search at the best colouring of annealed routes, and how many demands they serve."""
    routing = RouteSearch.begin(problem, ds_qkd(problem), seed)
    routing.anneal(2_000, 2e3, 1e4)
    search = Search.begin(problem, ds_qkd(problem), seed)
    paths = routing.best_path
    search.begin_at(*colour_best(search, paths, np.random.default_rng(seed), tries, Schedule()))
    return search, int((paths >= 0).sum())


@pytest.mark.parametrize("seed", range(40))
def test_a_colouring_is_legal(seed):
    instance = random_instance(seed, most_demands=9, channels=(4, 7), floors=False)
    problem = build_problem(instance)
    search, routed = coloured(problem, seed)
    plan = search.best()
    assert plan.served == search.served <= routed
    assert qkdopt.check(instance, saved_plan_of(problem, plan)).faults == ()


def test_all_are_coloured_where_there_is_room():
    for seed in range(10):
        instance = random_instance(seed, most_demands=3, channels=(16, 16), floors=False)
        search, routed = coloured(build_problem(instance), seed, tries=1)
        assert search.served == routed


def test_more_tries_are_never_worse():
    for seed in range(10):
        instance = random_instance(seed, most_demands=9, channels=(4, 6), floors=False)
        problem = build_problem(instance)
        few, _ = coloured(problem, seed, tries=1)
        many, _ = coloured(problem, seed, tries=30)
        key = [(s.state.figures[3], s.state.figures[2]) for s in (few, many)]
        assert key[1] >= key[0]
