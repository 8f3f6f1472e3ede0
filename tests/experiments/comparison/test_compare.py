"""Comparisons: races, profiles, summaries, plots, and the command."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import qkdopt
from qkdopt.adapters import adapter_of
from qkdopt.errors import InstanceError
from qkdopt.experiments.comparison import (
    BenchmarkRun,
    Profile,
    benchmark_runs,
    read_profile,
    summarise,
    to_markdown,
)
from qkdopt.experiments.comparison.summary import shifted_mean
from qkdopt.plotting import plot_gap_over_time, plot_performance_profile
from qkdopt.plotting.solvers import _gap_at
from tests.command import HANG_SECONDS, exit_status
from tests.report.pages import Reader, number
from tests.shipped import LIBRARY
from tests.tiers import slow_if

SMALL = LIBRARY / "small"
LINE, RESERVED = SMALL / "line.json", SMALL / "line_1to2_reserved.json"


def hand_made() -> pd.DataFrame:
    """Two ways on two instances: one solves both, the other one, and fails on one."""
    common = {"formulation": "joint", "limit_seconds": 10.0, "version": "1"}
    rows = [
        ("a", "quick", "optimal", 3, 100.0, 0.0, 1.0, True, "done"),
        ("b", "quick", "optimal", 2, 50.0, 1e-5, 4.0, True, "done"),
        ("a", "slow", "feasible", 3, 99.0, 0.02, 10.0, True, "done"),
        ("b", "slow", None, None, None, None, None, None, "failed"),
    ]
    names = (
        "instance", "solver", "outcome", "served", "value_bps", "gap", "seconds", "checked",
        "status",
    )  # fmt: skip
    table = pd.DataFrame([dict(zip(names, row, strict=True)) | common for row in rows])
    return table.assign(instance_sha256=table["instance"])


def test_a_summary_counts_solved_best_and_failed_and_charges_the_limit():
    table = summarise(hand_made()).set_index("solver")
    assert list(table.index) == ["quick", "slow"]
    assert table.loc["quick", ["runs", "solved", "best", "failed", "broken"]].tolist() == [
        2, 2, 2, 0, 0,
    ]  # fmt: skip
    assert table.loc["slow", ["solved", "best", "failed"]].tolist() == [0, 0, 1]
    assert table.loc["quick", "mean_seconds"] == pytest.approx((2.0 * 5.0) ** 0.5 - 1.0)
    assert table.loc["slow", "mean_seconds"] == pytest.approx(10.0)
    assert table.loc["slow", "mean_gap_percent"] == pytest.approx(51.0)


def test_what_the_checker_refuses_neither_solves_nor_wins():
    rows = hand_made()
    rows.loc[0, "checked"] = False
    table = summarise(rows).set_index("solver")
    assert table.loc["quick", ["solved", "best", "broken"]].tolist() == [1, 1, 1]
    assert table.loc["slow", "best"] == 1
    assert table.loc["quick", "mean_gap_percent"] > 50.0


def test_the_best_serves_most_and_then_is_of_most_value():
    rows = hand_made().iloc[:2].assign(instance_sha256="a", served=[5, 4], value_bps=[100.0, 150.0])
    rows = rows.assign(solver=["more", "richer"])
    assert summarise(rows).set_index("solver")["best"].to_dict() == {"more": 1, "richer": 0}


def test_an_instance_given_twice_runs_once():
    instance = qkdopt.read_instance(LINE)
    assert len(list(benchmark_runs([instance, instance], ["highs"], ["joint"]))) == 1


def test_the_shifted_mean_of_equal_times_is_that_time():
    assert shifted_mean(np.full(5, 3.0)) == pytest.approx(3.0)
    assert shifted_mean(np.array([0.0, 8.0])) == pytest.approx(2.0)


def test_markdown_has_a_line_a_row_and_leaves_nothing_empty_as_nan():
    text = to_markdown(pd.DataFrame({"a": [1.23456, np.nan], "b": ["x", None]}))
    assert text.splitlines() == ["| a | b |", "| --- | --- |", "| 1.235 | x |", "|  |  |"]


def test_the_profile_steps_at_each_ratio_to_the_fastest():
    rows = hand_made()
    rows.loc[2, ["outcome", "seconds"]] = ["optimal", 3.0]
    ax = plot_performance_profile(rows, Figure().subplots())
    slow = ax.lines[1]
    assert slow.get_label() == "slow, joint"
    assert slow.get_xdata().tolist() == [1.0, 3.0, 6.0]
    assert slow.get_ydata().tolist() == [0.0, 0.5, 0.5]


def test_the_gap_over_time_is_that_of_the_best_known_so_far():
    row = {
        "trace_seconds": [1.0, 2.0, 3.0],
        "trace_value_bps": [50.0, 80.0, 80.0],
        "trace_bound_bps": [None, 100.0, 80.0],
    }
    assert _gap_at(row, np.array([0.5, 1.5, 2.5, 9.0])) == pytest.approx([1.0, 1.0, 0.2, 0.0])
    nothing = {"trace_seconds": [], "trace_value_bps": [], "trace_bound_bps": []}
    assert _gap_at(nothing, np.array([1.0])) == [1.0]
    rows = pd.DataFrame([row | {"solver": "s", "formulation": "f", "seconds": 3.0}])
    assert len(plot_gap_over_time(rows, Figure().subplots()).lines) == 1


def test_cp_sats_own_model_races_with_cp_sat_alone():
    instance = qkdopt.read_instance(LINE)
    runs = benchmark_runs([instance], ["highs", "cp-sat"], ["joint", "cp-sat"])
    assert [(run.solver, run.formulation) for run in runs] == [
        ("highs", "joint"), ("cp-sat", "joint"), ("cp-sat", "cp-sat"),
    ]  # fmt: skip


def test_a_race_is_checked_traced_and_named_by_its_work():
    instance = qkdopt.read_instance(RESERVED)
    race = BenchmarkRun(
        instance=instance, solver="highs", formulation="joint", seconds=HANG_SECONDS
    )
    row = race.run()
    assert (row["status"], row["outcome"], row["checked"]) == ("done", "optimal", True)
    assert row["start_accepted"] is True
    assert row["trace_seconds"][-1] == row["seconds"]
    assert row["trace_value_bps"][-1] == row["value_bps"]
    keys = {
        race.key,
        BenchmarkRun(
            instance=instance, solver="highs", formulation="joint", seconds=1.0 + HANG_SECONDS
        ).key,
        BenchmarkRun(
            instance=instance, solver="highs", formulation="textbook", seconds=HANG_SECONDS
        ).key,
        BenchmarkRun(instance=instance, solver="highs", formulation="joint", settings={"a": 1}).key,
    }
    assert len(keys) == 4


def test_a_race_that_fails_keeps_its_error():
    instance = qkdopt.read_instance(RESERVED)
    row = BenchmarkRun(
        instance=instance, solver="highs", formulation="joint", settings={"x": 1}
    ).run()
    assert row["status"] == "failed"
    assert "option x" in row["error"]
    assert row["value_bps"] is None


def test_profiles_are_read_with_every_fault(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(
        'name = "p"\nseconds = 5\n[[options.highs]]\nname = "presolve"\nvalue = "off"\n'
        'reason = "to see the raw model"\n',
        encoding="utf-8",
    )
    profile = read_profile(path)
    assert profile.settings_of("highs") == {"presolve": "off"}
    assert profile.settings_of("scip") == {}
    path.write_text('seconds = -1\nthreads = 0\n[[options.abacus]]\nname = "a"\nvalue = 1\n')
    with pytest.raises(InstanceError) as caught:
        read_profile(path)
    assert len(caught.value.faults) >= 3
    path.write_text("= 3")
    with pytest.raises(InstanceError, match="expected TOML"):
        read_profile(path)


def test_an_option_that_a_solver_does_not_know_is_reported_before_anything_runs(tmp_path, capsys):
    path = tmp_path / "p.toml"
    path.write_text('[[options.highs]]\nname = "prsolve"\nvalue = "off"\nreason = "none"\n')
    arguments = ("compare", LINE, "--solvers", "highs", "--profile", path, "-o", tmp_path / "out")
    assert exit_status(*arguments) == 2
    assert "option prsolve" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_shipped_profiles_are_valid():
    paths = sorted((LIBRARY.parent / "solvers" / "profiles").glob("*.toml"))
    assert len(paths) >= 3
    for path in paths:
        profile = read_profile(path)
        assert isinstance(profile, Profile)
        assert profile.name == path.stem


def test_compare_writes_tables_and_plots_and_a_second_run_does_nothing(
    tmp_path, capsys, monkeypatch
):
    arguments = (
        "compare", RESERVED, SMALL / "triangle_pair.json", "--solvers", "highs,scip",
        "--formulations", "joint,load-state", "--time-limit", HANG_SECONDS, "--workers", 1,
        "-o", tmp_path / "out",
    )  # fmt: skip
    (tmp_path / "out").mkdir()
    pytest.importorskip("pyscipopt")
    assert exit_status(*arguments) == 0
    table = pd.read_csv(tmp_path / "out" / "results.csv")
    assert list(table.columns[:13]) == [
        "instance", "solver", "formulation", "version", "status", "served", "without_key",
        "value_bps", "bound_bps", "gap", "seconds", "start_accepted", "checked",
    ]  # fmt: skip
    assert len(table) == 8
    assert set(table["status"]) == {"optimal"}
    assert table["checked"].all()
    best = table.groupby("instance")["value_bps"]
    assert (best.max() - best.min()).max() <= 1e-3 * table["value_bps"].max()
    for name in ("performance_profile.png", "gap_over_time.png"):
        assert (tmp_path / "out" / name).stat().st_size > 5000
    assert "| highs | load-state |" in (tmp_path / "out" / "summary.md").read_text()
    page = Reader((tmp_path / "out" / "comparison.html").read_text(encoding="utf-8"))
    assert [number(row["value_bps"]) for row in page.table("runs")] == list(table["value_bps"])
    assert {row["formulation"] for row in page.table("summary")} == set(table["formulation"])
    monkeypatch.setattr("qkdopt.jobs.runner.run_task", None)
    assert exit_status(*arguments) == 0
    assert "load-state" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((LINE, "--solvers", "abacus"), "expected some of highs"),
        ((LINE, "--formulations", "magic"), "expected some of joint"),
        ((LINE, "--time-limit", "-3"), "seconds = -3"),
        ((LINE, "--gap", "7"), "gap = 7"),
        ((LINE, "--linearisation", "0.5"), "less than the gap"),
        ((LINE, "--workers", "-3"), "expected at least 1"),
        ((LINE, "--workers", "64", "--threads", "64"), "share a core"),
        ((LINE, "--solvers", "highs", "--formulations", "cp-sat"), "CP-SAT's own"),
        (("none.json",), "no such file"),
        ((LINE, "--profile", "none.toml"), "expected a TOML file"),
    ],
)
def test_bad_input_runs_nothing(tmp_path, monkeypatch, capsys, arguments, expected):
    monkeypatch.chdir(tmp_path)
    assert exit_status("compare", *arguments, "-o", tmp_path / "out") == 2
    output = capsys.readouterr().err
    assert expected in output
    assert "Traceback" not in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    slow_if(
        ["mesh6_1to4_reserved", "triangle_two_channels"],
        ["line_1to2_reserved", "mesh6_1to4_reserved", "ring_blocks", "triangle_two_channels"],
    ),
)
def test_solvers_agree(name):
    """The smaller half of `benchmarks/agreement.py`, at the same settings."""
    instance = qkdopt.read_instance(SMALL / f"{name}.json")
    profile = read_profile(LIBRARY.parent / "solvers" / "profiles" / "agreement.toml")
    rows = [
        BenchmarkRun(
            instance=instance,
            solver=solver,
            formulation="load-state",
            seconds=profile.seconds,
            gap=profile.gap,
            linearisation=profile.linearisation,
        ).run()
        for solver in ("highs", "scip", "cp-sat", "cbc", "glpk")
        if adapter_of(solver).available()
    ]
    assert all(row["checked"] for row in rows)
    assert len({row["served"] for row in rows}) == 1
    assert len(rows) >= 2
    values = [row["value_bps"] for row in rows]
    assert values == pytest.approx([values[0]] * len(values), rel=1e-4)
    assert min(row["bound_bps"] for row in rows) >= max(values) * (1.0 - 1e-12)
