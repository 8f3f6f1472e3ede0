"""``qkdopt knobs``: table, plot, ranking; bad input writes nothing; what is done stays done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from qkdopt.knobs.table import COLUMNS
from tests.command import exit_status

ROOT = Path(__file__).parent.parent.parent
MESH = ROOT / "instances" / "small" / "mesh6_1to4_reserved.json"
SHORT = ("--load", 4, "--requests", 500, "--workers", 1, "--step-db", 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("knobs") / "new" / "out"
    asked = ("--sensitivity", -28, "--margin", 3, "--cap", 0, "-o", folder)
    assert exit_status("knobs", MESH, *SHORT, *asked) == 0
    return folder


def test_it_writes_table_plot_and_powers(folder):
    table = pd.read_csv(folder / "knobs.csv")
    assert tuple(table) == COLUMNS
    assert table["knob"].nunique() == 8
    assert table["mean_skr_per_request_bps"].notna().all()
    assert (folder / "knobs.png").read_bytes().startswith(b"\x89PNG")
    powers = pd.read_csv(folder / "launch.csv")
    # 3 dB over -28 dBm and 0.2 dB/km.
    assert powers["floor_dbm"].tolist() == pytest.approx(
        (-25.0 + 0.2 * powers["length_km"]).tolist()
    )
    assert powers["saved_db"].tolist() == pytest.approx((-12.4 - powers["floor_dbm"]).tolist())


def test_a_second_time_nothing_is_run_again_and_the_answer_is_the_same(folder, capsys):
    rows = {path: path.stat().st_mtime_ns for path in folder.glob("rows.parquet/*.parquet")}
    before = (folder / "knobs.csv").read_bytes()
    asked = ("--sensitivity", -28, "--margin", 3, "--cap", 0, "-o", folder, "--json")
    assert exit_status("knobs", MESH, *SHORT, *asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert {path: path.stat().st_mtime_ns for path in rows} == rows
    assert len(list(folder.glob("rows.parquet/*.parquet"))) == len(rows)
    assert (folder / "knobs.csv").read_bytes() == before
    assert told["schema"] == "qkdopt/knobs/1"
    assert told["ranking"][0]["knob"] == "detector efficiency"
    assert set(told["settings"][0]) == set(COLUMNS)
    assert told["requests"] == 500


def test_it_prints_a_ranking_with_intervals(folder, capsys):
    asked = ("--sensitivity", -28, "--margin", 3, "--cap", 0, "-o", folder)
    assert exit_status("knobs", MESH, *SHORT, *asked) == 0
    told = capsys.readouterr().out
    for part in (
        "as it stands", "detector efficiency", "Raman scale (yardstick)", "launch, per-link floor",
        " +- ", "note  insertion loss -6 dB left out", f"written to {folder}",
    ):  # fmt: skip
        assert part in told


def test_another_set_of_channels_is_another_sweep(folder, tmp_path, capsys):
    asked = ("--channels", "3,5", "-o", tmp_path / "out", "--json")
    assert exit_status("knobs", MESH, *SHORT, *asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["channels"] == "{3,5}"
    assert not (tmp_path / "out" / "launch.csv").exists()
    own = pd.read_csv(folder / "knobs.csv")["mean_skr_per_request_bps"]
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
    status = exit_status("knobs", *arguments, "-o", tmp_path / "out")
    told = capsys.readouterr()
    assert status == 2
    assert told.out == ""
    assert told.err.startswith("qkdopt: knobs: ")
    assert not list(tmp_path.iterdir())
    for part in expected:
        assert part in told.err


def test_a_file_in_the_folders_place_is_an_error(tmp_path, capsys):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    assert exit_status("knobs", MESH, *SHORT, "-o", tmp_path / "out") == 2
    assert "out" in capsys.readouterr().err
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path):
    command = [sys.executable, "-m", "qkdopt", "knobs", str(MESH), "--workers", "1"]
    command += ["--load", "4", "--requests", "60000", "-o", str(tmp_path / "out")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    for line in run.stderr:
        if line.startswith("3 of"):
            break
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60.0)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert out == ""
    done = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/*-done.parquet")}
    assert len(done) >= 3
    assert not (tmp_path / "out" / "knobs.csv").exists()

    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/*-done.parquet")}
    assert done.items() <= after.items()
    assert len(after) > len(done)
    assert (tmp_path / "out" / "knobs.csv").exists()
