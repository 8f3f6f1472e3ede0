"""``qkdopt instance best-known``, and saved plans where commands take them."""

from __future__ import annotations

import json
import shutil

import pytest

import qkdopt
from qkdopt.io import write_json_whole
from tests.command import exit_status
from tests.shipped import LIBRARY

NAMES = ("line", "triangle")


@pytest.fixture(scope="module")
def results():
    """Plain data of one result an instance."""
    paths = {name: LIBRARY / "small" / f"{name}.json" for name in NAMES}
    return {
        name: qkdopt.solve(qkdopt.read_instance(path), node_limit=2, gap=1e-6).to_json_dict()
        for name, path in paths.items()
    }


@pytest.fixture
def here(tmp_path, monkeypatch, results):
    """A folder with a small library and, for each instance, a good and a spoiled result."""
    (tmp_path / "instances" / "small").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name, data in results.items():
        shutil.copy(LIBRARY / "small" / f"{name}.json", tmp_path / "instances" / "small")
        write_json_whole(tmp_path / f"{name}.json", data)
        value = {**data["value"], "objective_bps": 1.1 * data["value"]["objective_bps"]}
        write_json_whole(tmp_path / f"{name}_spoiled.json", {**data, "value": value})
    return tmp_path


def best_known(capsys, *arguments):
    capsys.readouterr()
    status = exit_status("instance", "best-known", *arguments)
    told = capsys.readouterr()
    return status, told.out, told.err


def test_update_then_print(here, capsys):
    status, out, _ = best_known(capsys, "--update", "line.json", "triangle.json")
    assert status == 0
    assert "line.json: small/line mean: first plan: 6 of at most 6 served" in out
    status, out, _ = best_known(capsys)
    assert status == 0
    head, *lines = out.splitlines()
    assert head.split()[:3] == ["instance", "objective", "served"]
    assert [line.split()[0] for line in lines] == ["small/line", "small/triangle"]
    assert "6 of 6" in lines[0]
    assert "0.00 %  optimal  auto" in lines[0]
    assert best_known(capsys, "--update", "line.json")[1] == (
        "line.json: small/line mean: no better than what is known\n"
    )


def test_rows_of_given_instances_alone(here, capsys, monkeypatch):
    best_known(capsys, "--update", "line.json")
    monkeypatch.chdir("/")
    small = here / "instances" / "small"
    status, out, _ = best_known(capsys, small / "triangle.json", small / "line.json")
    assert status == 0
    assert out.splitlines()[1].startswith("small/line")
    assert out.splitlines()[2] == "small/triangle: no value yet"
    _, out, _ = best_known(capsys, small / "line.json", "--json")
    (row,) = json.loads(out)["rows"]
    assert (row["instance"], row["status"], row["checked"]) == ("small/line", "optimal", "yes")


def test_what_the_checker_refuses_is_status_1(here, capsys):
    status, out, err = best_known(capsys, "--update", "line.json", "triangle_spoiled.json")
    assert (status, out) == (1, "")
    assert "triangle_spoiled.json: value.objective_bps" in err
    assert "Traceback" not in err
    assert not (here / "instances" / "best_known.csv").exists()
    assert not (here / "instances" / "best_known").exists()


def test_bad_input_is_one_message_and_status_2(here, capsys):
    shutil.copy(here / "instances" / "small" / "line.json", here / "instance.json")
    data = json.loads((here / "line.json").read_text(encoding="utf-8"))
    data["instance"]["sha256"] = "0" * 64
    write_json_whole(here / "old.json", data)
    write_json_whole(here / "other.json", {**data, "instance": {"name": "x", "sha256": "1" * 64}})
    for arguments, told in (
        (["--update"], ["no result given"]),
        (["--update", "line.json", "--json"], ["--update --json"]),
        (["--update", "gone.json", "instance.json"], ["gone.json: no such file", "schema ="]),
        (["--update", "old.json", "other.json"], ["of small/line (an earlier", "instance 'x'"]),
        (["--update", "line.json", "--library", "nowhere"], ["nowhere: 1 fault"]),
        ([LIBRARY / "small" / "ring.json", "--library", "instances"], ["not of this library"]),
    ):
        status, out, err = best_known(capsys, *arguments)
        assert (status, out) == (2, ""), arguments
        for text in told:
            assert text in err
        assert "Traceback" not in err
    assert not (here / "instances" / "best_known.csv").exists()


def test_a_best_known_plan_can_be_checked_and_started_from(here, capsys):
    best_known(capsys, "--update", "line.json")
    instance, plan = "instances/small/line.json", "instances/best_known/small/line.json"
    assert exit_status("check", instance, plan) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{plan}: all rules hold; served 6, objective 408")
    start = ["--start", plan, "--strategy", "fixed", "--json"]
    assert exit_status("solve", instance, *start) == 0
    value = json.loads(capsys.readouterr().out)["value"]
    assert value == json.loads((here / "line.json").read_text(encoding="utf-8"))["value"]
    data = json.loads((here / plan).read_text(encoding="utf-8"))
    data["lightpaths"][0]["channels"] = [99]
    write_json_whole(here / plan, data)
    assert exit_status("check", instance, plan) == 1
    assert "uses channel 99" in capsys.readouterr().out
    assert exit_status("check", "instances/small/triangle.json", plan) == 1
    assert exit_status("solve", "instances/small/triangle.json", "--start", plan) == 2
