"""A link's own launch power: what it changes, and what it cannot change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qkdopt
from qkdopt.cli.instance_info import info_text
from qkdopt.heuristics import ds_qkd
from qkdopt.instance import Instance
from qkdopt.physics.fibre import receiver_sensitivity_launch_dbm
from qkdopt.problem import build_problem
from qkdopt.problem.coefficients import build_tables, link_launch_dbm, link_loss_db
from qkdopt.problem.plan import assess
from tests.random_instances import random_instance


def with_own(instance: Instance, launch_dbm: dict[int, float]) -> Instance:
    """The instance with links, by position, that have their own launch power."""
    data = instance.to_json_dict()
    for e, power in launch_dbm.items():
        data["network"]["links"][e]["launch_dbm"] = power
    return Instance.model_validate(data, strict=False)


def varied(seed: int, **options) -> Instance:
    """A random instance in which about half of the links have their own launch power."""
    instance = random_instance(seed, most_demands=6, channels=(5, 7), **options)
    rng = np.random.default_rng([seed, 1])
    links = range(len(instance.network.links))
    return with_own(
        instance, {e: float(rng.uniform(-20.0, -2.0)) for e in links if rng.random() < 0.5}
    )


@given(
    seed=st.integers(0, 10_000),
    e=st.integers(0, 2),
    db=st.floats(0.0, 30.0),
    mixing=st.booleans(),
)
def test_less_power_on_a_link_never_lowers_a_key_rate(seed, e, db, mixing):
    instance = varied(seed, other_noise=mixing)
    e %= len(instance.network.links)
    now = link_launch_dbm(instance, instance.network.links[e])
    lower = with_own(instance, {e: now - db})
    plan = ds_qkd(build_problem(instance))
    before = assess(build_problem(instance), plan)
    after = assess(build_problem(lower), plan)
    assert np.all(after.link_skr_bps >= before.link_skr_bps * (1.0 - 1e-12))
    others = np.arange(len(instance.network.links)) != e
    assert np.array_equal(after.link_skr_bps[others], before.link_skr_bps[others])


@given(seed=st.integers(0, 10_000))
def test_the_networks_power_given_by_every_link_changes_nothing(seed):
    instance = random_instance(seed, other_noise=True)
    power = instance.classical.launch_dbm
    same = with_own(instance, dict.fromkeys(range(len(instance.network.links)), power))
    assert np.array_equal(build_tables(same).noise, build_tables(instance).noise)
    problem, other = build_problem(instance), build_problem(same)
    assert np.array_equal(
        assess(problem, ds_qkd(problem)).link_skr_bps, assess(other, ds_qkd(other)).link_skr_bps
    )
    # It is another file of the same light; what was written before keeps its hash.
    assert same.sha256() != instance.sha256()
    assert "launch_dbm" not in str(instance.to_json_dict()["network"])


@pytest.mark.parametrize("seed", range(30))
def test_the_checker_computes_the_same_from_a_links_own_power(seed):
    instance = varied(seed, other_noise=True)
    result = qkdopt.solve(instance, strategy="ds-qkd-synergistic")
    report = qkdopt.check(instance, result)
    assert report.faults == ()
    assert result.value is None or report.objective_bps == pytest.approx(
        result.value.objective_bps, rel=1e-12, abs=1e-9
    )


def test_a_links_own_power_is_what_the_checker_takes():
    instance = with_own(random_instance(4, most_demands=6), {0: -20.0})
    result = qkdopt.solve(instance, strategy="ds-qkd")
    brighter = with_own(instance, dict.fromkeys(range(len(instance.network.links)), 5.0))
    own = result.instance.model_copy(update={"sha256": brighter.sha256()})
    faults = qkdopt.check(brighter, result.model_copy(update={"instance": own})).faults
    assert any("noise_per_gate" in fault for fault in faults)


def test_power_by_sensitivity_is_the_same_as_each_links_own():
    base = random_instance(7).to_json_dict()
    base["classical"] = {"receiver_sensitivity_dbm": -24.0, "margin_db": 2.5}
    limited = Instance.model_validate(base, strict=False)
    own = with_own(
        limited,
        {
            e: float(receiver_sensitivity_launch_dbm(-24.0, link_loss_db(limited, link), 2.5))
            for e, link in enumerate(limited.network.links)
        },
    )
    assert np.array_equal(build_tables(own).noise, build_tables(limited).noise)


def test_info_prints_the_links_that_have_their_own_power():
    instance = with_own(random_instance(5), {0: -21.25, 1: -3.5})
    text = info_text(instance)
    count = len(instance.network.links)
    assert f"2 of {count} links have their own: -21.25 to -3.50 dBm" in text
    assert "have their own" not in info_text(random_instance(5))
