"""``qkdopt instance import``: the documented example, solved and checked; text and JSON."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import qkdopt
from tests.command import exit_status

DATA = Path(__file__).parent / "data"
PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "own_network.md"
BLOCKS = [
    re.sub(r"^    ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"(?:^    .*\n)+", PAGE.read_text("utf-8"), flags=re.MULTILINE)
]


@pytest.mark.usefixtures("no_processes")
def test_the_documented_example_runs_as_printed(tmp_path, monkeypatch, capsys):
    links, demands, commands, printed, _ = BLOCKS
    monkeypatch.chdir(tmp_path)
    Path("links.csv").write_text(links, encoding="utf-8")
    Path("demands.csv").write_text(demands, encoding="utf-8")
    first, second, third = (shlex.split(line)[1:] for line in commands.splitlines())
    assert exit_status(*first) == 0
    assert capsys.readouterr().out == printed
    assert exit_status(*second, "--strategy", "ds-qkd") == 0
    assert exit_status(*third) == 0
    assert "all rules hold; served 3" in capsys.readouterr().out


def test_the_documented_types_are_taken(tmp_path):
    links, *_, own = BLOCKS
    first, *rest = links.splitlines()
    names = ("G.655", "hollow core", "HCF", "hollow-core")
    rows = [f"{first},fibre", *(f"{row},{name}" for row, name in zip(rest, names, strict=True))]
    (tmp_path / "links.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "own.csv").write_text(own, encoding="utf-8")
    instance, _ = qkdopt.import_network(tmp_path / "links.csv", fibres=tmp_path / "own.csv")
    assert [link.fibre for link in instance.network.links] == ["G.655", *["hollow-core"] * 3]
    assert instance.fibres[0].effective_area_um2 == 55.0


def test_json_has_the_account_of_the_import(tmp_path, capsys):
    path = tmp_path / "towns.json"
    assert exit_status("instance", "import", DATA / "towns", "-o", path, "--json") == 0
    account = json.loads(capsys.readouterr().out)
    instance = qkdopt.read_instance(path)
    assert account["file"] == str(path)
    assert account["instance"] == {"name": "towns", "sha256": instance.sha256()}
    assert (account["nodes"], account["links"], account["demands"]) == (5, 6, 3)
    assert account["format"] == "CSV table"
    assert account["source"] == str(DATA / "towns")
    assert "launch power of 1 link" in account["read"]
    assert any("one lightpath each" in phrase for phrase in account["assumed"])
    assert (account["left_out"], account["warnings"]) == ([], [])


def test_options_reach_the_instance(tmp_path, capsys):
    path = tmp_path / "towns.json"
    assert exit_status(
        "instance", "import", DATA / "towns.gml", "-o", path, "--demands", "7", "--seed", "3",
        "--channels-per-demand", "2", "--preset", "field", "--channels", "20", "--candidates",
        "3,13", "--reserve", "all", "--layout", "single", "--launch-dbm", "-15", "--k", "2",
        "--load-erlang", "9", "--length-scale", "0.5",
    ) == 0  # fmt: skip
    instance = qkdopt.read_instance(path)
    assert [demand.channels for demand in instance.demands] == [2] * 7
    assert (instance.preset, instance.grid.channels, instance.qkd.candidates) == (
        "field", 20, (3, 13),
    )  # fmt: skip
    assert (instance.qkd.reserve, instance.fibre.layout) == ("all", "single")
    assert (instance.classical.launch_dbm, instance.routes.k) == (-15.0, 2)
    assert (instance.load_erlang, instance.network.links[0].length_km) == (9.0, 10.0)
    assert "7 demands drawn uniformly over pairs of nodes, seed 3" in capsys.readouterr().out


def test_an_import_of_a_written_instance_keeps_what_stood_there(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("mine", encoding="utf-8")
    assert exit_status("instance", "import", DATA / "drawing_sndlib.xml", "-o", path) == 2
    assert path.read_text(encoding="utf-8") == "mine"


def test_candidates_off_the_grid_are_taken_as_by_new(tmp_path):
    file = tmp_path / "towns.json"
    options = ("--candidates", "1,228.85THz@0.33", "--preset", "dwdm", "-o", file)
    assert exit_status("instance", "import", DATA / "towns", *options) == 0
    on_grid, off_grid = qkdopt.read_instance(file).qkd.candidates
    assert on_grid == 1
    assert (off_grid.frequency_thz, off_grid.loss_db_per_km) == (228.85, 0.33)
