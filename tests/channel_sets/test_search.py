"""The search on a evaluator whose truth is known, against all sets."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdopt.channel_sets.by_link import LinkSearch
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import ROUNDS, race
from qkdopt.channel_sets.search import Search, every, families, neighbours
from tests.channel_sets.small import KnownGround, evaluations_of, judge_of, small_instance

BASE = Placement.everywhere((0, 1, 2))


def windows(seed: int, channels: int = 10):
    """Truth like the real one: each source of noise is heard least by the best candidate."""
    rates = np.random.default_rng(seed).uniform(0.0, 1.0, (channels, 30))

    def truth(placement: Placement) -> float:
        return float(np.mean([rates[list(chosen)].max(axis=0).mean() for chosen in placement.sets]))

    return truth


@pytest.fixture
def searching(tmp_path):
    def start(evaluator, number=[0]):  # noqa: B006
        number[0] += 1
        context = evaluations_of(evaluator, tmp_path / str(number[0]))
        evaluations = context.__enter__()
        contexts.append(context)
        return Search(judge_of(evaluations, BASE), 10, 10, lambda placement: True, 0)

    contexts = []
    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.mark.parametrize("seed", range(8))
def test_exchange_finds_the_best_of_all_sets(seed, searching):
    truth = windows(seed)
    best = max(every(10, 3), key=truth)

    result = searching(KnownGround(truth)).heuristic(3)[0]

    assert truth(result) == pytest.approx(truth(best), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_an_exhaustive_race_through_noise_keeps_the_best(seed, searching):
    truth = windows(seed)
    best = max(every(10, 3), key=truth)
    # Noise that all share is a hundred times the differences; their own is a part of them.
    evaluator = KnownGround(truth, spread=10.0, own_spread=0.01)

    result = searching(evaluator).exhaustive(3)[0]

    assert truth(result) >= truth(best) - 0.01


def test_a_race_gives_most_blocks_to_few(searching):
    evaluator = KnownGround(windows(0), own_spread=0.01)
    search = searching(evaluator)
    left = race(search.comparator, every(10, 3), "all")
    blocks = [search.comparator.evaluations.blocks(placement) for placement in every(10, 3)]
    assert len(left) <= 14
    assert sum(count == ROUNDS[0] for count in blocks) >= 0.6 * len(blocks)
    assert all(search.comparator.evaluations.blocks(placement) == ROUNDS[-1] for placement in left)
    assert sum(blocks) < 0.3 * ROUNDS[-1] * len(blocks)


def test_what_is_significantly_below_the_leader_goes_even_where_more_could_be_kept(searching):
    search = searching(
        KnownGround(lambda placement: 10.0 * (placement == BASE) + 1.0, own_spread=1e-6)
    )
    contenders = [BASE, *every(10, 2)[:3]]
    assert race(search.comparator, contenders, "few") == [BASE]


def test_alike_contenders_stay(searching):
    search = searching(KnownGround(lambda placement: 1.0))
    assert len(race(search.comparator, every(10, 1)[:4], "alike")) == 4


def test_growth_nests(searching):
    search = searching(KnownGround(windows(3)))
    sets = [set(search.grow(size).sets[0]) for size in (1, 2, 3, 4)]
    assert all(a < b for a, b in pairwise(sets))


@given(pool=st.integers(2, 12), size=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_neighbours_differ_by_one_channel(pool, size, seed):
    size = min(size, pool - 1)
    start = Placement.everywhere(np.random.default_rng(seed).permutation(pool)[:size].tolist())
    variants = neighbours(start, pool)
    assert len(set(variants)) == len(variants) == size * (pool - size)
    assert all(
        len(set(placement.sets[0]) & set(start.sets[0])) == size - 1 for placement in variants
    )


@given(channels=st.integers(2, 40), size=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_families_are_sets_of_the_grid_and_none_twice(channels, size, seed):
    size = min(size, channels)
    placements = [
        placement for sets in families(channels, size, seed).values() for placement in sets
    ]
    assert len(set(placements)) == len(placements)
    for placement in placements:
        assert len(set(placement.sets[0])) == size
        assert set(placement.sets[0]) <= set(range(channels))


def test_families_hold_the_sets_of_the_study():
    result = families(40, 4, 0)
    assert Placement.everywhere((0, 1, 2, 3)) in result["compact"]
    assert Placement.everywhere((3, 13, 23, 33)) in result["uniform"]
    assert Placement.everywhere((10, 15, 20, 25)) in result["uniform"]
    assert Placement.everywhere((4, 6, 8, 10)) in result["interleaved"]
    assert Placement.everywhere((0, 1, 38, 39)) in result["band edge"]


def test_every_set_is_there_once():
    assert [placement.sets[0] for placement in every(6, 3)] == list(combinations(range(6), 3))


@pytest.mark.parametrize("receivers", [21, 35, 42])
def test_sets_by_link_keep_the_budget_and_a_receiver_everywhere(receivers, searching):
    instance = small_instance(10)
    search = searching(KnownGround(windows(1)))
    result = LinkSearch(search, instance, 0).within(receivers)
    for placement in result:
        assert placement.receivers(instance) <= receivers
        assert all(chosen for chosen in placement.of_links(instance))
    assert result[0].receivers(instance) == receivers


def test_moves_by_link_find_what_each_link_wants(searching):
    instance = small_instance(10)
    links = len(instance.network.links)
    wanted = np.random.default_rng(0).integers(10, size=links)

    def truth(placement: Placement) -> float:
        sets = placement.of_links(instance)
        return 1.0 + sum(int(wanted[e]) in chosen for e, chosen in enumerate(sets)) / links

    start = searching(KnownGround(truth))
    best = LinkSearch(start, instance, 0).within(links)[0]
    common = max(truth(placement) for placement in every(10, 1))
    assert truth(best) >= common + 0.4


def test_exchange_goes_on_as_long_as_it_helps(searching):
    search = searching(KnownGround(lambda placement: 1.0 + sum(placement.sets[0])))
    assert search.exchange(Placement.everywhere((0, 1, 2))) == Placement.everywhere((7, 8, 9))


def test_no_receiver_is_dropped_whose_going_would_darken_a_link(searching):
    instance = small_instance(10)
    search = searching(KnownGround(windows(1)))
    # Channel 0 must stay on every link: the guard bands of the others leave no light.
    search.is_fit = lambda placement: all(
        0 in chosen for chosen in placement.of_links(instance) if chosen
    )
    for placement in LinkSearch(search, instance, 0).within(30):
        assert search.is_fit(placement)
