"""Rules about links with QKD equipment (C21), against their meaning."""

from __future__ import annotations

from itertools import product

import pyomo.environ as pyo
import pytest

from qkdopt.adapters import Limits, Status, adapter_of
from qkdopt.milp.installation import exclude_links
from tests.command import HANG_SECONDS
from tests.milp.tiny import PRICES, clear, holds, with_rule

BITS = (0, 1)
LIMITS = Limits(seconds=HANG_SECONDS, gap=1e-9)
NEEDS_BPS = {0: 1000.0, 1: 2000.0}


def test_installed_candidate__one_works_where_there_is_equipment_and_none_elsewhere():
    m = with_rule("installed_candidate")
    for first, second, *working in product(BITS, repeat=2 + len(m.EQ)):
        m.i[0].set_value(first)
        m.i[2].set_value(second)
        for key, value in zip(m.EQ, working, strict=True):
            m.y[key].set_value(value)
        counts = {e: sum(int(m.y[key].value) for key in m.EQ if key[0] == e) for e in m.E}
        assert holds(m) == (counts == {0: first, 2: second})


def test_site_of_link__both_ends_of_a_link_with_equipment_are_sites():
    m = with_rule("site_of_link")
    assert m.V == [0, 1, 2]
    for first, second, *sites in product(BITS, repeat=5):
        m.i[0].set_value(first)
        m.i[2].set_value(second)
        for node, value in zip(m.V, sites, strict=True):
            m.s[node].set_value(value)
        needed = {*((0, 1) if first else ()), *((0, 2) if second else ())}
        assert holds(m) == all(sites[node] for node in needed)


def test_needs_in_full__all_that_each_demand_asks_for():
    m = with_rule("needs_in_full")
    for shares in product((0.99, 1.0), repeat=2):
        clear(m)
        for (r, need_bps), share in zip(NEEDS_BPS.items(), shares, strict=True):
            m.z[r, 0].set_value(share * need_bps / m.unit_bps, skip_validation=True)
        assert holds(m) == (shares == (1.0, 1.0))


def in_segment(m, e, rate_bps) -> float:
    """Let a link work in the slowest segment that reaches a rate, and return what that has.

    None for no equipment.
    """
    for key in m.EQS:
        if key[0] == e:
            m.u[key].fix(0.0)
    if rate_bps is None:
        return 0.0
    rate, key = min(
        (rates.max(), (e, q, s))
        for q in range(len(m.problem.tables.candidates[e]))
        for s, rates in enumerate(m.segments[e, q].upper)
        if rates.max() >= rate_bps
    )
    m.u[key].fix(1.0)
    return float(rate)


@pytest.mark.parametrize("level", ["none", "slowest", "enough"])
def test_key_where_installed__no_demand_crosses_a_link_with_less_than_it_asks_for(level):
    m = with_rule("key_where_installed")
    for r, p in m.RP:
        links = m.problem.routes[r][p].links
        for crossed in (0, 2):
            clear(m)
            m.x[r, p].set_value(1)
            for e in m.E:
                in_segment(m, e, NEEDS_BPS[r])
            least = {"none": None, "slowest": 0.0, "enough": NEEDS_BPS[r]}[level]
            enough = in_segment(m, crossed, least) >= NEEDS_BPS[r]
            assert enough or level != "enough"
            # Link 1 has no QKD at all.
            assert holds(m) == (1 not in links and (crossed not in links or enough))


@pytest.mark.parametrize("rates", list(product((None, 0.0, 1.0), repeat=2)))
def test_key_paths__links_with_key_join_the_ends_of_every_demand(rates):
    m = with_rule("key_paths")
    keys = [in_segment(m, e, rate_bps) for e, rate_bps in zip(m.E, rates, strict=True)]
    m.nothing = pyo.Objective(expr=0.0 * m.u[m.EQS[0]] + 0.0 * m.rule.a[0, 0, 0])
    status = adapter_of("highs").solve(m, LIMITS).status
    # 0-1 and 0-2 have QKD: keys of 0-1 and of 2-0 take one link each.
    assert (status is Status.OPTIMAL) == all(keys)


def test_least_price__of_pairs_and_sites():
    m = with_rule("least_price")
    for first, second, *sites in product(BITS, repeat=5):
        m.i[0].set_value(first)
        m.i[2].set_value(second)
        for node, value in zip(m.V, sites, strict=True):
            m.s[node].set_value(value)
        price = first * 5.0 + second * PRICES.links["0-2"] + sum(sites)
        assert pyo.value(m.rule) * m.price_unit == pytest.approx(price)
    assert m.rule.sense == pyo.minimize


def test_one_choice_of_links_can_be_excluded():
    m = with_rule("installed_candidate")
    m.del_component("rule")
    m.c21_other_links = pyo.ConstraintList()
    exclude_links(m, frozenset({2}))
    for first, second in product(BITS, BITS):
        m.i[0].set_value(first)
        m.i[2].set_value(second)
        assert holds(m) == ((first, second) != (0, 1))
