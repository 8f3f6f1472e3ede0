"""Every rule against its meaning, over all (or all decisive) values of its variables.

A test is named after its rule, then what the rule says.
"""

from __future__ import annotations

from itertools import combinations, product

import networkx as nx
import numpy as np
import pyomo.environ as pyo
import pytest

from qkdopt.adapters import Limits, Status, adapter_of
from qkdopt.checker.rates import _link_rate
from qkdopt.milp.build import build_joint
from qkdopt.milp.linearise import linearise_links
from qkdopt.problem import build_problem
from tests.command import HANG_SECONDS
from tests.milp.tiny import clear, holds, with_rule
from tests.random_instances import random_instance

BITS = (0, 1)
LIMITS = Limits(seconds=HANG_SECONDS, gap=1e-9)


def optimum(m) -> float:
    outcome = adapter_of("highs").solve(m, LIMITS)
    assert outcome.status is Status.OPTIMAL
    return outcome.incumbent


def optimum_bps(m) -> float:
    return optimum(m) * m.unit_bps


def links_of(m, r, p):
    return set(m.problem.routes[r][p].links)


def test_one_route__at_most_one_a_demand():
    m = with_rule("one_route")
    for values in product(BITS, repeat=len(m.RP)):
        for key, value in zip(m.RP, values, strict=True):
            m.x[key].set_value(value)
        chosen = dict(zip(m.RP, values, strict=True))
        assert holds(m) == all(
            sum(value for (demand, _), value in chosen.items() if demand == r) <= 1 for r in m.R
        )


def test_channels_of_route__as_many_as_asked_on_the_chosen_route_and_none_elsewhere():
    m = with_rule("channels_of_route")
    for r, p in m.RP:
        lightpath_count = m.problem.instance.demands[r].channels
        for x, *lit in product(BITS, repeat=1 + len(m.channels[r, p])):
            clear(m)
            m.x[r, p].set_value(x)
            for w, value in zip(m.channels[r, p], lit, strict=True):
                m.l[r, p, w].set_value(value)
            assert holds(m) == (sum(lit) == lightpath_count * x)


def test_one_lightpath__no_clash_and_a_dark_guard_band():
    m = with_rule("one_lightpath")
    instance = m.problem.instance
    for first, second in combinations(m.RPW, 2):
        clear(m)
        m.l[first].set_value(1)
        m.l[second].set_value(1)
        shared = links_of(m, *first[:2]) & links_of(m, *second[:2])
        assert holds(m) == (not shared or first[2] != second[2])
    for (r, p, w), (e, q) in product(m.RPW, m.EQ):
        clear(m)
        m.l[r, p, w].set_value(1)
        m.y[e, q].set_value(1)
        candidate = instance.candidates_of(instance.network.links[e])[q]
        near = instance.is_dark_near(w, candidate)
        assert holds(m) == (e not in links_of(m, r, p) or not near)


def test_one_working__exactly_one_on_every_link_with_qkd():
    m = with_rule("one_working")
    assert m.E == [0, 2]
    for values in product(BITS, repeat=len(m.EQ)):
        for key, value in zip(m.EQ, values, strict=True):
            m.y[key].set_value(value)
        counts = [
            sum(v for (e, _), v in zip(m.EQ, values, strict=True) if e == link) for link in m.E
        ]
        assert holds(m) == (counts == [1] * len(m.E))


def test_one_piece__of_the_working_candidate_only():
    m = with_rule("one_piece")
    for e, q in m.EQ:
        segments = [key for key in m.EQS if key[:2] == (e, q)]
        for y, *u in product(BITS, repeat=1 + len(segments)):
            clear(m)
            m.y[e, q].set_value(y)
            for key, value in zip(segments, u, strict=True):
                m.u[key].set_value(value)
            assert holds(m) == (sum(u) == y)


def test_piece_range__noise_inside_the_chosen_segment_and_zero_elsewhere():
    m = with_rule("piece_range")
    for (e, q, s), u, share in product(m.EQS, BITS, (0.0, 0.5, 1.0)):
        clear(m)
        m.u[e, q, s].set_value(u)
        m.n[e, q, s].set_value(share)
        assert holds(m) == (u == 1 or share == 0.0)
    assert all(m.n[key].bounds == (0.0, 1.0) for key in m.EQS)


