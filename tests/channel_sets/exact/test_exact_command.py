"""``qkdopt design prove``."""

from __future__ import annotations

import json
import signal

import pytest

from qkdopt.channel_sets.exact.exact import prove_channel_set
from qkdopt.io import read_instance
from qkdopt.jobs import lock
from tests.command import HANG_SECONDS, exit_status, qkdopt, running
from tests.report.pages import Reader
from tests.shipped import LIBRARY

TRIANGLE = LIBRARY / "small" / "triangle.json"
LIMIT = ("--time-limit", HANG_SECONDS)


def test_the_proved_set_is_written_as_a_result_that_check_accepts(tmp_path, capsys):
    options = ("--channels", 1, *LIMIT, "-o", tmp_path)
    assert exit_status("design", "prove", TRIANGLE, *options) == 0
    told = capsys.readouterr().out
    found = prove_channel_set(read_instance(TRIANGLE), 1)
    assert "{" + str(found.channels[0]) + "}" in told
    assert exit_status("check", tmp_path / "best.json", tmp_path / "exact.json") == 0
    page = (tmp_path / "design.html").read_text(encoding="utf-8")
    assert f"Proved by: {found.result.bound.method}." in Reader(page).text


def test_as_json(tmp_path, capsys):
    options = ("--channels", 1, *LIMIT, "-o", tmp_path, "--json")
    assert exit_status("design", "prove", TRIANGLE, *options) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "qkdopt/exact-set/1"
    assert told["status"] == "optimal"
    assert told["value_bps"] <= told["bound_bps"] * (1.0 + 1e-9)


@pytest.mark.usefixtures("ctrl_c")
def test_interrupt_writes_the_best_set_and_its_bound(tmp_path):
    options = ("--channels", 2, "--gap", 0, "--time-limit", HANG_SECONDS)
    command = qkdopt("design", "prove", LIBRARY / "small" / "mesh6.json", *options, "-o", tmp_path)
    with running(*command) as run:
        assert any("gap" in line for line in run.stderr)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=HANG_SECONDS)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in out
    found = json.loads((tmp_path / "exact.json").read_text(encoding="utf-8"))
    assert found["interrupted"]
    assert found["bound"]["objective_bps"] >= found["value"]["objective_bps"]
    assert exit_status("check", tmp_path / "best.json", tmp_path / "exact.json") == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--channels", "1:2"), "valid integer"),
        (("--channels", "0"), "channels = 0"),
        (("--channels", "99"), "channels = 99"),
        (("--channels", "1", "--time-limit", "0"), "time limit = 0"),
        (("--channels", "1", "--gap", "2"), "gap = 2"),
        (("--channels", "1", "--solver", "magic"), "magic"),
        (("--channels", "1", "--gap", "0.9", "--solver", "nosuch"), "nosuch"),
    ],
)
def test_bad_options_write_nothing(options, told, tmp_path, capsys):
    folder = tmp_path / "never"
    assert exit_status("design", "prove", TRIANGLE, *options, "-o", folder) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()


def test_a_file_in_the_way_is_told_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("qkdopt.cli.design_prove.prove_channel_set", None)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    options = ("--channels", 1, *LIMIT, "-o", tmp_path / "file")
    assert exit_status("design", "prove", TRIANGLE, *options) == 2
    assert "expected a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_another_run_holds_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("qkdopt.cli.design_prove.prove_channel_set", None)
    with running("sleep", HANG_SECONDS) as other, lock(tmp_path):
        sign = next(tmp_path.glob("*.json"))
        told = json.loads(sign.read_text(encoding="utf-8")) | {"process": other.pid}
        sign.write_text(json.dumps(told), encoding="utf-8")
        options = ("--channels", 1, *LIMIT, "-o", tmp_path)
        assert exit_status("design", "prove", TRIANGLE, *options) == 2
    assert "one run at a time" in capsys.readouterr().err


def test_the_question_is_written_beside_the_answer(tmp_path):
    options = ("--channels", 1, *LIMIT, "-o", tmp_path, "--seed", 3)
    assert exit_status("design", "prove", TRIANGLE, *options) == 0
    told = json.loads((tmp_path / "question.json").read_text(encoding="utf-8"))
    instance = read_instance(TRIANGLE)
    assert told["instance"] == instance.name
    assert told["sha256"] == instance.sha256()
    assert told["seed"] == 3
    assert told["environment"]["versions"]["qkdopt"]
