"""Scenarios of a calibration: what its intervals leave open, in a file that designs read."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.channel_sets.calibrated import calibrated_scenarios, scenarios_toml
from qkdopt.channel_sets.scenario import Scenario, read_scenarios
from qkdopt.errors import InstanceError, OptionsError
from tests.experiments.calibration.made_up import SETS, lab, measured

NAMES = ["raman_scale", "misalignment", "excess_loss"]


@pytest.fixture(scope="module")
def calibration():
    instance = lab()
    rows = measured(instance, seed=1, skr=0.03, qber=0.02, sets=SETS[:4])
    return qkdopt.calibrate(rows, instance=instance, parameters=NAMES, folds=0)


def values_of(instance):
    qkd = instance.qkd
    return {
        "raman_scale": instance.fibre.raman_scale,
        "misalignment": qkd.misalignment,
        "dark_counts": qkd.dark_count_per_gate,
        "excess_loss": qkd.insertion_loss_db - 3.0,
    }


def test_ends_of_intervals_come_back_out_of_the_file(calibration, tmp_path):
    path = tmp_path / "intervals.toml"
    specs = calibrated_scenarios(calibration)
    path.write_text(scenarios_toml(specs, "two\nlines"), encoding="utf-8")
    applied = calibration.applied_to(lab())
    centre, *scenarios = read_scenarios(path, applied, 100.0)
    assert centre.applied_to(applied) is applied
    ends = [end for one in calibration.fitted_parameters for end in (one.at_low, one.at_high)]
    assert len(scenarios) == len(ends) == 6
    for scenario, end in zip(scenarios, ends, strict=True):
        assert values_of(scenario.applied_to(applied)) == pytest.approx(end, rel=1e-4)


def test_an_open_low_end_is_nothing_at_all(calibration):
    one = calibration.parameter("misalignment")
    opened = one.model_copy(update={"low": None, "at_low": None})
    changed = calibration.model_copy(update={"parameters": (opened,)})
    assert [(spec.name, spec.misalignment) for spec in calibrated_scenarios(changed)][1] == (
        "misalignment low", 0.0,
    )  # fmt: skip


def test_draws_have_the_covariance_of_the_fit(calibration):
    specs = [spec for seed in range(40) for spec in calibrated_scenarios(calibration, 100, seed)]
    own = {name: calibration.parameter(name).value for name in NAMES}
    drawn = np.array([
        [s.raman_scale * own["raman_scale"], s.misalignment * own["misalignment"], s.excess_loss_db]
        for s in specs
    ])  # fmt: skip
    expected = np.array(calibration.covariance)
    # Student's t has a little more.
    freedom = calibration.degrees_of_freedom
    assert np.cov(drawn.T) == pytest.approx(expected * freedom / (freedom - 2), rel=0.25)
    again = calibrated_scenarios(calibration, 100, 0)
    assert specs[:100] == list(again)
    assert specs[:100] != specs[100:200]


@pytest.mark.parametrize(("draws", "seed"), [(-1, 0), (101, 0), (3, -1)])
def test_too_many_draws_are_refused(calibration, draws, seed):
    with pytest.raises(OptionsError, match="expected draws 0 to 100"):
        calibrated_scenarios(calibration, draws, seed)


def test_a_scenario_changes_the_receiver():
    instance = lab()
    scenario = Scenario(100.0, misalignment=2.0, dark_counts=3.0, excess_loss_db=0.5)
    changed = values_of(scenario.applied_to(instance))
    before = values_of(instance)
    assert changed["misalignment"] == 2.0 * before["misalignment"]
    assert changed["dark_counts"] == 3.0 * before["dark_counts"]
    assert changed["excess_loss"] == pytest.approx(before["excess_loss"] + 0.5)
    assert scenario.title == "100 erlang, misalignment x2, dark counts x3, +0.5 dB"
    with pytest.raises(InstanceError, match="insertion_loss_db"):
        Scenario(100.0, excess_loss_db=-5.0).applied_to(instance)
