"""DS-QKD that weighs prices of links' keys, and scores of moves by keys that demands share."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.problem import build_problem
from qkdopt.problem.plan import assess

NSFNET = qkdopt.read_instance("instances/nsfnet_100erl.json")
OBJECTIVES = ("key-factor", "key-delivered", "key-served")


def problem_of(objective: str, rate_bps: float = 2000.0):
    return build_problem(qkdopt.share_keys(NSFNET, rate_bps=rate_bps), objective)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_is_no_worse_than_either_rule(objective):
    problem = problem_of(objective)
    best = assess(problem, ds_qkd_synergistic(problem)).rank
    assert best == max(
        assess(problem, ds_qkd_synergistic(problem, rule)).rank for rule in ("harm", "key-prices")
    )
    assert best > assess(problem, ds_qkd(problem)).rank


def test_prices_spread_what_is_drawn():
    problem = problem_of("key-factor")
    spread, harm = (
        assess(problem, ds_qkd_synergistic(problem, rule)) for rule in ("key-prices", "harm")
    )
    assert spread.objective_bps > 1.3 * harm.objective_bps


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_search_scores_no_more_than_can_be_given(objective):
    problem = problem_of(objective)
    plan = ds_qkd_synergistic(problem)
    search = Search.begin(problem, plan, 0)
    exact = assess(problem, plan)
    # Beside what counts a small share of all keys leads the search.
    guide = 0.05 * np.minimum(exact.demand_skr_bps, 1e9).sum() + 0.01 * exact.link_skr_bps.sum()
    assert search.state.figures[0] <= exact.objective_bps + guide
    assert search.state.figures[0] > 0.3 * exact.objective_bps
