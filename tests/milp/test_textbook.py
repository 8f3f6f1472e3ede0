"""The textbook rules: each against its meaning, and all together against the tightened ones."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from qkdopt.milp import build_joint, build_textbook, linearise_links
from qkdopt.milp.textbook import max_link_noise, noise_unit
from qkdopt.problem import build_problem
from tests.milp.test_truth_tables import BITS, links_of, optimum, optimum_bps
from tests.milp.tiny import clear, holds, with_rule
from tests.random_instances import random_instance


def test_no_clash__no_two_lightpaths_on_a_channel():
    m = with_rule("no_clash")
    for first, second in combinations(m.RPW, 2):
        clear(m)
        m.l[first].set_value(1)
        m.l[second].set_value(1)
        shared = links_of(m, *first[:2]) & links_of(m, *second[:2])
        assert holds(m) == (not shared or first[2] != second[2])


def test_dark_guard_band__no_light_near_a_working_candidate():
    m = with_rule("dark_guard_band")
    instance = m.problem.instance
    for (r, p, w), (e, q) in product(m.RPW, m.EQ):
        clear(m)
        m.l[r, p, w].set_value(1)
        m.y[e, q].set_value(1)
        candidate = instance.candidates_of(instance.network.links[e])[q]
        near = instance.is_dark_near(w, candidate)
        assert holds(m) == (e not in links_of(m, r, p) or not near)


def test_noise_if_working__at_least_what_the_working_candidate_hears():
    m = with_rule("noise_if_working")
    tables, checked = m.problem.tables, set()
    for (e, q), (r, p, w) in product(m.EQ, m.RPW):
        if e not in links_of(m, r, p) or tables.blocks[e, q, w]:
            continue
        route = m.problem.routes[r][p]
        direction = 0 if route.forward[route.links.index(e)] else 1
        exact = tables.noise[e, direction, w, q] / noise_unit(m, e)
        for step, expected in ((1e-6, True), (-1e-6, False)):
            clear(m)
            m.l[r, p, w].set_value(1)
            m.y[e, q].set_value(1)
            m.noise[e].set_value(exact + step)
            assert (m.rule[e, q].slack() >= -1e-9) == expected
            m.y[e, q].set_value(0)
            m.noise[e].set_value(0.0)
            assert m.rule[e, q].slack() >= -1e-9
            checked.add((e, q))
    assert checked == set(m.EQ)


def test_piece_if_chosen__noise_at_most_where_it_lies_in_a_chosen_segment():
    m = with_rule("piece_if_chosen")
    with_key = [key for key in m.EQS if m.segments[key[:2]].upper[key[2]].max() > 0.0]
    assert list(m.rule) == with_key
    for (e, q, s), u, inside in product(with_key, BITS, (0.0, 0.3, 1.0)):
        curve, unit = m.segments[e, q], noise_unit(m, e)
        left, right = (curve.edges[s : s + 2] - curve.background) / unit
        position = left + inside * (right - left)
        for noise in (0.0, 0.5 * position, position, position + 1e-6, 1.55):
            clear(m)
            m.u[e, q, s].set_value(u)
            m.n[e, q, s].set_value(inside)
            m.noise[e].set_value(noise, skip_validation=True)
            limit = position if u else position + max_link_noise(m, e)
            assert (m.rule[e, q, s].slack() >= -1e-9) == (noise <= limit + 1e-9)


def test_rate_if_chosen__the_upper_segment_where_chosen_and_free_elsewhere():
    m = with_rule("rate_if_chosen")
    for e, q, s in m.EQS:
        high, low = m.segments[e, q].upper[s] / m.unit_bps
        for inside in np.linspace(0.0, 1.0, 5):
            clear(m)
            m.n[e, q, s].set_value(inside)
            m.k[e].set_value(m.k[e].ub)
            assert m.rule[e, q, s].slack() >= -1e-9
            m.u[e, q, s].set_value(1)
            for step, expected in ((-1e-6, True), (1e-6, False)):
                rate = high + inside * (low - high)
                m.k[e].set_value(rate + step, skip_validation=True)
                assert (m.rule[e, q, s].slack() >= -1e-9) == expected


def test_relay_if_chosen__no_faster_than_any_link_of_a_chosen_route():
    m = with_rule("relay_if_chosen")
    for (r, p), slow, x, rate in product(m.RP, m.E, BITS, (1.0, 2.0)):
        clear(m)
        m.x[r, p].set_value(x)
        for e in m.E:
            m.k[e].set_value(1.5 if e == slow else 3.0)
        m.z[r, p].set_value(rate)
        assert holds(m) == (not x or slow not in links_of(m, r, p) or rate <= 1.5)


@pytest.mark.parametrize("seed", [2, 3, 5, 8, 13, 21])
@pytest.mark.parametrize("relay", ["lightpath", "widest"])
def test_textbook_and_tightened_rules_have_the_same_optimum(seed, relay):
    problem = build_problem(random_instance(seed, relay=relay), "mean")
    tolerance_bps = 1.0
    segments = linearise_links(problem, tolerance_bps)
    builds = (build_joint, build_textbook)
    max_served = [round(optimum(build(problem, segments, served=None))) for build in builds]
    assert max_served[0] == max_served[1] > 0
    tightened, textbook = (
        optimum_bps(build(problem, segments, served=max_served[0])) for build in builds
    )
    assert tightened == pytest.approx(textbook, abs=max_served[0] * tolerance_bps + 0.5)
