"""Calibration: known parameters come back, what cannot be told is refused, intervals are right."""

from __future__ import annotations

import math

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import InstanceError, OptionsError
from qkdopt.experiments.calibration.bench import make_bench
from qkdopt.experiments.calibration.intervals import fit_with_intervals, interval
from qkdopt.experiments.calibration.least_squares import fit, minimise
from qkdopt.experiments.calibration.parameters import BY_NAME
from qkdopt.experiments.calibration.residuals import Data
from tests.experiments.calibration.made_up import SETS, TRUTH, lab, measured

LAB = "studies/made_up_lab.csv"
MADE_UP = {"raman_scale": 0.8, "misalignment": 0.021, "dark_counts": 3e-7, "excess_loss": 1.2}


def values(found):
    return {one.name: one.value for one in found.fitted_parameters}


@pytest.mark.parametrize("preset", ["paper", "field", "dwdm"])
def test_without_noise_the_true_parameters_come_back(preset):
    instance = lab(preset)
    found = qkdopt.calibrate(measured(instance), instance=instance, folds=0)
    assert values(found) == pytest.approx(TRUTH, rel=1e-4)
    assert found.fitted.skr_percent < 1e-3 < found.unfitted.skr_percent


def test_they_come_back_from_where_the_instance_has_no_key_at_all():
    instance = lab().replace(fibre={"raman_scale": 10.0}, classical={"launch_dbm": 5.0})
    rows = [row.model_copy(update={"launch_dbm": -10.0}) for row in measured(lab())]
    lit = [row for row in rows if row.lit_co or row.lit_counter]
    rows = [row.model_copy(update={"qber": None}) for row in lit]
    found = qkdopt.calibrate(
        rows, instance=instance, parameters=["raman_scale", "excess_loss"], folds=0
    )
    assert found.unfitted.wrong_key > 0
    assert found.fitted.wrong_key == 0
    # Misalignment and dark counts are the instance's, which are not the true ones.
    assert found.parameter("raman_scale").value == pytest.approx(0.8, rel=0.3)


def test_the_made_up_lab_of_the_documentation():
    found = qkdopt.calibrate(LAB, preset="field")
    for name, true in MADE_UP.items():
        one = found.parameter(name)
        assert one.fitted
        assert one.low < true < one.high
    assert found.fitted.skr_percent < found.out_of_sample.skr_percent < 5.0
    assert found.unfitted.skr_percent > 50.0
    assert found.unfitted.wrong_key == 2
    assert found.out_of_sample.wrong_key == 0
    assert found.measurements.rows == len(found.rows) == 21
    assert found.folds == 5


def test_a_calibrated_instance_gives_what_the_record_says():
    instance = lab()
    rows = measured(instance, seed=5, skr=0.05, qber=0.03)
    found = qkdopt.calibrate(rows, instance=instance, folds=0)
    applied = found.applied_to(instance)
    assert applied.qkd.insertion_loss_db == 3.0 + found.parameter("excess_loss").value
    # The other way round: the calibrated instance, as given, predicts what the fit did.
    again = qkdopt.calibrate(rows, instance=applied, folds=0)
    for before, after in zip(found.rows, again.rows, strict=True):
        assert after.skr_bps.unfitted == pytest.approx(before.skr_bps.fitted, rel=1e-9)
        assert after.qber.unfitted == pytest.approx(before.qber.fitted, rel=1e-9)


def test_only_fitted_parameters_are_applied():
    instance = lab()
    found = qkdopt.calibrate(
        measured(instance), instance=instance, parameters=["raman_scale"], folds=0
    )
    applied = found.applied_to(instance)
    scale = applied.fibre.raman_scale
    assert scale != instance.fibre.raman_scale
    assert applied.replace(fibre={"raman_scale": instance.fibre.raman_scale}) == instance
    table = {"noise_per_gate": [0.0, 1e-3], "skr_bps": [900.0, 0.0]}
    one = lab(lengths_km=(25.0,)).replace(qkd={"skr_table": table})
    with pytest.raises(InstanceError, match=r"qkd\.skr_table is given"):
        found.applied_to(one)


