"""Files that cannot be read, and places that cannot be written: one located fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from qkdopt.channel_sets.scenario import ScenarioFile
from qkdopt.errors import InstanceError, OutputError
from qkdopt.io import read_instance
from qkdopt.io.importers.content import read_bytes
from qkdopt.io.reading import read_toml
from qkdopt.runtime.files import validate_writable


def only_fault(caught: pytest.ExceptionInfo[InstanceError]) -> str:
    (fault,) = caught.value.faults
    return fault


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "closed.json"
    path.write_text("{}", encoding="utf-8")

    def closed(*_, **__):
        raise PermissionError(13, "Permission denied")

    # Permissions do not hold for root, who runs the tests of a container.
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(InstanceError, match="closed") as caught:
        read_instance(path)
    assert only_fault(caught) == "not readable: permission denied"
    with pytest.raises(InstanceError, match="closed") as caught:
        read_bytes(path)
    assert only_fault(caught).startswith("not readable: ")
    assert "Permission denied" in only_fault(caught)


def test_a_folder_in_place_of_a_network(tmp_path):
    with pytest.raises(InstanceError) as caught:
        read_bytes(tmp_path)
    assert only_fault(caught) == "is a folder; expected a file"


def test_a_file_below_a_file(tmp_path):
    (tmp_path / "file").write_text("{}", encoding="utf-8")
    with pytest.raises(InstanceError) as caught:
        read_instance(tmp_path / "file" / "x.json")
    assert only_fault(caught) == "not readable: Not a directory; expected a JSON file"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("loss = [1.0", "expected TOML"),
        ("a = " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("load_erlang = [" + "9" * 5000 + "]", "thousands of digits"),
        ("loss = ['far']", 'loss[0] = "far"'),
    ],
    ids=["cut short", "nested", "a number without end", "a wrong value"],
)
def test_toml_that_is_not_read(text, words, tmp_path):
    path = tmp_path / "scenarios.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InstanceError, match=r"scenarios\.toml") as caught:
        read_toml(path, ScenarioFile)
    assert any(words in fault for fault in caught.value.faults), caught.value.faults


def test_scenarios_that_are_given_twice_are_one_fault_each(tmp_path):
    path = tmp_path / "scenarios.toml"
    path.write_text("loss = [1.1, 1.1, 1.2, 1.2, 1.3]", encoding="utf-8")
    with pytest.raises(InstanceError) as caught:
        read_toml(path, ScenarioFile)
    assert len(caught.value.faults) == 2
    assert all("given 2 times" in fault for fault in caught.value.faults)


def test_where_a_file_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="is a folder; expected a file name"):
        validate_writable(tmp_path)
    with pytest.raises(OutputError, match="does not exist; make it first"):
        validate_writable(tmp_path / "missing" / "x.json")
    validate_writable(tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []
