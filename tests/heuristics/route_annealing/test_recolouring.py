"""Channels for demands that first fit left out: legal, no fewer, and all where that is possible."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.annealing.arrays import NONE
from qkdopt.heuristics.route_annealing.colouring import colour_best
from qkdopt.heuristics.route_annealing.recolouring import recolour_rest
from qkdopt.heuristics.schedule import Schedule
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from tests.random_instances import random_instance

ENDLESS = 1.0


def recoloured(problem, seed: int, paths=None):
    """The search after a first fit and recolouring, how many it had, and how many were rerouted."""
    search = Search.begin(problem, ds_qkd(problem), seed)
    first, end, *_ = search.arrays.demands.T
    if paths is None:
        paths = np.where(first < end, first, NONE)
    rng = np.random.default_rng(seed)
    search.begin_at(*colour_best(search, paths, rng, 1, Schedule()))
    before = int((search.state.path >= 0).sum())
    taken = recolour_rest(search, paths, Schedule(moves=200_000), ENDLESS)
    served = search.state.path >= 0
    assert (taken[served] == search.state.path[served]).all()
    assert (taken[~served] == paths[~served]).all()
    return search, before, int((taken != paths).sum())


@pytest.mark.parametrize("seed", range(40))
def test_a_recolouring_is_legal_and_serves_no_fewer(seed):
    instance = random_instance(seed, most_demands=9, channels=(3, 6), floors=False)
    problem = build_problem(instance)
    search, before, rerouted = recoloured(problem, seed)
    assert rerouted == 0
    plan = search.best()
    assert plan.served == search.served >= before
    assert qkdopt.check(instance, saved_plan_of(problem, plan)).faults == ()


def test_some_are_served_that_first_fit_leaves_out():
    gained = 0
    for seed in range(60):
        instance = random_instance(seed, most_demands=9, channels=(3, 6), floors=False)
        search, before, _ = recoloured(build_problem(instance), seed)
        gained += search.served - before
    assert gained > 0


def test_those_that_wait_in_vain_take_other_paths(monkeypatch):
    served, rerouted = np.zeros(2, dtype=int), 0
    for seed in range(40):
        instance = random_instance(seed, most_demands=9, channels=(3, 6), floors=False)
        problem = build_problem(instance)
        for number, rounds in enumerate((10**9, 1)):
            monkeypatch.setattr(
                "qkdopt.heuristics.route_annealing.recolouring.STALE_ROUNDS", rounds
            )
            search, _, moved = recoloured(problem, seed)
            served[number] += search.served
            rerouted += moved
            plan = saved_plan_of(problem, search.best())
            assert qkdopt.check(instance, plan).faults == ()
    assert rerouted > 0
    assert served[1] > served[0]


def test_nothing_changes_where_all_have_channels():
    instance = random_instance(3, most_demands=3, channels=(16, 16), floors=False)
    problem = build_problem(instance)
    search = Search.begin(problem, ds_qkd(problem), 0)
    path, channel = search.state.path.copy(), search.state.channel.copy()
    recolour_rest(search, path, Schedule(moves=100_000), ENDLESS)
    assert (search.state.path == path).all()
    assert (search.state.channel == channel).all()
