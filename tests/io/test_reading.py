"""Malformed inputs: one clear error with every fault, exit status 2, nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qkdopt.errors import InstanceError, OutputError
from qkdopt.io import parse_instance, read_instance, read_result, to_text, write_json_whole
from tests.command import exit_status

ROOT = Path(__file__).parent.parent.parent
GOOD = (ROOT / "instances" / "small" / "mesh6.json").read_text(encoding="utf-8")


def put(path: str, value: Any) -> str:
    data = json.loads(GOOD)
    here: Any = data
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    here[last] = value
    return json.dumps(data)


BAD = Path(__file__).parent.parent / "bad"
MESSAGES: dict[str, str] = json.loads((BAD / "messages.json").read_text(encoding="utf-8"))


def test_every_bad_file_has_its_message():
    assert {path.name for path in BAD.glob("*.json")} - {"messages.json"} == set(MESSAGES)
    assert len(MESSAGES) >= 40


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_one_fault_is_told_once_with_its_place(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status = exit_status("solve", BAD / name, "-o", "result.json")
    told = capsys.readouterr()
    assert status == 2
    assert told.out == ""
    assert "Traceback" not in told.err
    assert MESSAGES[name] in told.err
    assert len(told.err.strip().splitlines()) == 2, told.err
    assert list(tmp_path.iterdir()) == []


def test_all_faults_come_in_one_error():
    data = json.loads(put("fibre.loss_db_per_km", 4.6e-5))
    data["network"]["links"][0]["a"] = 99
    data["demands"][0]["channels"] = 0
    with pytest.raises(InstanceError) as caught:
        parse_instance(json.dumps(data))
    assert len(caught.value.faults) == 3


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(InstanceError, match="no such file"):
        read_instance(tmp_path / "missing.json")
    with pytest.raises(InstanceError, match="is a folder"):
        read_instance(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InstanceError, match="UTF-8"):
        read_instance(tmp_path / "binary")


def test_writing_is_whole_or_not_at_all(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        write_json_whole(tmp_path / "none" / "x.json", {})
    write_json_whole(tmp_path / "x.json", {"a": [1, 2]})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": [1, 2]}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("path", sorted((ROOT / "instances").rglob("*.json")), ids=lambda p: p.stem)
def test_shipped_instances_are_valid_and_come_back_the_same(path):
    instance = read_instance(path)
    assert parse_instance(to_text(instance.to_json_dict())) == instance


def test_a_result_comes_back_the_same(tmp_path):
    import qkdopt

    result = qkdopt.solve(parse_instance(GOOD), strategy="ds-qkd")
    write_json_whole(tmp_path / "r.json", result.to_json_dict())
    assert read_result(tmp_path / "r.json") == result
