"""Prices and bounds against every choice of links, on tiny instances."""

from __future__ import annotations

import math

import pytest

import qkdopt
from tests.dimensioning.enumeration import case, least_prices
from tests.tiers import slow_beyond

QUICK_SEEDS, SEEDS = 5, 20
ROUNDING = 1e-9


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_the_price_is_the_least_of_all_choices_of_links(seed):
    drawn = case(seed)
    low, high = least_prices(drawn)
    if math.isinf(low):
        with pytest.raises(qkdopt.UnmetNeedsError) as refused:
            qkdopt.dimension(drawn.instance, **drawn.options, time_limit=60.0, threads=1)
        assert refused.value.proved
        return
    found = qkdopt.dimension(drawn.instance, **drawn.options, time_limit=60.0, threads=1)
    assert low - ROUNDING <= found.price <= high + ROUNDING
    assert found.bound <= high + ROUNDING
    assert found.status == "optimal"
    assert found.price == pytest.approx(drawn.price(found.links))
    assert qkdopt.check_dimensioning(drawn.instance, found) == ()


def test_the_cases_have_some_of_everything():
    cases = [case(seed) for seed in range(24)]
    prices = [least_prices(drawn)[0] for drawn in cases]
    assert any(math.isinf(price) for price in prices)
    assert sum(math.isfinite(price) for price in prices) > 10
    assert {drawn.instance.qkd.relay for drawn in cases} == {"lightpath", "flow"}
    assert {drawn.instance.qkd.reserve for drawn in cases} == {"working", "all"}
    assert {drawn.instance.fibre.layout for drawn in cases} == {"single", "pair"}
    chosen = {len(drawn.instance.network.links) for drawn in cases}
    assert max(chosen) >= 5
