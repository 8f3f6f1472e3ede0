"""Intervals from blocks: the linearised ratio's, the right coverage, and together."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.channel_sets.criterion import CRITERIA, Criterion, per_request
from qkdopt.channel_sets.paired import jackknife, joint_quantile
from qkdopt.errors import UsageError
from qkdopt.simulation.statistics import paired_gain, ratio, student_quantile


def blocks(rng, count, mean=20.0, scenarios=1):
    sums = np.zeros((count, scenarios, 4))
    sums[..., 0] = 100.0 + rng.integers(0, 20, (count, scenarios))
    sums[..., 1] = sums[..., 0] - rng.integers(0, 5, (count, scenarios))
    sums[..., 2] = sums[..., 0] * rng.normal(mean, 1.0, (count, scenarios))
    return sums


def test_one_scenario_is_the_ratio_estimator():
    sums_of_blocks = blocks(np.random.default_rng(0), 60)
    estimate = jackknife(lambda sums: per_request(sums)[..., 0], sums_of_blocks)
    linear = ratio(sums_of_blocks[:, 0, 2], sums_of_blocks[:, 0, 0])
    assert estimate.value == pytest.approx(linear.value, rel=1e-12)
    assert estimate.ci95 == pytest.approx(linear.ci95, rel=1e-2)


def test_a_gain_is_that_of_the_delta_method():
    rng = np.random.default_rng(1)
    base = blocks(rng, 60)
    better = base.copy()
    better[..., 2] *= 1.01 + 0.001 * rng.normal(size=(60, 1))

    def gain(own, other):
        return per_request(own)[..., 0] / per_request(other)[..., 0] - 1.0

    estimate = jackknife(gain, better, base)
    linear = paired_gain(better[:, 0, 2], better[:, 0, 0], base[:, 0, 2], base[:, 0, 0])
    assert estimate.value == pytest.approx(linear.value, rel=1e-12)
    assert estimate.ci95 == pytest.approx(linear.ci95, rel=1e-2)


@pytest.mark.parametrize("name", CRITERIA)
def test_intervals_cover_the_truth_as_often_as_they_say(name):
    criterion, weights = Criterion(name, 0.5), np.array([0.5, 0.5])
    truth = {"mean": 19.0, "worst": 18.0, "quantile": 18.0, "least-gain": 18.0 / 20.0}[name]
    rng, covered = np.random.default_rng(2), 0
    for _ in range(400):
        sums_of_blocks, base = np.concatenate(
            [blocks(rng, 30, 20.0), blocks(rng, 30, 18.0)], axis=1
        ), blocks(rng, 30, 20.0, 2)  # fmt: skip
        estimate = jackknife(lambda a, b: criterion.value(a, b, weights), sums_of_blocks, base)
        covered += abs(estimate.value - truth) <= estimate.ci95
    assert 0.91 <= covered / 400 <= 0.985


def test_one_block_has_no_interval():
    estimate = jackknife(
        lambda sums: per_request(sums)[..., 0], blocks(np.random.default_rng(0), 1)
    )
    assert estimate.value is not None
    assert estimate.ci95 is None


def test_intervals_that_hold_together_are_wider():
    assert joint_quantile(20, 1) == pytest.approx(student_quantile(20))
    assert joint_quantile(20, 10) > joint_quantile(20, 2) > joint_quantile(20, 1)


def sums_of(rates):
    sums = np.zeros((len(rates), 4))
    sums[:, 0], sums[:, 2] = 1.0, rates
    return sums


def test_each_criterion_by_hand():
    rates, base = sums_of([4.0, 1.0, 2.0]), sums_of([2.0, 1.0, 4.0])
    weights = np.array([0.5, 0.2, 0.3])

    def value(name, share=0.5):
        return float(Criterion(name, share).value(rates, base, weights))

    assert value("mean") == pytest.approx(0.5 * 4 + 0.2 * 1 + 0.3 * 2)
    assert value("worst") == 1.0
    assert value("least-gain") == 0.5
    # Rising: 1 (weight 0.2), 2 (0.5 together), 4 (1).
    assert [value("quantile", share) for share in (0.1, 0.2, 0.21, 0.5, 0.51, 1.0)] == [
        1.0, 1.0, 2.0, 2.0, 4.0, 4.0,
    ]  # fmt: skip


def test_criteria_take_any_leading_axes():
    rng = np.random.default_rng(0)
    rates, base = blocks(rng, 5, scenarios=3), blocks(rng, 5, scenarios=3)
    weights = np.array([0.5, 0.2, 0.3])
    for name in CRITERIA:
        criterion = Criterion(name, 0.4)
        one_by_one = [criterion.value(rates[k], base[k], weights) for k in range(5)]
        np.testing.assert_allclose(criterion.value(rates, base, weights), one_by_one)


def test_unknown_criteria_are_refused_with_every_fault():
    with pytest.raises(UsageError, match=r"criterion = 'best'.*quantile = 0"):
        Criterion("best", 0.0)