@pytest.mark.parametrize(
    ("without", "sets", "named"),
    [
        (("skr",), SETS[:1], ("dark_counts", "excess_loss", "raman_scale")),
        pytest.param((), SETS[:1], ("raman_scale",), marks=pytest.mark.slow),
        (("skr",), SETS, ("dark_counts", "excess_loss")),
    ],
    ids=["dark QBERs", "dark", "QBERs"],
)
def test_what_measurements_cannot_tell_is_refused_by_name(without, sets, named):
    instance = lab()
    # Enough dark counts to tell, where anything does.
    values = {**TRUTH, "dark_counts": 3e-6}
    rows = measured(instance, values, seed=1, skr=0.02, qber=0.02, sets=sets, without=without)
    with pytest.raises(OptionsError) as error:
        qkdopt.calibrate(rows, instance=instance, parameters=list(BY_NAME), folds=0)
    text = " ".join(fault.split(";")[0] for fault in error.value.faults)
    for name in named:
        assert name in text
    if len(named) == 1:
        assert not [name for name in BY_NAME if name in text and name not in named]
    # Left to itself it fits the others, and says why not these.
    found = qkdopt.calibrate(rows, instance=instance, folds=0)
    kept = {one.name: one for one in found.parameters if not one.fitted}
    assert kept
    assert set(kept) <= set(named)
    for one in kept.values():
        assert "measurements" in one.reason
        assert one.value == one.given
        assert one.low is one.high is None


def test_dark_counts_that_the_data_only_limit_have_an_open_interval():
    instance = lab()
    values = {**TRUTH, "dark_counts": 1e-9, "excess_loss": 0.0}
    rows = measured(instance, values, seed=2, skr=0.02, qber=0.02)
    found = qkdopt.calibrate(
        rows, instance=instance, parameters=["raman_scale", "misalignment", "dark_counts"], folds=0
    )
    one = found.parameter("dark_counts")
    assert one.low is None
    assert one.at_low is None
    assert 1e-9 < one.high < 1e-5


def test_rows_without_key_limit_the_fit_and_are_not_counted_where_it_agrees():
    instance = lab()
    sets = (*SETS, ("8-30", "8-30"))
    rows = measured(instance, seed=3, skr=0.02, qber=0.02, sets=sets)
    assert sum(row.skr_bps == 0.0 for row in rows) == 3
    with_them = qkdopt.calibrate(rows, instance=instance, folds=0)
    some = [row for row in rows if row.skr_bps > 0.0]
    without = qkdopt.calibrate(some, instance=instance, folds=0)
    # Their QBERs count.
    assert with_them.degrees_of_freedom == without.degrees_of_freedom + 3
    # A row of no key where the model has some costs what the model has.
    wrong = [rows[0].model_copy(update={"skr_bps": 0.0}), *rows[1:]]
    data = Data.of(make_bench(instance, wrong), wrong)
    rate, _ = data.bench.predicted(TRUTH)
    assert data.deviations(TRUTH)[0] == pytest.approx(rate[0] / data.least_bps)
    assert rate[0] > 1000.0


def test_errors_that_are_given_count_unless_the_scatter_is_beyond_them():
    instance = lab()
    fine = measured(instance, seed=4, skr=0.04, qber=0.02, errors=True)
    found = qkdopt.calibrate(fine, instance=instance, folds=0)
    assert found.scatter == 1.0
    assert found.skr_error is found.qber_error is None
    # A tenth of the true errors: what is given cannot be all.
    small = [
        row.model_copy(update={"skr_bps_se": row.skr_bps_se / 10, "qber_se": row.qber_se / 10})
        for row in fine
    ]
    beyond = qkdopt.calibrate(small, instance=instance, folds=0)
    assert beyond.scatter == pytest.approx(100.0 * found.chi2 / found.degrees_of_freedom, rel=1e-3)
    for name in ("raman_scale", "misalignment", "excess_loss"):
        a, b = found.parameter(name), beyond.parameter(name)
        assert a.value == pytest.approx(b.value, rel=1e-3)
        assert b.high - b.value > 0.5 * (a.high - a.value)


