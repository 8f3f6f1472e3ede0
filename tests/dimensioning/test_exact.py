"""The exact model alone, without search over links and without the bound by load states."""

from __future__ import annotations

import math

import pytest

from qkdopt.adapters import adapter_of
from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.exact import ExactRun
from qkdopt.dimensioning.installation import Installation
from qkdopt.dimensioning.plan_search import PlanSearch
from qkdopt.result.dimensioning import EquipmentPrices
from tests.dimensioning.enumeration import best_factor, case, least_prices
from tests.tiers import slow_beyond

QUICK_SEEDS, SEEDS = 6, 20
ROUNDING = 1e-9


def best_of(seed: int) -> Best:
    drawn = case(seed)
    return Best(Installation(drawn.instance, EquipmentPrices(**drawn.options)))


def exact_run(best: Best, solver: str = "highs") -> ExactRun:
    search = PlanSearch(best.installation, seed=0, moves=None, over=lambda: False)
    return ExactRun(
        best, search, over=lambda: False, seconds_left=lambda: 60.0, solver=solver, threads=1
    )


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_the_model_finds_and_proves_the_least_price(seed):
    low, high = least_prices(case(seed))
    best = best_of(seed)
    if not all(best.installation.problem.routes):
        pytest.skip("a demand has no route")
    run = exact_run(best)
    run.run()
    assert best.bound <= high + ROUNDING
    if math.isinf(low):
        assert best.impossible
        return
    assert low - ROUNDING <= best.price <= high + ROUNDING
    assert best.closed
    assert best.method.startswith("joint MILP")


@pytest.mark.parametrize("solver", ["scip", "cbc", "cp-sat"])
def test_every_solver_bounds_the_price_from_below(solver):
    if not adapter_of(solver).available():
        pytest.skip(f"{solver} is not installed")
    for seed in (0, 1):
        low, high = least_prices(case(seed))
        best = best_of(seed)
        exact_run(best, solver).run()
        assert best.bound <= high + ROUNDING
        assert low - ROUNDING <= best.price <= high + ROUNDING


@pytest.mark.parametrize("seed", [0, 1, 4, 6])
def test_links_are_excluded_only_where_it_is_proved_that_they_are_too_few(seed, monkeypatch):
    """Whatever the model's plan is worth, and whether a search finds a better one."""
    best = best_of(seed)
    exact_run(best).run()
    assert best.links is not None
    for links in (best.links, best.links - {min(best.links)}):
        run = exact_run(best_of(seed))
        chosen = iter([links, None])
        monkeypatch.setattr(run, "_solve", lambda _model, chosen=chosen: next(chosen))
        monkeypatch.setattr(run, "_is_confirmed", lambda *_: False)
        settled = run._settled(run._built(1e9))
        enough = best_factor(case(seed).instance, best.installation.names(links)) >= 1.0
        assert settled != enough
        assert run._excluded == (set() if enough else {links})


def test_links_that_exact_rates_refuse_are_excluded_and_not_priced():
    """A model whose rates are far too high chooses too few links; the answer stays right."""
    seed = next(
        seed for seed in range(40)
        if math.isfinite(least_prices(case(seed))[0]) and case(seed).instance.qkd.relay == "flow"
    )  # fmt: skip
    low, high = least_prices(case(seed))
    best = best_of(seed)
    run = exact_run(best)
    model = run._built(1e9)
    for e in model.E:
        # Rates without limit: one link's key is enough for all.
        model.c6_rate_of_link[e].deactivate()
    run._settled(model)
    run.run()
    assert low - ROUNDING <= best.price <= high + ROUNDING
    assert best.bound <= high + ROUNDING
