"""``qkdopt design protect``."""

from __future__ import annotations

import json
import signal

import pandas as pd
import pytest

from qkdopt.channel_sets.exact.candidate_sets import sampled_sets
from qkdopt.channel_sets.protection.protect import protect
from qkdopt.channel_sets.protection.search import insert
from qkdopt.instance.generation import new_instance
from qkdopt.io import read_instance
from qkdopt.jobs import lock
from tests.command import HANG_SECONDS, exit_status, running
from tests.report.pages import Reader
from tests.shipped import LIBRARY

RING = LIBRARY / "small" / "ring.json"


def test_a_kept_plan_is_written_and_checked(tmp_path, capsys):
    options = ("--channels", 2, "--min-skr", 1000, "-o", tmp_path)
    assert exit_status("design", "protect", RING, *options) == 0
    assert "status     kept: " in capsys.readouterr().out
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0
    table = pd.read_csv(tmp_path / "protection.csv")
    assert set(table["kind"]) == {"receiver", "link"}
    assert len(table) == 2 * len(read_instance(RING).network.links)
    assert (table["worst_skr_bps"] >= 1000.0).all()
    page = Reader((tmp_path / "design.html").read_text(encoding="utf-8"))
    rates = [float(row["worst_skr_bps"]) for row in page.table("protection")]
    assert rates == pytest.approx(list(table["worst_skr_bps"]), rel=1e-12)


def test_a_floor_beyond_reach_is_impossible_with_a_reason(tmp_path, capsys):
    options = ("--channels", 2, "--min-skr", 1e9, "-o", tmp_path, "--json")
    assert exit_status("design", "protect", RING, *options) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "qkdopt/protection/1"
    assert told["status"] == "impossible"
    assert told["served"] == 0
    assert len(told["left_out"]) == len(read_instance(RING).demands)
    assert all(one["proved"] for one in told["left_out"])


def test_an_empty_plan_is_told(tmp_path, capsys):
    options = ("--channels", 2, "--min-skr", 1e9, "-o", tmp_path)
    assert exit_status("design", "protect", RING, *options) == 1
    assert "the plan serves no demand" in capsys.readouterr().out
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0


def test_a_given_set_is_taken(tmp_path, capsys):
    options = ("--channels", 2, "--min-skr", 1000, "--set", "0,5", "-o", tmp_path)
    assert exit_status("design", "protect", RING, *options) == 0
    assert "{0,5}" in capsys.readouterr().out


@pytest.mark.usefixtures("ctrl_c")
def test_interrupt_writes_the_best_plan_so_far(tmp_path, monkeypatch, capsys):
    begun = []

    def interrupted(plan, demands, stop):
        begun.append(plan)
        if len(begun) == 2:
            signal.raise_signal(signal.SIGINT)
        insert(plan, demands, stop)

    monkeypatch.setattr("qkdopt.channel_sets.protection.protect.insert", interrupted)
    options = ("--channels", 2, "--min-skr", 32_000, "--time-limit", HANG_SECONDS, "-o", tmp_path)
    assert exit_status("design", "protect", LIBRARY / "small" / "mesh6.json", *options) == 130
    # The first set has its plan, and after the second no set is begun.
    assert len(begun) == 2
    assert begun[0].assignments
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert "interrupted" in out
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0
    assert len(pd.read_csv(tmp_path / "protection.csv")) > 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--min-skr", "0"), "min-skr = 0"),
        (("--min-skr", "nan"), "min-skr = nan"),
        (("--min-skr", "1", "--set", "99"), "99"),
        (("--min-skr", "1", "--channels", "1:2"), "valid integer"),
        (("--min-skr", "1", "--time-limit", "-1"), "time limit = -1"),
    ],
)
def test_bad_options_write_nothing(options, told, tmp_path, capsys):
    folder = tmp_path / "never"
    chosen = ("--channels", "2", *options)
    assert exit_status("design", "protect", RING, *chosen, "-o", folder) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()


def test_a_file_in_the_way_is_told_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("qkdopt.cli.design_protect.protect", None)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    options = ("--channels", 2, "--min-skr", 1000, "-o", tmp_path / "file")
    assert exit_status("design", "protect", RING, *options) == 2
    assert "expected a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_another_run_holds_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("qkdopt.cli.design_protect.protect", None)
    with running("sleep", HANG_SECONDS) as other, lock(tmp_path):
        sign = next(tmp_path.glob("*.json"))
        told = json.loads(sign.read_text(encoding="utf-8")) | {"process": other.pid}
        sign.write_text(json.dumps(told), encoding="utf-8")
        options = ("--channels", 2, "--min-skr", 1000, "-o", tmp_path)
        assert exit_status("design", "protect", RING, *options) == 2
    assert "one run at a time" in capsys.readouterr().err


def test_the_question_is_written_beside_the_answer(tmp_path):
    options = ("--channels", 2, "--min-skr", 1000, "-o", tmp_path, "--seed", 3)
    assert exit_status("design", "protect", RING, *options) == 0
    told = json.loads((tmp_path / "question.json").read_text(encoding="utf-8"))
    instance = read_instance(RING)
    assert told["instance"] == instance.name
    assert told["sha256"] == instance.sha256()
    assert told["seed"] == 3
    assert told["environment"]["versions"]["qkdopt"]


def test_of_very_many_sets_some_are_drawn(monkeypatch):
    wide = new_instance("wide", topology="nsfnet", demands=3, seed=1, channels=40, k=6)
    # The list of all 76,904,685 sets would take for ever: here it goes wrong when it is begun.
    first = iter([tuple(range(8))])
    monkeypatch.setattr("qkdopt.channel_sets.protection.protect.every_set", lambda *_: first)
    found = protect(wide, min_skr_bps=1.0, channels=8, time_limit=20.0)
    assert len(found.channels) == 8
    assert found.channels != tuple(range(8))
    sets = sampled_sets(wide, 8, 300, 0)
    assert len(set(sets)) == len(sets)
    assert 200 <= len(sets) <= 300
    assert sets == sampled_sets(wide, 8, 300, 0)
