"""Every way to solve, on fibre types, other bands and routes of one's own, against enumeration."""

from __future__ import annotations

from functools import cache

import pytest

import qkdopt
from qkdopt.checker.rates import _link_rate
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import build_tables
from qkdopt.problem.routes import candidate_routes
from tests.brute_force import Oracle
from tests.corners.enumeration import Enumeration, assignment_count, value_of
from tests.corners.generator import MOST_ASSIGNMENTS
from tests.corners.judge import quick_faults
from tests.corners.light import LinkLight, candidates, centre_thz, hears
from tests.corners.networks import networks
from tests.corners.paths import shortest_routes
from tests.tiers import slow_beyond

# `benchmarks/corners.py --networks` runs more.
QUICK_SEEDS, SEEDS = 3, 33
drawn_of = cache(networks)


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_on_any_network(seed):
    drawn = drawn_of(seed)
    assert quick_faults(drawn.instance, drawn.objective, seed) == []


@pytest.mark.parametrize("seed", range(40))
def test_noise_and_rates_are_the_checkers(seed):
    instance = drawn_of(seed).instance
    lit = [(w, w % 2 == 0) for w in range(instance.grid.channels)]
    repetition_hz = 1e6 * instance.qkd.repetition_mhz
    for link in instance.network.links:
        for candidate in candidates(instance, link):
            for some in ([], lit[:1], lit[1:2], lit):
                one = LinkLight(instance, link, candidate)
                noise = one.noise(frozenset(some))
                theirs = _link_rate(instance, link, candidate, some)
                assert noise == pytest.approx(theirs.noise_per_gate, rel=1e-9, abs=1e-30)
                assert one.skr_bps(noise) == pytest.approx(
                    theirs.skr_bps, rel=1e-9, abs=1e-6 + 1e-15 * repetition_hz
                )


@pytest.mark.parametrize("seed", range(40))
def test_noise_of_each_channel_is_the_tables(seed):
    instance = drawn_of(seed).instance
    tables = build_tables(instance)
    for e, link in enumerate(instance.network.links):
        for c, candidate in enumerate(candidates(instance, link)):
            one = LinkLight(instance, link, candidate)
            assert tables.background_noise[e, c] == pytest.approx(one.unlit, rel=1e-9, abs=1e-30)
            for (w, forward), clicks in one.by_channel.items():
                expected = clicks if hears(instance, link, forward) else 0.0
                read = tables.noise[e, 0 if forward else 1, w, c]
                assert read == pytest.approx(expected, rel=1e-9, abs=1e-30)


@pytest.mark.parametrize("seed", range(40))
def test_candidate_routes_are_in_the_documented_order(seed):
    instance = drawn_of(seed).instance
    for demand, routes in zip(instance.demands, candidate_routes(instance), strict=True):
        theirs = [tuple(zip(route.links, route.forward, strict=True)) for route in routes]
        assert shortest_routes(instance, demand.source, demand.target) == theirs


@pytest.mark.parametrize("seed", slow_beyond(10, range(40)))
def test_the_enumeration_agrees_with_the_oracle(seed):
    drawn = drawn_of(seed)
    enumerated = Enumeration(drawn.instance, drawn.objective).run()
    if enumerated.assignments > 500 or enumerated.best != enumerated.sure:
        pytest.skip("too many for the oracle, or a minimum rate within rounding")
    theirs = Oracle(drawn.instance, drawn.objective).best()
    assert enumerated.best.keys() == theirs.keys()
    for served, best in enumerated.best.items():
        assert best == pytest.approx(theirs[served], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_plans_are_worth_what_the_checker_says(seed):
    drawn = drawn_of(seed)
    result = qkdopt.solve(drawn.instance, strategy="ds-qkd", objective=drawn.objective, threads=1)
    report = qkdopt.check(drawn.instance, result)
    assert report.faults == ()
    assert value_of(drawn.instance, result) == pytest.approx(
        report.objective_bps, rel=1e-9, abs=1e-6
    )


def types_in_use(instance: Instance) -> list:
    named = {link.fibre for link in instance.network.links}
    return [fibre for fibre in instance.fibres or () if fibre.id in named]


def routes_of(instance: Instance) -> list:
    return [shortest_routes(instance, d.source, d.target) for d in instance.demands]


def order_matters(instance: Instance) -> bool:
    return instance.routes.order == "hops" and routes_of(instance) != routes_of(
        instance.replace(routes={"order": None})
    )


def given_matter(instance: Instance) -> bool:
    return bool(instance.routes.given) and routes_of(instance) != routes_of(
        instance.replace(routes={"given": None})
    )


def far_candidates(instance: Instance) -> list[list[bool]]:
    """Of each candidate, which channels are more than 15 THz away; none without that isolation."""
    crosstalk = instance.other_noise.crosstalk
    if crosstalk is None or crosstalk.other_band_isolation_db is None:
        return []
    channels = [centre_thz(instance, w) for w in range(instance.grid.channels)]
    return [
        [abs(thz - centre_thz(instance, candidate)) > 15.0 for thz in channels]
        for link in instance.network.links
        for candidate in candidates(instance, link)
    ]


def is_amplified(instance: Instance) -> bool:
    noise = instance.other_noise
    return bool(instance.classical.launch_dbm == 0.0 and noise.crosstalk and noise.amplifier)


# What is drawn, and in how many of 150 at least.
CORNERS = {
    "loss of a type": (lambda i: any(f.loss_db_per_km for f in types_in_use(i)), 30),
    "ratio of a type": (lambda i: any(f.raman_ratio != 1.0 for f in types_in_use(i)), 30),
    "area of a type": (lambda i: any(f.effective_area_um2 for f in types_in_use(i)), 30),
    "mixed types": (lambda i: len({k.fibre for k in i.network.links}) > 1, 30),
    "type and own loss": (
        lambda i: any(k.fibre and (k.loss_db or k.loss_db_per_km) for k in i.network.links), 10
    ),
    "type and own loss of a candidate": (
        lambda i: any(
            k.fibre and any(getattr(c, "loss_db_per_km", None) for c in candidates(i, k))
            for k in i.network.links
        ), 20
    ),
    "order matters": (order_matters, 10),
    "given routes matter": (given_matter, 20),
    "other band": (lambda i: any(all(rows) for rows in far_candidates(i)), 30),
    "edge of a band": (lambda i: any(len(set(rows)) > 1 for rows in far_candidates(i)), 5),
    "amplified": (is_amplified, 30),
}  # fmt: skip


@pytest.mark.parametrize("corner", CORNERS)
def test_each_corner_is_drawn_often(corner):
    holds, least = CORNERS[corner]
    assert sum(bool(holds(drawn_of(seed).instance)) for seed in range(150)) >= least


def test_draws_are_small_are_seldom_refused_and_mostly_have_key():
    drawn = [drawn_of(seed) for seed in range(150)]
    assert max(assignment_count(one.instance) for one in drawn) <= MOST_ASSIGNMENTS
    assert sum(one.redraws for one in drawn) < 0.5 * len(drawn)
    best = [Enumeration(one.instance, one.objective).run().best for one in drawn[:30]]
    assert sum(max(rates.values()) > 0.0 for rates in best) >= 15
    assert networks(7) == networks(7)
