"""Reproduction at a small size: curves, comparison, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qkdopt.errors import UsageError
from qkdopt.reproduce import curves_of, log_error, reproduce
from qkdopt.reproduce.calibration import fit
from qkdopt.reproduce.comparison import targets
from qkdopt.runs import open_workers


def test_every_published_gain_has_its_curves():
    for target in targets():
        names = {curve.name for curve in curves_of(target.figure)}
        assert {target.base, target.improved} <= names
        loads = [curve.loads for curve in curves_of(target.figure) if curve.name == target.improved]
        assert all(target.load_erlang in some for some in loads)
        assert target.improved_bps / target.base_bps - 1.0 == pytest.approx(
            target.published_percent / 100.0, abs=0.005
        )


def test_figure_5_comes_out_in_the_papers_order(tmp_path):
    with open_workers(None, 2) as workers:
        found = reproduce("fig5", tmp_path, workers, requests=40_000)
    assert found.report.complete
    table = found.points["fig5"]
    assert list(table.columns[:6]) == [
        "topology", "load_erlang", "curve", "mean_skr_bps", "ci95", "blocking",
    ]  # fmt: skip
    at100 = table[table["load_erlang"] == 100.0].set_index("curve")["mean_skr_bps"]
    order = ["compact {0,1,2,3}", "fixed {3}", "{10,15,20,25}", "uniform {3,13,23,33}"]
    assert list(at100.sort_values().index) == order
    (row,) = found.comparison.to_dict("records")
    assert abs(row["ours_percent"] - row["published_percent"]) < 12.0
    assert 0.0 < row["ci95_percent"] < 3.0
    # Nothing is left to run, and the rows say the same again.
    with open_workers(None, 2) as workers:
        again = reproduce("fig5", tmp_path, workers, requests=40_000)
    pd.testing.assert_frame_equal(table, again.points["fig5"])


def test_calibration_finds_the_bottom_of_a_parabola():
    errors = {power: float(np.sqrt(0.01 + (power + 12.1) ** 2)) for power in (-13.0, -12.4, -11.8)}
    assert fit(errors).launch_dbm == pytest.approx(-12.1)


def test_log_error_is_that_of_the_rates():
    frame = pd.DataFrame(
        {
            "published_base_bps": [1.0], "ours_base_bps": [np.e],
            "published_improved_bps": [2.0], "ours_improved_bps": [2.0],
        }
    )  # fmt: skip
    assert log_error(frame) == pytest.approx(np.sqrt(0.5))


def test_what_makes_no_sense_is_refused(tmp_path):
    with open_workers(None, 1) as workers:
        with pytest.raises(UsageError, match="expected one of fig3"):
            reproduce("fig9", tmp_path, workers)
        with pytest.raises(UsageError, match="at least 1000"):
            reproduce("fig5", tmp_path, workers, requests=3)
