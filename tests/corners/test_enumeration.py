"""The enumeration against the checker and against the oracle that uses the checker's physics."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import qkdopt
from qkdopt.checker.rates import _link_rate
from qkdopt.problem.routes import candidate_routes
from tests.brute_force import Oracle
from tests.corners import enumeration, light, paths
from tests.corners.enumeration import Enumeration, value_of
from tests.corners.generator import corner_instance
from tests.corners.light import LinkLight, candidates
from tests.corners.paths import shortest_routes
from tests.random_instances import random_instance
from tests.tiers import slow_beyond

OBJECTIVES = ("mean", "max-min", "link-sum")


def same(ours: dict[int, float], theirs: dict[int, float]) -> bool:
    return ours.keys() == theirs.keys() and all(
        ours[served] == pytest.approx(theirs[served], rel=1e-9, abs=1e-6) for served in ours
    )


@pytest.mark.parametrize("seed", slow_beyond(30, range(90)))
def test_it_agrees_with_the_oracle_on_random_instances(seed):
    relay = ("lightpath", "widest")[seed % 2]
    instance = random_instance(seed, relay=relay, other_noise=seed % 3 == 0)
    objective = OBJECTIVES[seed // 2 % 3]
    assert same(Enumeration(instance, objective).run().best, Oracle(instance, objective).best())


@pytest.mark.parametrize("seed", slow_beyond(60, range(200)))
def test_it_agrees_with_the_oracle_on_corner_instances(seed):
    instance, objective = corner_instance(seed)
    enumerated = Enumeration(instance, objective).run()
    if enumerated.assignments > 500 or enumerated.best != enumerated.sure:
        pytest.skip("too many for the oracle, or a minimum rate within rounding")
    assert same(enumerated.best, Oracle(instance, objective).best())


@pytest.mark.parametrize("seed", slow_beyond(100, range(300)))
def test_noise_and_rates_are_the_checkers(seed):
    instance, _ = corner_instance(seed)
    channels = instance.grid.channels
    lit = [(w, w % 2 == 0) for w in range(channels)]
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


@pytest.mark.parametrize("seed", slow_beyond(100, range(300)))
def test_candidate_routes_are_in_the_documented_order(seed):
    instance, _ = corner_instance(seed)
    for demand, routes in zip(instance.demands, candidate_routes(instance), strict=True):
        theirs = [tuple(zip(route.links, route.forward, strict=True)) for route in routes]
        assert shortest_routes(instance, demand.source, demand.target) == theirs


@pytest.mark.parametrize("seed", slow_beyond(30, range(100)))
@pytest.mark.parametrize("strategy", ["ds-qkd", "ds-qkd-synergistic"])
def test_plans_are_worth_what_the_checker_says(seed, strategy):
    instance, objective = corner_instance(seed)
    result = qkdopt.solve(instance, strategy=strategy, objective=objective, threads=1)
    report = qkdopt.check(instance, result)
    assert report.faults == ()
    assert value_of(instance, result) == pytest.approx(report.objective_bps, rel=1e-9, abs=1e-6)


def test_the_vibrational_profile_is_the_packages():
    from qkdopt.physics.raman import hollenbeck_cantrell_profile

    theirs = hollenbeck_cantrell_profile()
    offsets, gains = light.vibrational_gain()
    assert offsets == pytest.approx(theirs.offset_thz, rel=1e-12)
    assert gains == pytest.approx(theirs.g0_per_w_m, rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("module", [enumeration, light, paths])
def test_it_imports_nothing_of_the_package_but_data(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    ours = {name for name in named if name.split(".")[0] in ("qkdopt", "tests")}
    assert ours <= {
        "qkdopt.instance", "qkdopt.result", "tests.corners.key_oracle", "tests.corners.light",
        "tests.corners.paths",
    }  # fmt: skip
