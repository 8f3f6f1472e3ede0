import itertools

import numpy as np
import pytest

from qkdopt.bounds.bundle import first_state, improve
from qkdopt.bounds.classes import build_relaxation
from qkdopt.bounds.dual import dual_data, evaluate
from qkdopt.bounds.levels import level_edges, level_stages, parent_levels, refined_state
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


def relaxation_of(seed):
    return build_relaxation(build_problem(random_instance(seed), "mean"))


def stages_of(relaxation):
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    return level_stages(level_edges(rates, max(float(rates.max()), 1.0), 10))


def bound_at(data, served, prices):
    every = np.ones(len(data.loads), dtype=np.bool_)
    pi, nu = np.ascontiguousarray(prices[:, 0]), np.ascontiguousarray(prices[:, 1:])
    return evaluate(data, served, pi, nu, every).value_bps


def improved(data, served, state, iterations):
    improve(
        data, served, state, np.ones(len(data.loads), dtype=np.bool_), iterations=iterations,
        tolerance=0.0, should_stop=lambda value: False,
    )  # fmt: skip
    return state


def test_each_stage_holds_the_edges_of_the_one_before():
    stages = level_stages(np.linspace(0.0, 10.0, 11))
    assert [len(edges) - 1 for edges in stages] == [2, 4, 10]
    for coarse, fine in itertools.pairwise(stages):
        assert set(coarse) <= set(fine)


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 5])
def test_few_levels_need_fewer_stages(levels):
    edges = np.linspace(0.0, 1.0, levels + 1)
    stages = level_stages(edges)
    assert [len(e) for e in stages] == sorted({len(e) for e in stages})
    assert stages[-1].tolist() == edges.tolist()


def test_a_sum_of_link_rates_has_one_stage_without_levels():
    assert level_stages(None) == [None]


def test_parts_of_a_level_find_it():
    assert parent_levels(np.array([3.0, 7.0]), np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [
        0, 0, 1, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_finer_levels_begin_at_the_same_bound_with_the_same_cuts(seed):
    relaxation = relaxation_of(seed)
    served = int(relaxation.class_count.sum())
    stages = stages_of(relaxation)
    coarse = dual_data(relaxation, stages[0])
    state = improved(coarse, served, first_state(coarse, 1e4), 25)
    fine = dual_data(relaxation, stages[-1])
    finer = refined_state(state, coarse, fine)
    assert bound_at(fine, served, finer.prices) == pytest.approx(state.value_bps, rel=1e-9)
    for cuts, prices in ((state.cuts, state.prices), (finer.cuts, finer.prices)):
        assert heights(cuts, prices) == pytest.approx(heights(state.cuts, state.prices), rel=1e-9)


def heights(cuts, prices):
    """What each cut says the bound of its block is at some prices."""
    found = []
    for b in range(len(cuts.count)):
        for k in range(cuts.count[b]):
            n = slice(cuts.start[b], cuts.start[b] + cuts.filled[b, k])
            item = cuts.item[k, n]
            drawn = cuts.drawn[k, n] @ (prices[item, 1:] @ cuts.level[b, k])
            found.append(float(cuts.own[k, n] @ prices[item, 0] + drawn + cuts.constant[b, k]))
    return np.array(found)


@pytest.mark.parametrize("seed", range(4))
def test_cuts_carried_to_finer_levels_stay_below_the_bound(seed):
    relaxation = relaxation_of(seed)
    served = int(relaxation.class_count.sum())
    stages = stages_of(relaxation)
    coarse, fine = (dual_data(relaxation, edges) for edges in (stages[0], stages[-1]))
    state = improved(coarse, served, first_state(coarse, 1e4), 15)
    finer = refined_state(state, coarse, fine)
    random = np.random.default_rng(seed)
    prices = finer.prices * random.uniform(0.5, 1.5, finer.prices.shape)
    cuts, each = finer.cuts, heights(finer.cuts, prices)
    ends = np.cumsum(cuts.count)
    best = sum(part.max() for part in np.split(each, ends[:-1]) if len(part))
    assert best <= bound_at(fine, served, prices) * (1.0 + 1e-9) + 1e-6