def test_a_row_without_key_needs_no_error_for_the_others_to_count_as_given():
    instance = lab("paper")
    rows = measured(instance, seed=0, skr=0.04, qber=0.02, sets=SETS[:4], errors=True)
    assert sum(row.skr_bps == 0.0 and row.skr_bps_se is None for row in rows) == 3
    found = fit(Data.of(make_bench(instance, rows), rows), list(TRUTH))
    assert found.all_given
    assert found.scatter == 1.0
    assert found.threshold == pytest.approx(1.96**2, rel=1e-3)


def test_scatter_of_either_column_is_found_by_itself():
    instance = lab(lengths_km=(20.0, 30.0, 40.0, 50.0, 60.0, 70.0))
    rows = measured(instance, seed=6, skr=0.08, qber=0.01)
    found = qkdopt.calibrate(rows, instance=instance, folds=0)
    assert found.skr_error == pytest.approx(0.08, rel=0.35)
    assert found.qber_error == pytest.approx(0.01, rel=0.35)


def test_too_few_numbers_are_refused_without_errors_of_their_own():
    instance = lab(lengths_km=(25.0,))
    values = {**TRUTH, "dark_counts": 1e-8, "excess_loss": 0.0}
    rows = measured(instance, values, seed=1, skr=0.02, qber=0.02, sets=SETS[:2], errors=True)
    names = list(BY_NAME)[:2]
    given = qkdopt.calibrate(rows, instance=instance, parameters=names, folds=0)
    assert given.degrees_of_freedom == 2
    bare = [
        row.model_copy(update={"skr_bps_se": None, "qber_se": None, "skr_bps": None})
        for row in rows
    ]
    with pytest.raises(OptionsError, match="2 measured numbers for 2 parameters"):
        qkdopt.calibrate(bare, instance=instance, parameters=names, folds=0)


def test_ends_of_an_interval_are_where_the_sum_of_squares_has_risen_by_the_threshold():
    instance = lab()
    rows = measured(instance, seed=7, skr=0.03, qber=0.02)
    data = Data.of(make_bench(instance, rows), rows)
    found, intervals = fit_with_intervals(fit(data, list(BY_NAME)))
    for k, (name, ends) in enumerate(zip(found.names, intervals, strict=True)):
        spread = math.sqrt(found.threshold * found.covariance()[k, k] / found.scatter)
        for end, sign in ((ends.low, -1.0), (ends.high, 1.0)):
            if end is None:
                assert name == "dark_counts"
                continue
            coordinates = np.array([BY_NAME[other].coordinate(end[other]) for other in found.names])
            residuals = found.problem.residuals(coordinates)
            assert residuals @ residuals - found.chi2 == pytest.approx(found.threshold, rel=0.02)
            if name != "dark_counts":
                # Nearly linear: the curvature at the estimate says about the same.
                moved = sign * (coordinates[k] - found.coordinates[k])
                assert moved == pytest.approx(spread, rel=0.1)


def test_a_profile_that_finds_a_better_fit_begins_anew_from_there():
    instance = lab()
    rows = measured(instance, seed=7, skr=0.03, qber=0.02)
    data = Data.of(make_bench(instance, rows), rows)
    best = fit(data, list(BY_NAME))
    away = best.coordinates * 1.02
    stopped = minimise(best.problem, [best.coordinates])
    worse = type(best)(best.problem, away, best.problem.residuals(away), stopped.jacobian)
    found, intervals = fit_with_intervals(worse)
    assert found.coordinates == pytest.approx(best.coordinates, abs=2e-3)
    assert len(intervals) == 4


def test_a_prediction_out_of_sample_does_not_depend_on_its_own_row():
    instance = lab()
    rows = measured(instance, seed=8, skr=0.03, qber=0.02)
    options = {"instance": instance, "folds": 3, "parameters": ["raman_scale", "excess_loss"]}
    before = qkdopt.calibrate(rows, **options)
    own = 4
    moved = [*rows]
    moved[own] = rows[own].model_copy(update={"skr_bps": rows[own].skr_bps * 1.5})
    after = qkdopt.calibrate(moved, **options)
    fold = before.rows[own].fold
    assert {row.fold for row in before.rows} == {1, 2, 3}
    for a, b in zip(before.rows, after.rows, strict=True):
        assert a.fold == b.fold
        if a.fold == fold:
            assert b.skr_bps.out_of_sample == a.skr_bps.out_of_sample
            assert b.qber.out_of_sample == a.qber.out_of_sample
    others = [
        a.qber.out_of_sample != b.qber.out_of_sample
        for a, b in zip(before.rows, after.rows, strict=True)
        if a.fold != fold
    ]
    assert any(others)


