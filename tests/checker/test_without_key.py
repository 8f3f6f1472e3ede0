"""Served demands without key are counted, recomputed and reported wherever `served` is."""

from __future__ import annotations

from pathlib import Path

import pytest

import qkdopt
from qkdopt.bounds.keyless import keyless_demands
from qkdopt.cli.live import progress_text
from qkdopt.cli.solve import summary
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.optimize import Progress
from qkdopt.problem import build_problem
from qkdopt.result import Result
from tests.brute_force import Oracle
from tests.command import exit_status
from tests.random_instances import random_instance

INSTANCES = Path(__file__).parent.parent.parent / "instances"
CROWDED = read_instance(INSTANCES / "bench" / "nsfnet_260erl.json")
DARK = INSTANCES / "small" / "ring_without_key.json"


def test_a_result_counts_what_its_rows_say():
    result = qkdopt.solve(CROWDED, strategy="ds-qkd")
    assert result.value is not None
    assert result.baseline is not None
    keyless = sum(row.served and row.skr_bps == 0.0 for row in result.demands)
    assert result.value.without_key == result.baseline.without_key == keyless
    assert 0 < keyless < result.value.served
    report = qkdopt.check(CROWDED, result)
    assert report.ok
    assert report.without_key == keyless
    text = summary(CROWDED, result)
    assert f"served     236 of 260 demands, {keyless} without key\n" in text
    assert f"236 served, {keyless} without key)" in text
    assert "noise leaves them without: less launch power" in text


def test_the_checker_finds_a_wrong_count_and_takes_a_result_from_before_it():
    result = qkdopt.solve(CROWDED, strategy="ds-qkd")
    data = result.to_json_dict()
    data["value"]["without_key"] -= 1
    (fault,) = qkdopt.check(CROWDED, Result.model_validate(data, strict=False)).faults
    assert fault.startswith("value.without_key = ")
    del data["value"]["without_key"], data["baseline"]["without_key"]
    earlier = Result.model_validate(data, strict=False)
    assert qkdopt.check(CROWDED, earlier).ok
    assert "served     236 of 260 demands\n" in summary(CROWDED, earlier)


def test_progress_says_it():
    report = Progress(seconds=1.0, phase="bound", served=50, without_key=49)
    assert "50 served, 49 without key" in progress_text(report)
    assert "without" not in progress_text(Progress(seconds=1.0, phase="bound", served=50))


def test_commands_say_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert exit_status("solve", DARK, "--strategy", "ds-qkd", "-o", "r.json") == 0
    output = capsys.readouterr().out
    assert "served     6 of 6 demands, 6 without key" in output
    assert "6 have no key in any plan over 3 candidate routes" in output
    assert exit_status("check", DARK, "r.json") == 0
    assert "served 6, 6 without key, objective" in capsys.readouterr().out
    assert exit_status("bound", DARK) == 0
    assert "6 without key in every plan: demands 0, 1, 2, 3, 4, 5" in capsys.readouterr().out
    assert exit_status("instance", "info", DARK) == 0
    assert "6 without key in every plan" in capsys.readouterr().out
    assert exit_status("instance", "best-known", DARK) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[2:6] == ["6", "of", "6", "6"]


@pytest.mark.parametrize("relay", ["lightpath", "widest"])
def test_no_plan_gives_key_to_a_demand_that_is_said_to_have_none(relay):
    keyless_count = keyed_count = 0
    for seed in range(40):
        # Loss ends the key of the longer links.
        data = random_instance(seed, relay=relay, floors=False).to_json_dict()
        data["fibre"] = data.get("fibre", {}) | {"loss_db_per_km": 1.2}
        instance = Instance.model_validate(data, strict=False)
        keyless = keyless_demands(build_problem(instance))
        for r, demand in enumerate(instance.demands):
            # Light of other demands can only take key away.
            best = Oracle(instance.model_copy(update={"demands": (demand,)})).best().get(1, 0.0)
            if r in keyless:
                assert best == 0.0, seed
                keyless_count += 1
            else:
                keyed_count += best > 0.0
    assert keyless_count >= 5
    assert keyed_count > 10
