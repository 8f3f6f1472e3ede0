"""``qkdopt sensitivity``: table, plot, ranking; bad input writes nothing; what is done stays."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pandas as pd
import pytest

from qkdopt.experiments.sensitivity.analysis import COLUMNS
from qkdopt.simulation.refusals import FOUR_WAVE_MIXING
from tests.command import HANG_SECONDS, exit_status, qkdopt, running, wait_until

ROOT = Path(__file__).parent.parent.parent
MESH = ROOT / "instances" / "small" / "mesh6_1to4_reserved.json"
pytestmark = pytest.mark.usefixtures("no_processes")
SHORT = ("--load", 4, "--requests", 500, "--workers", 1, "--step-db", 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sensitivity") / "new" / "out"
    asked = ("--sensitivity", -28, "--margin", 3, "--cap", 0, "-o", folder)
    assert exit_status("sensitivity", MESH, *SHORT, *asked) == 0
    return folder


def test_it_writes_table_plot_and_powers(folder):
    table = pd.read_csv(folder / "sensitivity.csv")
    assert tuple(table) == COLUMNS
    assert table["parameter"].nunique() == 8
    assert table["mean_skr_per_request_bps"].notna().all()
    assert (folder / "sensitivity.png").read_bytes().startswith(b"\x89PNG")
    powers = pd.read_csv(folder / "launch.csv")
    # 3 dB over -28 dBm and 0.2 dB/km.
    assert powers["floor_dbm"].tolist() == pytest.approx(
        (-25.0 + 0.2 * powers["length_km"]).tolist()
    )
    assert powers["saved_db"].tolist() == pytest.approx((-12.4 - powers["floor_dbm"]).tolist())


def test_a_second_time_nothing_is_run_again_and_the_answer_is_the_same(folder, capsys):
    rows = {path: path.stat().st_mtime_ns for path in folder.glob("rows.parquet/*.parquet")}
    before = (folder / "sensitivity.csv").read_bytes()
    asked = ("--sensitivity", -28, "--margin", 3, "--cap", 0, "-o", folder, "--json")
    assert exit_status("sensitivity", MESH, *SHORT, *asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert {path: path.stat().st_mtime_ns for path in rows} == rows
    assert len(list(folder.glob("rows.parquet/*.parquet"))) == len(rows)
    assert (folder / "sensitivity.csv").read_bytes() == before
    assert told["schema"] == "qkdopt/sensitivity/1"
    assert told["ranking"][0]["parameter"] == "detector efficiency"
    assert set(told["settings"][0]) == set(COLUMNS)
    assert told["requests"] == 500


def test_it_prints_a_ranking_with_intervals(folder, capsys):
    asked = ("--sensitivity", -28, "--margin", 3, "--cap", 0, "-o", folder)
    assert exit_status("sensitivity", MESH, *SHORT, *asked) == 0
    told = capsys.readouterr().out
    for part in (
        "as it stands", "detector efficiency", "Raman scale (yardstick)", "launch, per-link floor",
        " +- ", "note  insertion loss -6 dB left out", f"written to {folder}",
    ):  # fmt: skip
        assert part in told


def test_columns_say_what_was_measured_where(folder, capsys):
    assert exit_status("sensitivity", MESH, *SHORT, "--step-db", 3, "-o", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(line for line in lines if line.startswith("parameter "))
    assert "% per dB better" in head
    assert "measured at" in head
    line = {line.split("  ")[0]: line for line in lines}
    # From 3 dB less power, and from 3 dB more loss: less of it cannot be bought.
    assert re.search(
        r" \+1\.\d\d \+- 0\.\d\d +-3 dB   -21\.4 dBm \(-9 dB\): \+", line["launch power"]
    )
    assert re.search(r" \(\+26\.\d\d \+- <0\.01\) +\+3 dB   at its limit", line["insertion loss"])
    assert any(line.startswith("(...) at its limit") for line in lines)


def test_without_key_no_setting_is_called_best(tmp_path, capsys):
    data = json.loads(MESH.read_text(encoding="utf-8")) | {"classical": {"launch_dbm": 25.0}}
    dead = tmp_path / "dead.json"
    dead.write_text(json.dumps(data), encoding="utf-8")
    asked = (*SHORT, "--step-db", 3, "-o", tmp_path / "out")
    assert exit_status("sensitivity", dead, *asked) == 0
    told = capsys.readouterr().out.split("best of the settings tried\n")[1]
    assert told.count("no key at any") == 6
    assert "dB:" not in told
    assert exit_status("sensitivity", dead, *asked, "--json") == 0
    for row in json.loads(capsys.readouterr().out)["ranking"]:
        assert row["gain_percent_per_db"] is row["best_value"] is row["best_gain_percent"] is None


@pytest.mark.parametrize("command", ["sensitivity", "resilience"])
def test_off_a_terminal_progress_is_no_line_for_each_run(command, tmp_path, capsys):
    asked = ("--load", 4, "--requests", 1000, "--workers", 1, "-o", tmp_path / "out")
    assert exit_status(command, MESH, *asked) == 0
    lines = capsys.readouterr().err.splitlines()
    # Before it is known how many, only time and kernels that compile can be told.
    first, *others = (line for line in lines if not re.search(r" s  (starting|compiling)", line))
    count = re.fullmatch(r" +\d+\.\d s  (\d+) runs(; compiling, once)?", first)
    # Later lines are of kernels that compile, or ten seconds after the one before.
    assert len(others) < int(count[1])
    for line in others:
        assert re.fullmatch(r" +\d+\.\d s  \d+ runs(; compiling, once)?(: \d+ done, .*)?", line)
    ticks = [float(line.split(" s ")[0]) for line in others if " done, " in line]
    assert all(later - one > 9.0 for one, later in zip([0.0, *ticks], ticks, strict=False))


@pytest.mark.parametrize("command", ["sensitivity", "resilience"])
def test_numbers_out_of_range_are_told_in_the_same_words(command, tmp_path, capsys):
    asked = ("--load", "inf", "--requests", 0, "--workers", 0, "--seed", -1, "-o", tmp_path / "out")
    assert exit_status(command, MESH, *asked) == 2
    told = capsys.readouterr().err
    for fault in (
        "load = inf erlang; expected a finite number, more than 0",
        "requests = 0; expected at least", "after the warm-up",
        "workers = 0; expected at least 1", "seed = -1; expected 0 or more",
    ):  # fmt: skip
        assert told.count(fault) == 1


@pytest.mark.parametrize("command", ["sensitivity", "resilience", "simulate"])
def test_four_wave_mixing_is_refused_in_the_same_words(command, tmp_path, capsys):
    data = json.loads(MESH.read_text(encoding="utf-8"))
    data["other_noise"] = {"four_wave_mixing": {}}
    mixing = tmp_path / "mixing.json"
    mixing.write_text(json.dumps(data), encoding="utf-8")
    folder = () if command == "simulate" else ("-o", tmp_path / "out")
    assert exit_status(command, mixing, "--requests", 1000, *folder) == 2
    assert FOUR_WAVE_MIXING in capsys.readouterr().err


def test_another_set_of_channels_is_another_sweep(folder, tmp_path, capsys):
    asked = ("--channels", "3,5", "-o", tmp_path / "out", "--json")
    assert exit_status("sensitivity", MESH, *SHORT, *asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["channels"] == "{3,5}"
    assert not (tmp_path / "out" / "launch.csv").exists()
    own = pd.read_csv(folder / "sensitivity.csv")["mean_skr_per_request_bps"]
    assert told["settings"][1]["mean_skr_per_request_bps"] != own[1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            (MESH, "--requests", 0, "--workers", 0, "--seed", -1, "--load", "nan", "--step-db", 0),
            [
                "5 faults", "requests = 0", "workers = 0", "seed = -1", "load = nan erlang",
                "step = 0; expected 0.5 to 9 dB",
            ],
        ),
        ((MESH, "--cap", -3), ["1 fault", "expected a sensitivity with them"]),
        ((MESH, "--channels", "3,99"), ["1 fault", ": qkd.candidates: 99; expected a channel"]),
        ((MESH, "--channels", "red"), ["channels = 'red'"]),
        ((MESH, "--sensitivity", -28, "--cap", -27), ["8 faults", "cap of -27 dBm"]),
        (
            (ROOT / "tests" / "bad" / "link_launch_in_uw.json", "--step-db", 90, "--margin", 1),
            ["3 faults", "network.links[1].launch_dbm = 57.5", "step = 90", "sensitivity"],
        ),
        (("missing.json", "--requests", 0), ["2 faults", "no such file", "requests = 0"]),
    ],
)  # fmt: skip
def test_bad_input_is_one_error_with_every_fault_and_writes_nothing(
    arguments, expected, tmp_path, capsys
):
    status = exit_status("sensitivity", *arguments, "-o", tmp_path / "out")
    told = capsys.readouterr()
    assert status == 2
    assert told.out == ""
    assert told.err.startswith("qkdopt: sensitivity: ")
    assert not list(tmp_path.iterdir())
    for part in expected:
        assert part in told.err


def test_a_file_in_the_folders_place_is_an_error(tmp_path, capsys):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    assert exit_status("sensitivity", MESH, *SHORT, "-o", tmp_path / "out") == 2
    assert "out" in capsys.readouterr().err
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path):
    asked = ("--load", 4, "--requests", 30_000, "--workers", 1, "-o", tmp_path / "out")
    with running(*qkdopt("sensitivity", MESH, *asked)) as run:
        wait_until(
            lambda: run.poll() is not None or len(list(tmp_path.glob("out/*/*-done.parquet"))) >= 3
        )
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=HANG_SECONDS)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "run again for the rest" in err
    assert out == ""
    done = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/*-done.parquet")}
    assert len(done) >= 3
    assert not (tmp_path / "out" / "sensitivity.csv").exists()

    assert exit_status("sensitivity", MESH, *asked) == 0
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/*-done.parquet")}
    assert done.items() <= after.items()
    assert len(after) > len(done)
    assert (tmp_path / "out" / "sensitivity.csv").exists()


def test_the_old_name_is_answered_with_the_new_one(capsys):
    assert exit_status("knobs", MESH, *SHORT) == 2
    assert capsys.readouterr().err.splitlines() == [
        "qkdopt: knobs: expected its new name, qkdopt sensitivity"
    ]


SCENARIOS = """
[[scenarios]]
name = "as it is"
[[scenarios]]
name = "twice the Raman scattering"
raman_scale = 2.0
excess_loss_db = 0.5
"""


def test_scenarios_are_settings_on_the_same_requests(tmp_path, capsys):
    path, folder = tmp_path / "scenarios.toml", tmp_path / "out"
    path.write_text(SCENARIOS, encoding="utf-8")
    assert exit_status("sensitivity", MESH, *SHORT, "--scenarios", path, "-o", folder) == 0
    assert "twice the Raman scattering: -" in capsys.readouterr().out
    table = pd.read_csv(folder / "sensitivity.csv")
    # One that changes nothing is no setting.
    (row,) = table[table["unit"] == "scenario"].to_dict("records")
    assert row["parameter"] == "twice the Raman scattering"
    assert pd.isna(row["db"])
    present = table[table["db"] == 0.0]["mean_skr_per_request_bps"].iloc[0]
    assert 0.0 < row["mean_skr_per_request_bps"] < present
    expected = 100.0 * (row["mean_skr_per_request_bps"] / present - 1.0)
    assert row["paired_gain_percent"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load_erlang = [4, 5]", "expected 4: all settings meet the same requests"),
        ('[[scenarios]]\nname = "a"\n[[scenarios]]\nname = "a"\nloss = 1.1', "2 scenarios named a"),
        ("[[scenarios]]\nexcess_loss_db = -3.0", "insertion_loss_db"),
    ],
)
def test_scenarios_that_do_not_fit_are_refused(text, message, tmp_path, capsys):
    path, folder = tmp_path / "scenarios.toml", tmp_path / "out"
    path.write_text(text, encoding="utf-8")
    assert exit_status("sensitivity", MESH, *SHORT, "--scenarios", path, "-o", folder) == 2
    assert message in capsys.readouterr().err
    assert not folder.exists()
