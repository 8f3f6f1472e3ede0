"""The rules over sets: each against its meaning, and all of them against every set by itself."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from qkdopt.errors import UnsupportedError
from qkdopt.milp import build_joint, linearise_links
from qkdopt.milp.sets import build_sets, set_of_model, start_set
from qkdopt.problem import build_problem
from tests.channel_sets.exact.cases import all_candidates, every_set
from tests.milp.test_truth_tables import BITS, links_of, optimum, optimum_bps
from tests.milp.tiny import clear, holds, tiny_instance, with_rule
from tests.random_instances import random_instance

SETS = list(product(BITS, repeat=4))


def choose(variables, values) -> None:
    for variable, value in zip(variables.values(), values, strict=True):
        variable.set_value(value)


def test_size_of_set__exactly_n_channels():
    m = with_rule("size_of_set")
    for values in SETS:
        choose(m.s, values)
        assert holds(m) == (sum(values) == 2)


def test_working_in_set__no_link_works_elsewhere():
    m = with_rule("working_in_set")
    for values, (e, q) in product(SETS, m.EQ):
        clear(m)
        choose(m.s, values)
        m.y[e, q].set_value(1)
        assert holds(m) == bool(values[q])


def test_dark_around_set__no_channel_in_a_guard_band_is_left():
    m = with_rule("dark_around_set")
    instance = m.problem.instance
    for values, left in product(SETS, SETS):
        choose(m.s, values)
        choose(m.a, left)
        dark = {w for w, q in product(m.W, m.W) if values[q] and instance.is_dark_near(w, q)}
        assert holds(m) == dark.isdisjoint(w for w in m.W if left[w])


def test_light_where_left__one_lightpath_on_a_channel_that_is_left_and_any_without_qkd():
    m = with_rule("light_where_left")
    for left, (first, second) in product(SETS, combinations(m.RPW, 2)):
        clear(m)
        choose(m.a, left)
        m.l[first].set_value(1)
        m.l[second].set_value(1)
        on_qkd = [set(m.E) & links_of(m, *key[:2]) for key in (first, second)]
        allowed = all(
            left[key[2]] or not links for key, links in zip((first, second), on_qkd, strict=True)
        )
        clash = first[2] == second[2] and on_qkd[0] & on_qkd[1]
        assert holds(m) == (allowed and not clash)


def test_some_channel_left__at_least_one():
    m = with_rule("some_channel_left")
    for left in SETS:
        choose(m.a, left)
        assert holds(m) == any(left)


def test_another_set__any_of_two_channels_but_those_known():
    m = with_rule("another_set")
    for values in SETS:
        choose(m.s, values)
        chosen = {q for q in m.W if values[q]}
        if len(chosen) == 2:
            assert holds(m) == (chosen not in ({0, 1}, {1, 3}))


def test_a_start_is_a_point_of_the_rules():
    for name in ("dark_around_set", "size_of_set", "some_channel_left"):
        m = with_rule(name)
        start_set(m, (0, 1))
        assert holds(m)
        assert set_of_model(m) == (0, 1)


@pytest.mark.parametrize("seed", [2, 3, 5, 8, 13, 21])
@pytest.mark.parametrize("size", [1, 2])
def test_over_sets_the_optimum_is_that_of_the_best_set(seed, size):
    instance = random_instance(seed, floors=False)
    problem = build_problem(all_candidates(instance), "mean")
    segments = linearise_links(problem, 1.0)
    by_set = {}
    for channels, with_set in every_set(instance, size):
        reserved = build_problem(with_set, "mean")
        set_segments = linearise_links(reserved, 1.0)
        served = round(optimum(build_joint(reserved, set_segments, served=None)))
        value = 0.0
        if served:
            value = optimum_bps(build_joint(reserved, set_segments, served=served))
        by_set[channels] = (served, value)
    max_served, best = max(by_set.values())
    assert max_served > 0
    assert round(optimum(build_sets(problem, segments, served=None, channels=size))) == max_served
    m = build_sets(problem, segments, served=max_served, channels=size)
    assert optimum_bps(m) == pytest.approx(best, abs=max_served + 1e-2)
    assert by_set[set_of_model(m)] == pytest.approx((max_served, best), abs=max_served + 1e-2)


def test_links_with_sets_of_their_own_are_refused():
    problem = build_problem(tiny_instance(), "mean")
    with pytest.raises(UnsupportedError, match="every channel of the grid"):
        build_sets(problem, linearise_links(problem, 600.0), served=1, channels=1)
