"""Load that changes with time: arrivals of exactly that rate, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qkdopt
from qkdopt.errors import InstanceError
from qkdopt.instance import LoadProfile
from qkdopt.simulation import simulate
from qkdopt.simulation.traffic import at_changing_load, poisson_requests

MESH = "instances/small/mesh6.json"


def mesh(**profile):
    return qkdopt.read_instance(MESH).replace(traffic={"profile": profile})


def arrivals(instance, load=10.0, sizes=(50_000, 50_000), seed=1):
    return np.concatenate([r.times for r in poisson_requests(instance, load, seed, 0, list(sizes))])


def test_each_part_of_the_period_has_its_share_of_arrivals():
    times = arrivals(mesh(factors=[1.0, 0.0, 5.0, 2.0], period_holding_times=8.0))
    assert (np.diff(times) >= 0.0).all()
    found = np.bincount(((times % 8.0) // 2.0).astype(int), minlength=4)
    # Means of Poisson numbers: five standard deviations.
    expected = len(times) * np.array([1.0, 0.0, 5.0, 2.0]) / 8.0
    assert np.abs(found - expected).max() < 5.0 * np.sqrt(expected.max())
    assert found[1] == 0
    assert len(times) / times[-1] == pytest.approx(10.0, rel=0.02)


def test_gaps_within_a_part_are_exponential_of_its_rate():
    times = arrivals(mesh(factors=[1.0, 3.0], period_holding_times=2000.0))
    busy = times[(times % 2000.0 > 1000.0)]
    gaps = np.diff(busy)
    gaps = gaps[gaps < 100.0]
    assert gaps.mean() == pytest.approx(1.0 / 15.0, rel=0.02)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.03)


def test_a_level_profile_is_the_constant_load():
    level = arrivals(mesh(factors=[2.0, 2.0, 2.0], period_holding_times=7.0))
    assert level == pytest.approx(arrivals(qkdopt.read_instance(MESH)), rel=1e-12)


def test_seconds_are_measured_by_the_holding_time():
    by_seconds = qkdopt.read_instance(MESH).replace(
        traffic={"profile": {"factors": [1.0, 3.0], "period_s": 6000.0}, "mean_holding_s": 600.0}
    )
    same = mesh(factors=[1.0, 3.0], period_holding_times=10.0)
    assert np.array_equal(arrivals(by_seconds), arrivals(same))


@given(
    factors=st.lists(st.floats(0.0, 10.0), min_size=2, max_size=6).filter(any),
    period=st.floats(0.01, 1e4),
    seed=st.integers(0, 1000),
)
def test_times_never_fall_and_keep_the_period(factors, period, seed):
    profile = LoadProfile(factors=tuple(factors), period_holding_times=period)
    times = np.sort(np.random.default_rng(seed).uniform(0.0, 5.0 * period, 200))
    changed = at_changing_load(times, profile, period)
    assert (np.diff(changed) >= 0.0).all()
    # As much load has been offered at the end of every period as by a constant one.
    assert (np.abs(changed - times) <= period * (1.0 + 1e-9)).all()


def test_the_division_into_chunks_changes_nothing():
    instance = mesh(factors=[1.0, 4.0], period_holding_times=3.0)
    one = arrivals(instance, sizes=(1000,))
    # But for round-off of sums.
    assert one == pytest.approx(arrivals(instance, sizes=(400, 600)), rel=1e-12)


def test_peaks_block_more_and_the_reader_is_told_of_the_period():
    instance = qkdopt.read_instance(MESH)
    level = simulate(instance, load_erlang=25.0, requests=20_000)
    peaks = simulate(
        mesh(factors=[0.2, 1.8], period_holding_times=24.0), load_erlang=25.0, requests=20_000
    )
    assert peaks.blocking.value > level.blocking.value + level.blocking.ci95
    assert "period of 24 mean holding times" in peaks.notes[0]
    assert level.notes == ()


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"factors": [1.0, 2.0]}, "neither of period_s and period_holding_times given"),
        (
            {"factors": [1.0, 2.0], "period_s": 5.0, "period_holding_times": 5.0},
            "both of period_s and period_holding_times given",
        ),
        ({"factors": [0.0, 0.0], "period_s": 5.0}, "factors: all 0; expected load"),
        ({"factors": [1.0], "period_s": 5.0}, "profile.factors"),
        ({"factors": [1.0, -1.0], "period_s": 5.0}, "profile.factors[1] = -1"),
        ({"factors": [1.0, 2.0], "period_s": 0.0}, "profile.period_s = 0"),
    ],
)
def test_bad_profiles_are_refused_by_name(profile, message):
    with pytest.raises(InstanceError) as caught:
        mesh(**profile)
    assert any(message in fault for fault in caught.value.faults)
