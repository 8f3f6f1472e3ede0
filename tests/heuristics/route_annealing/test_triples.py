"""Triples of fibres that routes crowd, by plain counting."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.route_annealing.anneal import RouteSearch
from qkdopt.heuristics.route_annealing.kernel import anneal_routes
from qkdopt.heuristics.route_annealing.triples import MOST_FOUND, Triples, crossings, crowded
from qkdopt.instance import Instance
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


def needed(crosses, channels, triple) -> int:
    """Lightpaths that cross two of three fibres at least."""
    return int(channels[crosses[:, list(triple)].sum(axis=1) >= 2].sum())


@given(seed=st.integers(0, 2**20), room=st.integers(1, 12))
def test_crowded_triples_are_those_that_need_more_channels_than_there_are(seed, room):
    rng = np.random.default_rng(seed)
    crosses = rng.random((int(rng.integers(1, 14)), int(rng.integers(3, 8)))) < 0.5
    channels = rng.integers(1, 3, len(crosses))
    found = crowded(crosses, channels, room)
    counts = {
        triple: needed(crosses, channels, triple)
        for triple in combinations(range(crosses.shape[1]), 3)
    }
    over = {triple: count for triple, count in counts.items() if count > room}
    assert {tuple(triple) for triple in found.tolist()} <= set(over)
    assert len(found) == min(len(over), MOST_FOUND)
    order = [counts[tuple(triple)] for triple in found.tolist()]
    assert order == sorted(order, reverse=True)


def test_two_routes_over_two_of_three_fibres_share_one():
    pairs = [set(pair) for pair in combinations(range(3), 2)]
    assert all(a & b for a in pairs for b in pairs)


def test_crossings_are_the_fibres_of_each_path():
    crosses = crossings(np.array([0, 2, 3, 3]), np.array([4, 1, 0]), 5)
    assert [set(np.flatnonzero(row)) for row in crosses] == [{1, 4}, {0}, set()]


@pytest.mark.parametrize("seed", range(20))
def test_loads_and_excess_of_triples_are_kept(seed):
    problem = build_problem(random_instance(seed, most_demands=9, channels=(4, 7)))
    search = RouteSearch.begin(problem, ds_qkd(problem), seed)
    a = search.arrays
    used = np.flatnonzero(a.crosses.any(axis=0))
    if len(used) < 3:
        pytest.skip("fewer than three fibres")
    fibres = np.array(list(combinations(used.tolist(), 3))[:8])
    search = replace(search, triples=Triples.of(fibres, 1, a.crosses))
    search.set_up()
    t = search.triples
    anneal_routes(
        1_500, 2e4, 3e3, a.objective, a.demands, a.min_skr, a.path_start, a.hops, a.rate_of_load,
        a.excess_of_load, a.needs, a.order, t.start, t.of_path, t.room, t.load, search.path,
        search.load, search.rate, search.excess, search.drawn, search.value, search.members,
        search.count, search.place, search.best_path, search.figures, search.random,
    )  # fmt: skip
    served = search.path >= 0
    crosses, channels = a.crosses[search.path[served]], a.demands[served, 2]
    counts = [needed(crosses, channels, triple) for triple in fibres]
    assert t.load.tolist() == counts
    beyond = sum(max(0, count - 1) for count in counts)
    assert search.figures[1] == search.excess.sum() + beyond


def crossroads() -> Instance:
    """Three nodes around a fourth, and a ring around them: four demands between each two.

    Around the fourth node each link would carry eight of its ten channels, and all need twelve.
    """
    links = [
        {"id": f"{a}-{b}", "a": a, "b": b, "length_km": length}
        for a, b, length in (
            ("a", "m", 1.0), ("b", "m", 1.0), ("c", "m", 1.0),
            ("a", "b", 30.0), ("b", "c", 30.0), ("c", "a", 30.0),
        )
    ]  # fmt: skip
    pairs = [pair for pair in (("a", "b"), ("b", "c"), ("c", "a")) for _ in range(4)]
    return Instance.model_validate_json(json.dumps({
        "schema": "qkdopt/instance/1", "name": "crossroads", "preset": "paper",
        "network": {"nodes": [{"id": node} for node in "abcm"], "links": links},
        "grid": {"channels": 11}, "classical": {"launch_dbm": -12.4},
        "qkd": {"candidates": [10]}, "routes": {"k": 2},
        "demands": [
            {"id": r, "source": source, "target": target}
            for r, (source, target) in enumerate(pairs)
        ],
    }))  # fmt: skip


def test_a_search_leaves_a_crowded_crossroads():
    problem = build_problem(crossroads())
    through = replace(ds_qkd(problem), routes=(0,) * 12)
    search = RouteSearch.begin(problem, through, 0)
    crosses = search.arrays.crosses[search.path]
    assert search.figures[1] == 0
    assert needed(crosses, search.arrays.demands[:, 2], (0, 2, 4)) == 12
    search = search.without_crowds()
    assert search.triples.fibres.tolist() == [[0, 2, 4]]
    assert not search.fits
    search.anneal(5_000, 1.0, 1e6)
    assert search.fits
    best = search.arrays.crosses[search.best_path]
    assert needed(best, search.arrays.demands[:, 2], (0, 2, 4)) <= search.arrays.room
    assert search.without_crowds() is search