def test_noise_of_link__at_least_that_of_physics_where_a_candidate_works():
    m = with_rule("noise_of_link")
    instance, checked = m.problem.instance, set()
    for (e, q), lit in product(m.EQ, [(), *combinations(m.RPW, 1), *combinations(m.RPW, 2)]):
        link = instance.network.links[e]
        candidate = instance.candidates_of(link)[q]
        on_link = [key for key in lit if e in links_of(m, *key[:2])]
        if any(instance.is_dark_near(w, candidate) for _, _, w in on_link):
            continue
        hops = sorted(
            (w, m.problem.routes[r][p].forward[m.problem.routes[r][p].links.index(e)])
            for r, p, w in on_link
        )
        if len({w for w, _ in hops}) < len(hops):
            continue
        exact = _link_rate(instance, link, candidate, hops).noise_per_gate
        edges = m.segments[e, q].edges
        for (g, group), step in product(enumerate(m.groups[e, q]), (1e-6, -1e-6)):
            noise = exact + step * group.unit
            if noise > edges[group.segments.stop] and len(on_link) > 0:
                # Beyond the end of the key no segment with key is feasible.
                clear(m)
                for key in lit:
                    m.l[key].set_value(1)
                m.u[e, q, group.segments[-1]].set_value(1)
                m.n[e, q, group.segments[-1]].set_value(1)
                assert m.rule[e, q, g].slack() < -1e-9
                checked.add((e, q, len(on_link)))
            for s in group.segments:
                if not (edges[s] <= noise <= edges[s + 1] and (e, q, g) in m.rule):
                    continue
                clear(m)
                for key in lit:
                    m.l[key].set_value(1)
                m.u[e, q, s].set_value(1)
                m.n[e, q, s].set_value((noise - edges[s]) / (edges[s + 1] - edges[s]))
                assert (m.rule[e, q, g].slack() >= -1e-9) == (step > 0.0)
                # Candidates that do not work, and segments without key, constrain no noise.
                m.u[e, q, s].set_value(0)
                m.n[e, q, s].set_value(0.0)
                assert holds(m)
                checked.add((e, q, len(on_link)))
    # Every candidate without light, and beside one lightpath and two.
    assert checked == {(*key, count) for key in m.EQ for count in range(3)}


def test_rate_of_link__never_below_physics_and_within_the_stated_error():
    m = with_rule("rate_of_link")
    for e, q, s in m.EQS:
        segment = m.segments[e, q]
        left, right = segment.edges[s : s + 2]
        for share in np.linspace(0.0, 1.0, 7):
            clear(m)
            m.u[e, q, s].set_value(1)
            m.n[e, q, s].set_value(share)
            max_rate = -m.rule[e].body() * m.unit_bps
            eta = np.asarray(m.problem.tables.transmittance[e, q])
            noise = np.array([left + share * (right - left)])
            exact = float(m.problem.tables.skr_bps(e, noise, eta)[0])
            assert exact - 1e-6 <= max_rate <= exact + segment.error_bps + 1e-6


def test_rate_on_route__no_key_on_a_route_that_is_not_chosen():
    m = with_rule("rate_on_route")
    for (r, p), x, share in product(m.RP, BITS, (0.0, 0.5, 1.0)):
        clear(m)
        m.x[r, p].set_value(x)
        m.z[r, p].set_value(share * m.z[r, p].ub)
        assert holds(m) == (x == 1 or m.z[r, p].value == 0.0)


def test_relay_on_lightpath__no_faster_than_any_link_of_the_route():
    m = with_rule("relay_on_lightpath")
    for (r, p), slow in product(m.RP, m.E):
        for rate in (1.0, 2.0):
            clear(m)
            for e in m.E:
                m.k[e].set_value(1.5 if e == slow else 3.0)
            m.z[r, p].set_value(rate)
            assert holds(m) == (slow not in links_of(m, r, p) or rate <= 1.5)


def test_relay_widest__the_best_bottleneck_over_links_with_qkd():
    for rates in product((0.0, 1.0, 2.0), repeat=2):
        m = with_rule("relay_widest")
        max_rate = max(m.k[e].ub for e in m.E)
        graph = nx.Graph()
        graph.add_nodes_from(range(3))
        for e, share in zip(m.E, rates, strict=True):
            link = m.problem.instance.network.links[e]
            m.k[e].fix(share * max_rate / 2.0)
            graph.add_edge(link.a, link.b, width=share * max_rate / 2.0)
        for r in m.R:
            for key in m.RP:
                m.z[key].fix(0.0)
            m.z[r, 0].unfix()
            m.del_component("goal")
            m.goal = pyo.Objective(expr=m.z[r, 0], sense=pyo.maximize)
            demand = m.problem.instance.demands[r]
            expected = max(
                (
                    min(graph.edges[hop]["width"] for hop in nx.utils.pairwise(path))
                    for path in nx.all_simple_paths(graph, demand.source, demand.target)
                ),
                default=0.0,
            )
            assert optimum(m) == pytest.approx(min(expected, m.z[r, 0].ub), abs=1e-6)


