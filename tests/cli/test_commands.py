"""Commands as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import HANG_SECONDS, exit_status

ROOT = Path(__file__).parent.parent.parent
SMALL = ROOT / "instances" / "small"


def qkdopt(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qkdopt", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_solve_writes_a_result_that_check_passes(tmp_path, capsys):
    done = qkdopt(
        "solve", SMALL / "mesh6.json", "-o", tmp_path / "r.json", "--time-limit", HANG_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert "proved bound" in done.stdout
    assert "HiGHS" not in done.stdout
    result = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert result["status"] == "optimal"
    assert exit_status("check", SMALL / "mesh6.json", tmp_path / "r.json") == 0
    assert "all rules hold" in capsys.readouterr().out

    result["gap"] = 0.9
    (tmp_path / "r.json").write_text(json.dumps(result), encoding="utf-8")
    assert exit_status("check", SMALL / "mesh6.json", tmp_path / "r.json") == 1


@pytest.mark.parametrize("strategy", ["fixed", "ds-qkd", "milp", "local-search"])
def test_json_is_one_object_on_stdout(strategy, capfd):
    asked = ("--strategy", strategy, "--json", "--time-limit", 3)
    assert exit_status("solve", SMALL / "line.json", *asked) == 0
    # Of the process: solvers write past Python.
    assert json.loads(capfd.readouterr().out)["strategy"] == strategy


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("solve", "missing.json"), "no such file"),
        (("solve", SMALL / "line.json", "--strategy", "magic"), "'magic' is not one of 'fixed'"),
        (("solve", SMALL / "line.json", "--gap", "5"), "given in per cent?"),
        (("solve", SMALL / "line.json", "--objective", "best"), "'best' is not one of 'mean'"),
        (("solve", SMALL / "line.json", "-o", "no/such/folder/r.json"), "does not exist"),
        (("bound", SMALL / "line.json", "--served", "99"), "expected 0 to 6"),
        (
            ("solve", SMALL / "line.json", "--routes", "all", "--strategy", "milp"),
            "expected strategy auto",
        ),
        (("solve", SMALL / "line.json", "--colour"), "No such option"),
        (("instance", "validate", "README.md"), "expected JSON"),
        (("instance", "new", "-o", "x.json", "--topology", "moon"), "expected one of beijing"),
    ],
)
def test_bad_input_is_one_message_and_status_2(arguments, expected, monkeypatch, capfd):
    monkeypatch.chdir(ROOT)
    assert exit_status(*arguments) == 2
    out, err = capfd.readouterr()
    assert expected in err
    assert "Traceback" not in err
    assert out == ""


def test_a_process_of_its_own_says_the_same_of_bad_input():
    done = qkdopt("solve", "missing.json")
    assert done.returncode == 2
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_node_limited_runs_repeat_but_for_times():
    runs = [
        json.loads(qkdopt("solve", SMALL / "triangle.json", "--node-limit", 2, "--json").stdout)
        for _ in range(2)
    ]
    for run in runs:
        run.pop("seconds")
        run["provenance"].pop("written_at")
        assert run["history"]
        for point in run["history"]:
            point.pop("seconds")
    assert runs[0] == runs[1]


def test_bound_info_and_solvers_answer(capfd):
    assert exit_status("bound", SMALL / "line.json", "--json") == 0
    assert json.loads(capfd.readouterr().out)["served"] == 6
    assert exit_status("instance", "info", ROOT / "instances" / "nsfnet_100erl.json") == 0
    assert "power x filter 5754 uW GHz" in capfd.readouterr().out
    assert exit_status("solvers") == 0
    assert "highs" in capfd.readouterr().out


def test_the_bound_over_all_routes_says_so_and_is_no_lower(capsys):
    bounds = []
    for routes in ("candidates", "all"):
        command = ("bound", SMALL / "mesh6.json", "--routes", routes, "--json", "--time-limit", 5)
        assert exit_status(*command) == 0
        bounds.append(json.loads(capsys.readouterr().out))
    assert [found["routes"] for found in bounds] == ["K=3", "all"]
    assert bounds[1]["served"] >= bounds[0]["served"]
    assert bounds[1]["objective_bps"] >= bounds[0]["objective_bps"] * (1.0 - 1e-3)
