"""Rules and objectives about keys that demands share, against their meaning."""

from __future__ import annotations

from itertools import product

import pyomo.environ as pyo
import pytest

from qkdopt.adapters import Limits, Status, adapter_of
from qkdopt.milp.shared_keys import worth_of_key
from tests.command import HANG_SECONDS
from tests.milp.tiny import clear, holds, with_rule

LIMITS = Limits(seconds=HANG_SECONDS, gap=1e-9)
NEEDS_BPS = {0: 1000.0, 1: 2000.0}


def optimum(m) -> float:
    outcome = adapter_of("highs").solve(m, LIMITS)
    assert outcome.status is Status.OPTIMAL
    return outcome.incumbent


def routed(m, keys) -> None:
    """Fix every demand of ``keys`` to its first route, with so much key in the unit of rate."""
    for r, p in m.RP:
        on = r in keys and p == 0
        m.x[r, p].fix(float(on))
        m.z[r, p].fix(keys[r] if on else 0.0)


def test_key_of_link__no_more_is_drawn_than_it_has():
    m = with_rule("key_of_link")
    for values in product((0.0, 0.4), repeat=len(m.RP)):
        clear(m)
        for e in m.E:
            m.k[e].set_value(0.5)
        for key, value in zip(m.RP, values, strict=True):
            m.z[key].set_value(value, skip_validation=True)
        drawn = [sum(m.z[key].value for key in m.over[e]) for e in m.E]
        assert holds(m) == all(total <= 0.5 for total in drawn)


def test_key_flows__as_much_reaches_the_target_as_links_with_qkd_let_through():
    m = with_rule("key_flows")
    # 0-1 and 0-2 have QKD and 1-2 has none: keys of 0-1 and of 2-0 take one link each.
    for k01, k02 in product((0.0, 0.3), repeat=2):
        m.k[0].fix(k01)
        m.k[2].fix(k02)
        for r, most in ((0, k01), (1, k02)):
            m.del_component("most")
            m.most = pyo.Objective(
                expr=sum(m.z[r, p] for p in range(len(m.problem.routes[r]))), sense=pyo.maximize
            )
            assert optimum(m) == pytest.approx(most, abs=1e-9)


def test_at_most_needed__no_demand_gets_more_than_its_need():
    m = with_rule("at_most_needed")
    for r, need_bps in NEEDS_BPS.items():
        for share in (0.9, 1.1):
            clear(m)
            m.z[r, 0].set_value(share * need_bps / m.unit_bps, skip_validation=True)
            assert holds(m) == (share <= 1.0)


def test_delivered__adds_what_is_given_of_what_is_asked_for():
    m = with_rule("delivered")
    for first, second, within in ((0.5, 1.0, True), (1.0, 1.0, True), (1.1, 1.0, False)):
        clear(m)
        m.z[0, 0].set_value(first * NEEDS_BPS[0] / m.unit_bps, skip_validation=True)
        m.z[1, 0].set_value(second * NEEDS_BPS[1] / m.unit_bps)
        given = first * NEEDS_BPS[0] + second * NEEDS_BPS[1]
        assert pyo.value(m.rule) * m.unit_bps == pytest.approx(given)
        assert holds(m) == within


@pytest.mark.parametrize(("met", "weight"), [((), 0.0), ((0,), 1.0), ((1,), 2.0), ((0, 1), 3.0)])
def test_needs_met__adds_the_weight_of_those_met_in_full(met, weight):
    m = with_rule("needs_met")
    keys = {r: (1.0 if r in met else 0.99) * need / m.unit_bps for r, need in NEEDS_BPS.items()}
    routed(m, keys)
    # All weights together, 3, are worth all that is asked for, 3 kbit/s.
    assert optimum(m) * m.unit_bps == pytest.approx(1e3 * weight, rel=1e-6)


@pytest.mark.parametrize("served", [(0,), (1,), (0, 1)])
def test_least_factor__is_that_of_the_demand_served_that_gets_least_of_its_need(served):
    m = with_rule("least_factor")
    given = {0: 300.0, 1: 1000.0}
    routed(m, {r: given[r] / m.unit_bps for r in served})
    factor = min(given[r] / NEEDS_BPS[r] for r in served)
    assert optimum(m) * m.unit_bps == pytest.approx(3000.0 * factor, rel=1e-6)


def test_in_a_factor_key_of_the_demand_that_asks_for_least_is_worth_most():
    least = min(NEEDS_BPS.values())
    assert worth_of_key(with_rule("least_factor")) == pytest.approx(3000.0 / least)
    assert worth_of_key(with_rule("delivered")) == 1.0