def test_least_rate__holds_where_the_demand_is_served():
    m = with_rule("least_rate")
    assert list(m.rule) == [1]
    for (r, p), x, share in product(m.RP, BITS, (0.0, 0.9, 1.0, 1.1)):
        clear(m)
        min_rate = (m.problem.instance.demands[r].min_skr_bps or 0.0) / m.unit_bps
        m.x[r, p].set_value(x)
        m.z[r, p].set_value(share * min_rate, skip_validation=True)
        assert holds(m) == (min_rate == 0.0 or share >= x)


def test_no_slow_link__keeps_a_demand_off_links_in_a_segment_below_its_least_rate():
    m = with_rule("no_slow_link")
    min_skr_bps = m.problem.instance.demands[1].min_skr_bps
    slow = {key for key in m.EQS if m.segments[key[:2]].upper[key[2]].max() < min_skr_bps}
    assert slow
    assert slow < set(m.EQS)
    for (r, p), (e, q, s) in product(m.RP, m.EQS):
        clear(m)
        m.x[r, p].set_value(1)
        m.u[e, q, s].set_value(1)
        kept_off = r == 1 and e in links_of(m, r, p) and (e, q, s) in slow
        assert holds(m) == (not kept_off)
    # A segment keeps to one side of the minimum rate: one that is not slow has it at its left edge.
    assert all(m.segments[key[:2]].upper[key[2], 0] >= min_skr_bps for key in set(m.EQS) - slow)


def test_key_where_asked__no_service_on_a_route_without_key():
    m = with_rule("key_where_asked")
    for r, p in m.RP:
        clear(m)
        m.x[r, p].set_value(1)
        without_key = 1 in links_of(m, r, p)
        assert holds(m) == (r != 1 or not without_key)
    assert any(1 in links_of(m, 1, p) for p in range(len(m.problem.routes[1])))


def test_number_served__exactly_so_many():
    m = with_rule("number_served")
    for values in product(BITS, repeat=len(m.RP)):
        for key, value in zip(m.RP, values, strict=True):
            m.x[key].set_value(value)
        assert holds(m) == (sum(values) == 1)


@pytest.mark.parametrize("seed", [1, 4, 9, 16, 25, 36])
def test_load_states__take_no_plan_away(seed):
    """Same optimum with and without: they tighten the relaxation only."""
    problem = build_problem(random_instance(seed, floors=False), "mean")
    tolerance_bps = 1.0
    segments = linearise_links(problem, tolerance_bps)
    max_served = round(optimum(build_joint(problem, segments, served=None)))
    assert max_served > 0
    for served in range(1, max_served + 1):
        with_rows, without = (
            optimum_bps(build_joint(problem, segments, served=served, strengthen=on))
            for on in (True, False)
        )
        # The rows have the exact rate of a load, the chords lie above it by the tolerance.
        assert without - served * tolerance_bps - 1e-2 <= with_rows <= without + 1e-2


def test_most_served__counts_demands():
    m = with_rule("most_served")
    for values in product(BITS, repeat=len(m.RP)):
        for key, value in zip(m.RP, values, strict=True):
            m.x[key].set_value(value)
        assert pyo.value(m.rule) == sum(values)


def test_total_rate__adds_demands():
    m = with_rule("total_rate")
    clear(m)
    for number, key in enumerate(m.RP):
        m.z[key].set_value(10.0**number)
    assert pyo.value(m.rule) == sum(10.0**number for number in range(len(m.RP)))


def test_link_sum__adds_links():
    m = with_rule("link_sum")
    clear(m)
    for e in m.E:
        m.k[e].set_value(10.0**e)
    assert pyo.value(m.rule) == sum(10.0**e for e in m.E)


def test_worst_rate__is_that_of_the_slowest_demand_served():
    for served in [(0,), (1,), (0, 1)]:
        m = with_rule("worst_rate")
        rates = {0: 0.2, 1: 0.3}
        for r, p in m.RP:
            on = float(r in served and p == 0)
            m.x[r, p].fix(on)
            m.z[r, p].fix(rates[r] * on)
        assert optimum(m) == pytest.approx(min(rates[r] for r in served))