@pytest.mark.parametrize(("fold_by", "field", "groups"), [("lit", "lit", 5), ("link", "link", 3)])
def test_rows_of_one_set_or_link_stay_in_one_fold(fold_by, field, groups):
    instance = lab()
    rows = measured(instance, seed=9, skr=0.03, qber=0.02)
    names = ["raman_scale"]
    found = qkdopt.calibrate(rows, instance=instance, parameters=names, folds=10, fold_by=fold_by)
    assert found.folds == groups
    folds = {}
    for row in found.rows:
        folds.setdefault(getattr(row, field), set()).add(row.fold)
    assert len(folds) == groups
    assert all(len(one) == 1 for one in folds.values())


def test_without_folds_nothing_is_said_out_of_sample():
    instance = lab()
    rows = measured(instance, seed=9, skr=0.03, qber=0.02)
    found = qkdopt.calibrate(rows, instance=instance, parameters=["raman_scale"], folds=0)
    assert found.out_of_sample is None
    assert found.folds == 0
    assert all(row.fold is None and row.qber.out_of_sample is None for row in found.rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither instance and preset"),
        ({"instance": lab(), "preset": "field"}, "both instance and preset"),
        ({"preset": "field", "folds": 1}, "folds = 1; expected 0, or 2 to"),
        ({"preset": "field", "fold_by": "day"}, "fold by = 'day'; expected lit or link"),
        ({"preset": "field", "parameters": ["kappa"]}, "fit = 'kappa'; expected some of"),
        ({"preset": "field", "parameters": []}, "fit names nothing"),
        ({"preset": "field", "parameters": ["raman_scale"] * 2}, "a parameter twice"),
    ],
)
def test_each_bad_option_has_its_message(options, message):
    with pytest.raises(OptionsError) as error:
        qkdopt.calibrate(LAB, **options)
    assert len(error.value.faults) == 1
    assert message in error.value.faults[0]


@pytest.mark.slow
def test_the_order_of_rows_changes_no_parameter():
    instance = lab()
    rows = measured(instance, seed=10, skr=0.03, qber=0.02)
    a = qkdopt.calibrate(rows, instance=instance, folds=0)
    b = qkdopt.calibrate(rows[::-1], instance=instance, folds=0)
    assert values(b) == pytest.approx(values(a), rel=1e-5)


def covered(seeds, *, errors):
    """Return how often the interval of each parameter holds its true value."""
    instance = lab("paper")
    # So many dark counts that the data end their interval on both sides: one that is open at 0
    # holds the truth more often.
    truth = {**TRUTH, "dark_counts": 3e-6}
    hits = dict.fromkeys(truth, 0)
    scatter = {"skr": 0.04, "qber": 0.02, "errors": errors}
    for seed in seeds:
        rows = measured(instance, truth, seed=seed, sets=SETS[:4], **scatter)
        data = Data.of(make_bench(instance, rows), rows)
        found, intervals = fit_with_intervals(fit(data, list(TRUTH)))
        for name, ends in zip(found.names, intervals, strict=True):
            above = ends.low is None or ends.low[name] <= truth[name]
            hits[name] += above and (ends.high is None or truth[name] <= ends.high[name])
    return hits


@pytest.mark.slow
@pytest.mark.parametrize("errors", [False, True], ids=["by the scatter", "given"])
def test_95_percent_intervals_hold_the_truth_in_90_to_99_percent_of_200_data_sets(errors):
    hits = covered(range(200), errors=errors)
    assert all(180 <= count <= 198 for count in hits.values()), hits


def test_an_interval_is_about_the_parameter_that_was_asked_for():
    instance = lab()
    rows = measured(instance, seed=11, skr=0.03, qber=0.02)
    data = Data.of(make_bench(instance, rows), rows)
    found = fit(data, ["raman_scale", "misalignment"])
    ends = interval(found, 1)
    assert ends.low["misalignment"] < found.values["misalignment"] < ends.high["misalignment"]
    assert ends.low["dark_counts"] == instance.qkd.dark_count_per_gate
