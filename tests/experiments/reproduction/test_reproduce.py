"""Reproduction at a small size: curves, comparison, calibration."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from qkdopt.errors import UsageError
from qkdopt.experiments.reproduction import compare, curves_of, log_error, reproduce
from qkdopt.experiments.reproduction.comparison import targets
from qkdopt.experiments.reproduction.figures import fit
from qkdopt.jobs import UnfinishedError, Workers
from qkdopt.simulation import simulate
from qkdopt.simulation.statistics import student_quantile
from tests.command import exit_status
from tests.report.pages import Reader


def test_every_published_gain_has_its_curves():
    for target in targets():
        names = {curve.name for curve in curves_of(target.figure)}
        assert {target.base, target.improved} <= names
        loads = [curve.loads for curve in curves_of(target.figure) if curve.name == target.improved]
        assert all(target.load_erlang in loads_of_curve for loads_of_curve in loads)
        assert target.improved_bps / target.base_bps - 1.0 == pytest.approx(
            target.published_percent / 100.0, abs=0.005
        )


@pytest.mark.slow
def test_figure_5_comes_out_in_the_papers_order(tmp_path, monkeypatch):
    reproduction = reproduce("fig5", folder=tmp_path, workers=2, requests=40_000)
    table = reproduction.points["fig5"]
    assert list(table.columns[:6]) == [
        "topology", "load_erlang", "curve", "mean_skr_bps", "ci95", "blocking",
    ]  # fmt: skip
    at100 = table[table["load_erlang"] == 100.0].set_index("curve")["mean_skr_bps"]
    order = ["compact {0,1,2,3}", "fixed {3}", "{10,15,20,25}", "uniform {3,13,23,33}"]
    assert list(at100.sort_values().index) == order
    (row,) = reproduction.comparison.to_dict("records")
    assert abs(row["ours_percent"] - row["published_percent"]) < 12.0
    assert 0.0 < row["ci95_percent"] < 3.0
    # Nothing is left to run, and the rows say the same again.
    monkeypatch.setattr("qkdopt.jobs.runner.run_task", None)
    again = reproduce("fig5", folder=tmp_path, workers=2, requests=40_000)
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
    folder = tmp_path / "new"
    with pytest.raises(UsageError, match="expected one of fig3"):
        reproduce("fig9", folder=folder)
    with pytest.raises(UsageError, match="at least 1000"):
        reproduce("fig5", folder=folder, requests=3)
    with pytest.raises(UsageError, match="seed = -1"):
        reproduce("fig5", folder=folder, seed=-1)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["fig9"], "'fig9' is not one of 'fig3'"),
        (["fig5", "--workers", -1], "workers = -1"),
        (["fig5", "--workers", 0], "workers = 0"),
        (["fig5", "--seed", -1], "seed = -1"),
    ],
)
def test_a_refused_reproduction_makes_no_folder(tmp_path, capsys, arguments, expected):
    folder = tmp_path / "new"
    assert exit_status("reproduce", *arguments, "-o", folder) == 2
    assert expected in capsys.readouterr().err
    assert not folder.exists()


def test_a_file_where_the_reproduction_should_go_is_reported(tmp_path, capsys):
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    assert exit_status("reproduce", "fig5", "--workers", 1, "-o", path) == 2
    assert "Not a directory" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "mine"


def here(monkeypatch):
    """Let the command run in this process, where its runs can be broken."""

    @contextmanager
    def one(scheduler, workers):
        with ThreadPoolExecutor(1) as pool:
            yield Workers(pool, lambda: 1)

    monkeypatch.setattr("qkdopt.jobs.batch.open_workers", one)


def test_ctrl_c_before_the_first_row_is_an_interruption(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    here(monkeypatch)
    monkeypatch.setattr("qkdopt.experiments.study.job.simulate", interrupted)
    assert exit_status("reproduce", "fig5", "--requests", 1000, "-o", tmp_path / "new") == 130
    assert "0 of 44 runs done" in capsys.readouterr().err
    with pytest.raises(UnfinishedError, match="interrupted"):
        reproduce("fig5", requests=1000)


def test_failed_runs_are_reported_and_run_again(tmp_path, monkeypatch, capsys):
    def fail(*arguments, **options):
        if options["load_erlang"] == 100.0:
            raise RuntimeError("planted")
        return simulate(*arguments, **options)

    here(monkeypatch)
    command = ["reproduce", "fig5", "--requests", 1000, "-o", tmp_path]
    with monkeypatch.context() as broken:
        broken.setattr("qkdopt.experiments.study.job.simulate", fail)
        assert exit_status(*command) == 3
        with pytest.raises(UnfinishedError, match="100 erlang seed 0: RuntimeError: planted"):
            reproduce("fig5", requests=1000, folder=tmp_path)
    message = capsys.readouterr().err
    assert "40 of 44 runs done" in message
    assert "100 erlang seed 0: RuntimeError: planted" in message
    assert not (tmp_path / "fig5.csv").exists()
    assert exit_status(*command) == 0
    assert (tmp_path / "fig5.csv").exists()
    points = reproduce("fig5", requests=1000, folder=tmp_path).points["fig5"]
    assert set(points["curve"]) == {curve.name for curve in curves_of("fig5")}
    page = Reader((tmp_path / "reproduction.html").read_text(encoding="utf-8"))
    rates = [float(row["mean_skr_bps"]) for row in page.table("fig5")]
    assert rates == list(points["mean_skr_bps"])
    assert len(page.table("paper_vs_ours")) == 1


def draws_table():
    """Rows of figure 4 at 140 erlang: ten draws and more, of one size without its third."""
    rng = np.random.default_rng(3)
    size = rng.normal(10.0, 3.0, 12)
    rows = [
        {
            "label": f"fig4 DS-QKD N={n}", "set": f"DS-QKD N={n} #{draw}", "load_erlang": 140.0,
            "instance": "nsfnet_3", "status": "done", "mean_skr_bps": scale * size[draw],
            "batch_skr": np.array([scale * size[draw]]), "batch_served": np.array([1.0]),
            "batch_offered": np.array([1.0]), "seed": 0, "replications": 1, "warmup": 0,
        }
        for n, scale in ((2, 1.0), (5, 1.2))
        for draw in range(12)
        if (n, draw) != (2, 2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_draws_are_paired_by_their_number():
    (row,) = compare(draws_table()).to_dict("records")
    for name in ("ours_percent", "draws_p05_percent", "draws_p95_percent"):
        assert row[name] == pytest.approx(20.0)


def test_the_interval_is_that_of_the_ratio_of_means():
    rows = draws_table()
    # Draws of small rate gain most: the spread of the single gains is another one.
    large = rows["label"] == "fig4 DS-QKD N=5"
    rows.loc[large, "mean_skr_bps"] = rows.loc[large, "mean_skr_bps"] ** 0.5 + 8.0
    (row,) = compare(rows).to_dict("records")
    sets = rows["set"].str.split("#").str[1]
    base, improved = (
        rows[which & (sets != "2")]["mean_skr_bps"].to_numpy() for which in (~large, large)
    )
    ratio = improved.mean() / base.mean()
    spread = (improved - ratio * base).std(ddof=1) / np.sqrt(11.0) / base.mean()
    assert row["ours_percent"] == pytest.approx(100.0 * (ratio - 1.0))
    assert row["ci95_percent"] == pytest.approx(100.0 * student_quantile(10) * spread)
