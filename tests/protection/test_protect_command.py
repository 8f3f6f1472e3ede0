"""``qkdopt design --protect``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from qkdopt.exact_sets.putting import some_sets
from qkdopt.generate import new_instance
from qkdopt.io import read_instance
from qkdopt.protection.protect import protect
from qkdopt.runs import hold
from tests.command import exit_status
from tests.shipped import LIBRARY

RING = LIBRARY / "small" / "ring.json"


def test_a_kept_plan_is_written_and_checked(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1000, "-o", tmp_path)
    status = exit_status("design", RING, *options)
    told = capsys.readouterr().out
    assert (
        status
        == {"kept": 0, "impossible": 1, "not found": 3}[
            told.split("status")[1].split(":")[0].strip()
        ]
    )
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0
    table = pd.read_csv(tmp_path / "protection.csv")
    assert set(table["kind"]) == {"receiver", "link"}
    worst = table["worst_skr_bps"].dropna()
    assert (worst >= 1000.0).all()


def test_a_floor_beyond_reach_is_impossible_with_a_reason(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1e9, "-o", tmp_path, "--json")
    assert exit_status("design", RING, *options) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "impossible"
    assert told["served"] == 0
    assert all(one["proved"] for one in told["left_out"])


def test_an_empty_plan_is_told(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1e9, "-o", tmp_path)
    assert exit_status("design", RING, *options) == 1
    assert "the plan serves no demand" in capsys.readouterr().out
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0


def test_a_given_set_is_taken(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1000, "--protect-set", "0,5", "-o", tmp_path)
    exit_status("design", RING, *options)
    assert "{0,5}" in capsys.readouterr().out


def test_interrupt_writes_the_best_plan_so_far(tmp_path):
    command = [sys.executable, "-m", "qkdopt", "design", LIBRARY / "small" / "mesh6.json"]
    options = ["--channels", "2", "--protect", "32000", "--time-limit", "300"]
    run = subprocess.Popen(
        [*command, *options, "-o", tmp_path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(tmp_path.glob(".running.json")):
        time.sleep(0.05)
    # The search starts now; without the interrupt it takes about a minute.
    time.sleep(4.0)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60.0)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in out
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0
    assert (tmp_path / "protection.csv").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--protect", "0"), "protect = 0"),
        (("--protect", "nan"), "protect = nan"),
        (("--protect", "1", "--protect-set", "99"), "99"),
        (("--protect", "1", "--channels", "1:2"), "no range"),
        (("--protect", "1", "--time-limit", "-1"), "time limit = -1"),
    ],
)
def test_bad_options_write_nothing(options, told, tmp_path, capsys):
    folder = tmp_path / "never"
    chosen = ("--channels", "2", *options)
    assert exit_status("design", RING, *chosen, "-o", folder) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()


def test_a_file_in_the_way_is_told_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("qkdopt.cli.protecting.protect", None)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    options = ("--channels", 2, "--protect", 1000, "-o", tmp_path / "file")
    assert exit_status("design", RING, *options) == 2
    assert "expected a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_another_run_holds_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("qkdopt.cli.protecting.protect", None)
    other = subprocess.Popen(["sleep", "60"])
    with hold(tmp_path):
        sign = next(tmp_path.glob("*.json"))
        told = json.loads(sign.read_text(encoding="utf-8")) | {"process": other.pid}
        sign.write_text(json.dumps(told), encoding="utf-8")
        options = ("--channels", 2, "--protect", 1000, "-o", tmp_path)
        assert exit_status("design", RING, *options) == 2
    other.kill()
    other.wait()
    assert "one run at a time" in capsys.readouterr().err


def test_the_question_is_written_beside_the_answer(tmp_path):
    options = ("--channels", 2, "--protect", 1000, "-o", tmp_path, "--seed", 3)
    assert exit_status("design", RING, *options) == 0
    told = json.loads((tmp_path / "question.json").read_text(encoding="utf-8"))
    instance = read_instance(RING)
    assert told["instance"] == instance.name
    assert told["sha256"] == instance.sha256()
    assert told["seed"] == 3
    assert told["environment"]["versions"]["qkdopt"]


def test_of_very_many_sets_some_are_drawn(tmp_path):
    wide = new_instance("wide", topology="nsfnet", demands=3, seed=1, channels=40, k=6)
    started = time.monotonic()
    found = protect(wide, floor_bps=1.0, channels=8, time_limit=20.0)
    assert time.monotonic() - started < 40.0
    assert len(found.channels) == 8
    sets = some_sets(wide, 8, 300, 0)
    assert len(set(sets)) == len(sets)
    assert 200 <= len(sets) <= 300
    assert sets == some_sets(wide, 8, 300, 0)
