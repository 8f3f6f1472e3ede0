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


def test_key_where_installed__no_demand_with_key_crosses_a_link_without_equipment():
    m = with_rule("key_where_installed")
    for (r, p), first, second in product(m.RP, BITS, BITS):
        clear(m)
        m.x[r, p].set_value(1)
        m.i[0].set_value(first)
        m.i[2].set_value(second)
        installed = {0} if first else set()
        installed |= {2} if second else set()
        assert holds(m) == installed.issuperset(m.problem.routes[r][p].links)


@pytest.mark.parametrize("installed", list(product(BITS, repeat=2)))
def test_key_paths__links_with_equipment_join_the_ends_of_every_demand(installed):
    m = with_rule("key_paths")
    m.i[0].fix(installed[0])
    m.i[2].fix(installed[1])
    m.nothing = pyo.Objective(expr=0.0 * m.i[0] + 0.0 * m.rule.a[0, 0, 0])
    status = adapter_of("highs").solve(m, LIMITS).status
    # 0-1 and 0-2 have QKD: keys of 0-1 and of 2-0 take one link each.
    assert (status is Status.OPTIMAL) == (installed == (1, 1))


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
