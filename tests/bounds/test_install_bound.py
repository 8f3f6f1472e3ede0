"""The lower bound on the price of links with QKD, against every choice of links."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from qkdopt.bounds.install_bound import InstallBound
from qkdopt.bounds.install_columns import solve_for_prices
from qkdopt.bounds.install_program import InstallPrices, InstallProgram
from qkdopt.dimensioning.installation import Installation
from qkdopt.result.dimensioning import EquipmentPrices
from tests.dimensioning.enumeration import case, least_prices
from tests.tiers import slow_beyond

QUICK_SEEDS, SEEDS = 12, 33
ROUNDING = 1e-9


def installation(seed: int) -> Installation:
    drawn = case(seed)
    return Installation(drawn.instance, EquipmentPrices(**drawn.options))


def routable(seed: int) -> bool:
    return all(installation(seed).problem.routes)


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_choice_of_links_costs_less_than_the_bound(seed):
    if not routable(seed):
        pytest.skip("a demand has no route")
    low, high = least_prices(case(seed))
    drawn = installation(seed)
    bound = InstallBound(drawn.open_problem, drawn.prices)
    values = [bound.bound]
    while not bound.closed and bound.nodes < 100:
        bound.tighten(math.inf, lambda: False)
        values.append(bound.bound)
    assert all(value <= high + ROUNDING for value in values)
    assert values == sorted(values)
    if math.isfinite(low):
        assert drawn.rounded_up(bound.bound) >= low - ROUNDING


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 6])
def test_any_prices_give_a_valid_bound(seed):
    """Prices far from those of the linear program: what counts is the sum alone."""
    _, high = least_prices(case(seed))
    drawn = installation(seed)
    program = InstallProgram(drawn.open_problem, drawn.prices)
    good = solve_for_prices(program, {})
    assert good is not None
    rng = np.random.default_rng(seed)
    for scale in (0.0, 1e-3, 0.1, 1.0, 10.0):

        def shaken(values: np.ndarray, scale: float = scale) -> np.ndarray:
            return values + scale * rng.normal(size=values.shape)

        prices = InstallPrices(
            lightpath=shaken(good.lightpath),
            key=np.maximum(0.0, shaken(good.key)),
            use=np.maximum(0.0, shaken(good.use)),
            end=np.maximum(0.0, shaken(good.end)),
            tree=max(0.0, good.tree + scale * float(rng.normal())),
            installed=good.installed,
        )
        for each in (prices, replace(prices, lightpath=good.lightpath)):
            assert program.value(each, {}) * program.price_unit <= high + ROUNDING
