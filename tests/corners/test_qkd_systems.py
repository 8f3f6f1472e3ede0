"""Every way to solve, on links with QKD systems of their own, against enumeration."""

from __future__ import annotations

from functools import cache

import pytest

from qkdopt.checker.rates import _link_rate
from qkdopt.problem.coefficients import build_tables
from tests.corners.judge import quick_faults
from tests.corners.light import LinkLight, candidates, hears, receiver_of
from tests.corners.qkd_systems import qkd_systems, systems_in_use
from tests.tiers import slow_beyond

# `benchmarks/corners.py --qkd-systems` runs more.
QUICK_SEEDS, SEEDS = 3, 33
drawn_of = cache(qkd_systems)


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_with_two_systems(seed):
    drawn = drawn_of(seed)
    assert quick_faults(drawn.instance, drawn.objective, seed) == []


@pytest.mark.parametrize("seed", range(40))
def test_noise_and_rates_are_the_checkers_and_the_tables(seed):
    instance = drawn_of(seed).instance
    tables = build_tables(instance)
    lit = [(w, w % 2 == 0) for w in range(instance.grid.channels)]
    for e, link in enumerate(instance.network.links):
        scale_bps = 1e6 * receiver_of(instance, link).repetition_mhz
        for c, candidate in enumerate(candidates(instance, link)):
            one = LinkLight(instance, link, candidate)
            assert tables.background_noise[e, c] == pytest.approx(one.unlit, rel=1e-9, abs=1e-30)
            for (w, forward), clicks in one.by_channel.items():
                expected = clicks if hears(instance, link, forward) else 0.0
                read = tables.noise[e, 0 if forward else 1, w, c]
                assert read == pytest.approx(expected, rel=1e-9, abs=1e-30)
            for some in ([], lit[:1], lit[1:2], lit):
                noise = one.noise(frozenset(some))
                theirs = _link_rate(instance, link, candidate, some)
                assert noise == pytest.approx(theirs.noise_per_gate, rel=1e-9, abs=1e-30)
                close = pytest.approx(one.skr_bps(noise), rel=1e-9, abs=1e-6 + 1e-15 * scale_bps)
                assert theirs.skr_bps == close
                assert float(tables.skr_bps(e, noise, tables.transmittance[e, c])) == close


def test_the_draws_reach_every_kind_of_system():
    instances = [drawn_of(seed).instance for seed in range(40)]
    systems = [system for one in instances for system in one.qkd_systems or ()]
    assert all(len(systems_in_use(one)) > 1 for one in instances)
    assert any(system.skr_table for system in systems)
    assert any(system.protocol for system in systems)
    assert any(one.qkd.skr_table and None in systems_in_use(one) for one in instances)
    assert any(len(build_tables(one).key_rates) > 2 for one in instances)
