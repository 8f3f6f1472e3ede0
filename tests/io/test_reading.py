"""Malformed inputs: one clear error with every fault, exit status 2, nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qkdopt.errors import InstanceError, OutputError, ResultError
from qkdopt.io import (
    parse_instance,
    read_instance,
    read_plan,
    read_result,
    to_text,
    write_json_whole,
    write_texts_whole,
)
from tests.command import exit_status
from tests.shipped import INSTANCES

ROOT = Path(__file__).parent.parent.parent
GOOD = (ROOT / "instances" / "small" / "mesh6.json").read_text(encoding="utf-8")


def put(path: str, value: Any) -> str:
    data = json.loads(GOOD)
    node: Any = data
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    node[last] = value
    return json.dumps(data)


BAD = Path(__file__).parent.parent / "bad"
MESSAGES: dict[str, str] = json.loads((BAD / "messages.json").read_text(encoding="utf-8"))


def test_every_bad_file_has_its_message():
    assert {path.name for path in BAD.glob("*.json")} - {"messages.json"} == set(MESSAGES)
    assert len(MESSAGES) >= 40


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_one_fault_is_reported_once_with_its_place(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status = exit_status("solve", BAD / name, "-o", "result.json")
    output = capsys.readouterr()
    assert status == 2
    assert output.out == ""
    assert "Traceback" not in output.err
    assert MESSAGES[name] in output.err
    assert len(output.err.strip().splitlines()) == 2, output.err
    assert list(tmp_path.iterdir()) == []


def test_all_faults_come_in_one_error():
    data = json.loads(put("fibre.loss_db_per_km", 4.6e-5))
    data["network"]["links"][0]["a"] = 99
    data["demands"][0]["channels"] = 0
    with pytest.raises(InstanceError) as caught:
        parse_instance(json.dumps(data))
    assert len(caught.value.faults) == 3


def test_files_that_cannot_be_read_are_reported(tmp_path):
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


@pytest.mark.parametrize("path", INSTANCES, ids=lambda p: p.stem)
def test_shipped_instances_are_valid_and_come_back_the_same(path):
    instance = read_instance(path)
    assert parse_instance(to_text(instance.to_json_dict())) == instance


def test_a_result_comes_back_the_same(tmp_path):
    import qkdopt

    result = qkdopt.solve(parse_instance(GOOD), strategy="ds-qkd")
    write_json_whole(tmp_path / "r.json", result.to_json_dict())
    assert read_result(tmp_path / "r.json") == result


def test_a_plan_comes_back_the_same_from_its_file_and_from_its_result(tmp_path):
    import qkdopt

    result = qkdopt.solve(parse_instance(GOOD), strategy="ds-qkd")
    write_json_whole(tmp_path / "p.json", result.plan().to_json_dict())
    write_json_whole(tmp_path / "r.json", result.to_json_dict())
    assert read_plan(tmp_path / "p.json") == result.plan()
    assert read_plan(tmp_path / "r.json") == result
    with pytest.raises(ResultError, match='expected "qkdopt/result/1"'):
        read_result(tmp_path / "p.json")


def test_every_fault_of_a_plan_is_reported_at_once(tmp_path):
    data = {
        "schema": "qkdopt/plan/1",
        "instance": {"name": "n"},
        "objective": "best",
        "lightpaths": [{"demand": 1, "route": [0, 1], "links": ["0-1"], "channels": ["x"]}],
        "qkd": [{"link": "0-1", "chanel": 3}],
    }
    (tmp_path / "p.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ResultError) as caught:
        read_plan(tmp_path / "p.json")
    output = "\n".join(caught.value.faults)
    for expected in (
        "instance.sha256 is missing",
        'objective = "best"',
        'lightpaths[0].channels[0] = "x"',
        "qkd[0].chanel: unknown field; did you mean channel?",
    ):
        assert expected in output
    assert len(caught.value.faults) == 4


def test_a_file_that_is_no_plan_is_refused_with_what_was_expected(tmp_path):
    (tmp_path / "p.json").write_text('{"schema": "qkdopt/plan/2"}', encoding="utf-8")
    with pytest.raises(ResultError, match='"qkdopt/result/1" or "qkdopt/plan/1"'):
        read_plan(tmp_path / "p.json")


def test_several_files_are_written_together_or_not_at_all(tmp_path, monkeypatch):
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    last = tmp_path / "last.txt"
    old.write_text("before", encoding="utf-8")
    replace = Path.replace

    def fail_on_the_last(self, target):
        if target == last:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_on_the_last)
    with pytest.raises(OutputError, match="No space left"):
        write_texts_whole({old: "after", new: "after", last: "after"})
    assert old.read_text(encoding="utf-8") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    monkeypatch.undo()
    write_texts_whole({old: "after", new: "after", last: "after"})
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"after"}
