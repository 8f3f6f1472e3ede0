"""Every way to solve, on corner instances with a surface of key rates, against enumeration."""

from __future__ import annotations

from functools import cache

import pytest

import qkdopt
from qkdopt.checker.rates import _link_rate
from tests.corners.enumeration import Enumeration, value_of
from tests.corners.judge import quick_faults
from tests.corners.light import LinkLight, candidates
from tests.corners.surfaces import surfaces
from tests.tiers import slow_beyond

# `benchmarks/corners.py --surfaces` runs more.
QUICK_SEEDS, SEEDS = 3, 24
drawn_of = cache(surfaces)


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_on_any_surface(seed):
    drawn = drawn_of(seed)
    assert quick_faults(drawn.instance, drawn.objective, seed) == []


@pytest.mark.parametrize("seed", range(40))
def test_rates_are_the_checkers(seed):
    instance = drawn_of(seed).instance
    lit = [(w, w % 2 == 0) for w in range(instance.grid.channels)]
    for link in instance.network.links:
        for candidate in candidates(instance, link):
            one = LinkLight(instance, link, candidate)
            for some in ([], lit[:1], lit[1:2], lit):
                theirs = _link_rate(instance, link, candidate, some)
                noise = one.noise(frozenset(some))
                assert one.skr_bps(noise) == pytest.approx(theirs.skr_bps, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_plans_are_worth_what_the_checker_says(seed):
    drawn = drawn_of(seed)
    result = qkdopt.solve(drawn.instance, strategy="ds-qkd", objective=drawn.objective, threads=1)
    report = qkdopt.check(drawn.instance, result)
    assert report.faults == ()
    assert value_of(drawn.instance, result) == pytest.approx(
        report.objective_bps, rel=1e-6, abs=1e-6
    )


def test_the_draws_have_some_of_everything():
    instances = [drawn_of(seed).instance for seed in range(40)]
    best = [Enumeration(drawn_of(n).instance, drawn_of(n).objective).run().best for n in range(40)]
    assert sum(max(rates.values()) > 0.0 for rates in best) >= 20
    assert any(instance.lightpaths for instance in instances)
    assert any(instance.fibres for instance in instances)
    assert any(instance.qkd.key_accounting == "shared" for instance in instances)
    assert any(d.min_skr_bps for instance in instances for d in instance.demands)
    assert surfaces(7) == surfaces(7)
