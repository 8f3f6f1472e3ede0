"""The compiled search: same physics, no drift, repeatable, never worse than its start."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic, fixed, local_search
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.instance.generation import new_instance
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from qkdopt.problem.plan import assess
from tests.random_instances import random_instance


@pytest.mark.parametrize("seed", range(12))
def test_incremental_score_equals_the_exact_assessment(seed):
    problem = build_problem(random_instance(seed, most_demands=6, channels=(6, 8)))
    search = Search.begin(problem, ds_qkd(problem), seed)
    search.anneal(5_000, 500.0, 50.0)
    noise = search.state.noise.copy()
    search.rebuild()
    assert np.allclose(noise, search.state.noise, rtol=1e-9, atol=1e-15)
    search.back_to_best()
    exact = assess(problem, search.best())
    assert exact.served == search.served
    total = float(exact.demand_skr_bps.sum())
    assert search.state.figures[0] == pytest.approx(total, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_search_never_falls_behind_its_start_and_repeats_exactly(seed):
    problem = build_problem(random_instance(seed, most_demands=8, channels=(4, 6)))
    start = ds_qkd(problem)
    one = local_search(problem, seed=seed, moves=20_000, start=start)
    other = local_search(problem, seed=seed, moves=20_000, start=start)
    assert one == other
    assert assess(problem, one).key >= assess(problem, start).key


@pytest.mark.parametrize("seed", range(40))
def test_what_the_search_finds_is_legal(seed):
    """At every temperature: swaps, moves of wide demands, and demands in place of others."""
    instance = random_instance(seed, most_demands=9, channels=(4, 7), floors=False)
    problem = build_problem(instance)
    search = Search.begin(problem, ds_qkd(problem), seed)
    for _ in range(10):
        search.anneal(400, 2e4, 2e4)
        # The lightpaths as they are, in the place of the best so far.
        search.state.best_path[:] = search.state.path
        search.state.best_channel[:] = search.state.channel
        assert qkdopt.check(instance, saved_plan_of(problem, search.best())).faults == ()


def test_search_and_harm_beat_first_fit_on_nsfnet():
    problem = build_problem(new_instance("n", topology="nsfnet", demands=60, seed=3))
    base = assess(problem, ds_qkd(problem))
    harm = assess(problem, ds_qkd_synergistic(problem))
    found = assess(problem, local_search(problem, seed=0, moves=100_000))
    assert harm.objective_bps > base.objective_bps
    assert found.objective_bps > harm.objective_bps
    assert assess(problem, fixed(problem)).objective_bps <= found.objective_bps


@pytest.mark.parametrize("seed", range(10))
def test_a_search_of_channels_keeps_to_the_paths_that_it_was_given(seed):
    problem = build_problem(random_instance(seed, most_demands=9, channels=(4, 6), floors=False))
    start = ds_qkd(problem)
    search = Search.begin(problem, start, seed)
    last = search.arrays.demands[:, 1] - 1
    paths = np.where(search.arrays.demands[:, 0] <= last, last, -1)
    paths = np.where(search.state.path >= 0, search.state.path, paths)
    before = search.state.channel.copy()
    search.on_paths(paths).anneal(5_000, 500.0, 500.0)
    served = search.state.path >= 0
    assert (search.state.path[served] == paths[served]).all()
    if start.served > 1:
        assert (search.state.channel != before).any()
    assert search.served >= start.served
