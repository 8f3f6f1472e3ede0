"""Shares of keys against the laws that define them, and against programs over paths."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdopt.problem import build_problem
from qkdopt.problem.key_flows import KeyFlows
from qkdopt.problem.key_shares import Needs, shares_on_routes
from qkdopt.result.fair_shares import crossing, fair_shares
from tests.corners.key_oracle import KeyOracle
from tests.small_instances import instance_of

SQUARE = [("0-1", 0, 1, 5.0), ("1-2", 1, 2, 5.0), ("2-3", 2, 3, 5.0), ("3-0", 3, 0, 5.0)]
PAIRS = [(0, 2), (1, 3), (0, 1), (2, 3)]


@st.composite
def sharing(draw):
    """Paths of a few demands over a few links, rates of links and shares of demands."""
    links = draw(st.integers(1, 4))
    paths = draw(
        st.lists(
            st.lists(st.integers(0, links - 1), min_size=1, max_size=links, unique=True),
            min_size=1, max_size=6,
        )
    )  # fmt: skip
    rates = draw(
        st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0, 1e4]), min_size=links, max_size=links)
    )
    shares = draw(
        st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=len(paths), max_size=len(paths))
    )
    return paths, np.array(rates), np.array(shares)


@given(sharing())
def test_fair_shares_leave_every_demand_a_link_that_is_used_up_where_none_has_more(case):
    paths, rates, shares = case
    got = fair_shares(crossing(paths, len(rates)), rates, shares)
    drawn = [sum(got[r] for r, path in enumerate(paths) if e in path) for e in range(len(rates))]
    assert all(total <= rate * (1 + 1e-9) for total, rate in zip(drawn, rates, strict=True))
    for r, path in enumerate(paths):
        if shares[r] == 0.0:
            assert got[r] == 0.0
            continue
        level = got[r] / shares[r]
        tight = [
            e for e in path
            if drawn[e] >= rates[e] * (1 - 1e-9)
            and all(got[o] <= level * shares[o] * (1 + 1e-9) + 1e-12
                    for o, other in enumerate(paths) if e in other)
        ]  # fmt: skip
        assert tight


@st.composite
def square(draw, relay):
    """Four demands around a square with needs and weights, key rates of links, who is served."""
    needs = [draw(st.sampled_from([None, 0.3, 1.0, 2.0])) for _ in PAIRS]
    needs[0] = needs[0] or 1.0
    demands = [
        (
            a,
            b,
            {}
            if need is None
            else {"key": {"rate_bps": need, "weight": draw(st.sampled_from([1.0, 2.5]))}},
        )
        for (a, b), need in zip(PAIRS, needs, strict=True)
    ]
    instance = instance_of(SQUARE, demands, qkd={"key_accounting": "shared", "relay": relay})
    rates = [draw(st.sampled_from([0.0, 0.4, 1.1, 3.0])) for _ in SQUARE]
    served = [draw(st.booleans()) for _ in PAIRS]
    return instance, rates, served


@pytest.mark.parametrize("objective", ["key-factor", "key-delivered", "key-served"])
@pytest.mark.parametrize("relay", ["lightpath", "flow"])
@settings(max_examples=25)
@given(data=st.data())
def test_shares_are_worth_what_a_program_over_paths_says(objective, relay, data):
    instance, rates, served = data.draw(square(relay))
    problem = build_problem(instance, objective)
    needs, lit = Needs.of(instance), np.array(served)
    routes = [problem.routes[r][0] for r in range(len(PAIRS))]
    if relay == "flow":
        got = KeyFlows(instance).shares(objective, needs, lit, np.array(rates))
    else:
        paths = [route.links if on else () for route, on in zip(routes, served, strict=True)]
        got = shares_on_routes(objective, needs, lit, crossing(paths, 4), np.array(rates))
    assert (got[~lit] == 0.0).all()
    chosen = [
        (tuple((hop.link, hop.direction == 0) for hop in route.hops), (0,)) if on else None
        for route, on in zip(routes, served, strict=True)
    ]
    expected = KeyOracle(instance, objective).value(chosen, rates)
    worth = needs.objective_bps(objective, got, lit)
    assert worth == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_keys_that_flow_over_both_ways_round_a_square_are_the_sum_of_both():
    instance = instance_of(
        SQUARE, [(0, 2, {"key": {"rate_bps": 1.0}})],
        qkd={"key_accounting": "shared", "relay": "flow"},
    )  # fmt: skip
    needs = Needs.of(instance)
    rates = np.array([3.0, 2.0, 1.0, 5.0])
    assert KeyFlows(instance).factor(needs, np.array([True]), rates) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("weights", "step"),
    [
        ((1.0, 1.0, 1.0, 1.0), 0.25),
        ((1.0, 1.0, 2.0, 0.0), 0.25),
        ((0.5, 1.5, 3.0, 5.0), 0.05),
        ((2.0, 4.0, 6.0, 8.0), 0.1),
        ((0.1, 0.2, 0.3, 0.4), 0.1),
        ((1.0, 2.0**0.5, 1.0, 1.0), 0.0),
        ((0.0, 0.0, 0.0, 0.0), 0.0),
        # Near one that is a third, and none.
        ((1.0 / 3.0, 0.33333333, 1.0, 1.0), 0.0),
        # More steps than are counted for certain.
        ((1e-3, 1e6, 1.0, 1.0), 0.0),
    ],
)
def test_sums_of_weights_are_whole_multiples_of_the_step(weights, step):
    needs = Needs(np.array([10.0, 20.0, 30.0, 40.0]), np.array(weights))
    assert needs.step_bps == pytest.approx(100.0 * step, rel=1e-12)
    if not step:
        return
    for met in product((0.0, 1.0), repeat=4):
        given = needs.rate_bps * met
        value = needs.objective_bps("key-served", given, np.ones(4, dtype=np.bool_))
        assert value / needs.step_bps == pytest.approx(round(value / needs.step_bps), abs=1e-9)
