"""Folders of tables: their provenance, and the command run again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.command import exit_status

SMALL = Path(__file__).parents[3] / "instances" / "small"
COMMANDS = {
    "rank": ("design", "rank", SMALL / "mesh6.json", "--channels", 1, "--on", "demands",
             "--assignments", 2, "--method", "listed", "--also", "3;5", "--workers", 1),
    "resilience": ("resilience", SMALL / "mesh6.json", "--requests", 1000, "--load", 5,
                   "--events", "cut", "--workers", 1),
    "sensitivity": ("sensitivity", SMALL / "triangle.json", "--requests", 1000, "--load", 3,
                    "--step-db", 2, "--workers", 1),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_says_where_it_is_from_and_its_tables_repeat(name, tmp_path, capsys):
    folder = tmp_path / name
    assert exit_status("-q", *COMMANDS[name], "-o", folder) == 0
    record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    tables = {path.name for path in folder.glob("*.csv")}
    assert tables
    assert tables < set(record["files"])
    for file, sha256 in record["files"].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == sha256
    capsys.readouterr()
    assert exit_status("-q", "rerun", folder) == 0
    told = capsys.readouterr().out
    assert "verdict    identical" in told
    assert all(f"  {table}" in told for table in tables)
    # A table that somebody changed is no output of the command.
    table = folder / min(tables)
    table.write_text(table.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert exit_status("-q", "rerun", folder) == 2
    assert f"{table.name} was changed since" in capsys.readouterr().err


@pytest.mark.slow
def test_a_number_that_does_not_repeat_is_seen(tmp_path, capsys):
    folder = tmp_path / "resilience"
    assert exit_status("-q", *COMMANDS["resilience"], "-o", folder) == 0
    path = folder / "provenance.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["provenance"]["options"]["seed"] = 9
    path.write_text(json.dumps(record), encoding="utf-8")
    capsys.readouterr()
    assert exit_status("-q", "rerun", folder) == 1
    told = capsys.readouterr().out
    assert "verdict    different" in told
    assert "why        none known" in told


def test_a_folder_without_provenance_is_refused(tmp_path, capsys):
    assert exit_status("-q", "rerun", tmp_path) == 2
    assert "provenance.json: 1 fault" in capsys.readouterr().err
