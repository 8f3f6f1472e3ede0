"""A file that is wrong from end to end: the first faults, and how many more there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qkdopt.errors import MOST_SHOWN_FAULTS, InstanceError, OptionsError, fault_list
from qkdopt.io import read_instance
from tests.command import exit_status

ROOT = Path(__file__).parent.parent.parent
MESH = ROOT / "instances" / "small" / "mesh6.json"


@pytest.fixture
def wrong(tmp_path):
    """Write an instance of 8,000 demands from nowhere."""
    data = json.loads(MESH.read_text(encoding="utf-8"))
    data["demands"] = [{"id": r, "source": 0, "target": 1, "channels": 0} for r in range(8000)]
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize("count", [0, 1, 2, 19, 20, 21, 8000])
def test_a_list_counts_all_and_shows_the_first(count):
    lines = fault_list([f"fault {k}" for k in range(count)]).splitlines()
    assert lines[0] == f"{count:,} fault{'' if count == 1 else 's'}"
    shown = min(count, 20)
    assert lines[1 : 1 + shown] == [f"  - fault {k}" for k in range(shown)]
    assert lines[1 + shown :] == ([f"  ... and {count - 20:,} more"] if count > 20 else [])


@pytest.mark.parametrize("command", [("instance", "validate"), ("bound",), ("sensitivity",)])
def test_every_command_shows_twenty_faults_and_a_count(command, wrong, capsys, monkeypatch):
    monkeypatch.chdir(wrong.parent)
    assert exit_status(*command, wrong) == 2
    lines = capsys.readouterr().err.splitlines()
    assert "8,000 faults" in lines[0]
    assert len(lines) == 1 + MOST_SHOWN_FAULTS + 1
    assert lines[-1] == "  ... and 7,980 more"


def test_the_error_itself_keeps_every_fault(wrong):
    with pytest.raises(InstanceError) as caught:
        read_instance(wrong)
    assert len(caught.value.faults) == 8000
    assert len(OptionsError("x", caught.value.faults).faults) == 8000


def test_check_shows_twenty_faults_and_json_has_all(tmp_path, capsys):
    plan = tmp_path / "plan.json"
    instance = ROOT / "instances" / "nsfnet_100erl.json"
    assert exit_status("solve", instance, "--strategy", "fixed", "-o", plan) == 0
    result = json.loads(plan.read_text(encoding="utf-8"))
    for row in result["demands"]:
        row["skr_bps"] = 1e9
    plan.write_text(json.dumps(result), encoding="utf-8")
    capsys.readouterr()
    assert exit_status("check", instance, plan, "--json") == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert len(faults) > 2 * MOST_SHOWN_FAULTS
    assert exit_status("check", instance, plan) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:-1] == [f"  - {fault}" for fault in faults[:MOST_SHOWN_FAULTS]]
    assert lines[-1] == f"  ... and {len(faults) - MOST_SHOWN_FAULTS} more"


@pytest.mark.parametrize(
    "place", ["demands.0.id", "network.links.0.length_km", "routes.k", "note.of.nobody"]
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_of_thousands_of_digits_is_one_error(place, sign, tmp_path, capsys):
    data = json.loads(MESH.read_text(encoding="utf-8"))
    node = data
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    for step in steps:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    node[last] = "HERE"
    path = tmp_path / "long.json"
    path.write_text(json.dumps(data).replace('"HERE"', sign + 5000 * "9"), encoding="utf-8")
    output = tmp_path / "out.mps"
    for command in (
        ("instance", "validate", path), ("bound", path), ("solve", path),
        ("instance", "export", path, "-o", output), ("check", MESH, path),
    ):  # fmt: skip
        assert exit_status(*command) == 2
        message = capsys.readouterr().err
        assert "digits; expected less than 1e308" in message
        assert len(message.splitlines()) == 2
        assert len(message) < 400


def test_a_long_fault_shows_both_its_ends():
    text = "where = " + "x" * 9000 + "; expected a number"
    line = fault_list([text]).splitlines()[1]
    assert len(line) < 700
    assert line.startswith("  - where = xxx")
    assert line.endswith("xxx; expected a number")
    assert InstanceError("f", [text]).faults == (text,)


def test_what_a_terminal_would_obey_is_spelled_out():
    lines = fault_list(["a\x1b[2Jb", "two\nlines", "right\u202eleft"]).splitlines()
    assert lines[1:] == [r"  - a\x1b[2Jb", r"  - two\nlines", r"  - right\u202eleft"]


def test_the_name_of_a_field_is_cut_and_its_fault_kept(tmp_path, capsys):
    data = json.loads(MESH.read_text(encoding="utf-8"))
    data["demands"][0]["a" * 9000] = 1
    path = tmp_path / "long.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert exit_status("instance", "validate", path) == 2
    message = capsys.readouterr().err
    assert "demands[0].aaa" in message
    assert "...: unknown field; expected one of channels, " in message
    assert len(message) < 500


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no file without end here")
def test_a_file_without_end_is_read_no_further_than_allowed(monkeypatch, capsys):
    monkeypatch.setattr("qkdopt.io.reading.MAX_FILE_BYTES", 1000)
    for command in (("instance", "info"), ("study", "status"), ("rates", "--measured")):
        assert exit_status(*command, "/dev/zero") == 2
        assert "larger than 1000 bytes" in capsys.readouterr().err


def test_a_study_nested_too_deeply_is_one_error(tmp_path, capsys):
    path = tmp_path / "study.toml"
    path.write_text(f"loads = {'[' * 5000}", encoding="utf-8")
    assert exit_status("study", "status", path) == 2
    assert capsys.readouterr().err.endswith("nested too deeply; expected what qkdopt reads\n")


def test_a_whole_number_of_thousands_of_digits_in_a_study_is_one_error(tmp_path, capsys):
    path = tmp_path / "study.toml"
    path.write_text(f'name = "long"\nrequests = {5000 * "9"}\n', encoding="utf-8")
    assert exit_status("study", "status", path) == 2
    assert "thousands of digits; expected less than 1e308" in capsys.readouterr().err
