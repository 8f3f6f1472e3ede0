"""A result finds its instance by name and hash."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import qkdopt
from tests.command import exit_status
from tests.report.pages import SMALL, Reader, solved


@pytest.fixture
def result_file(tmp_path, monkeypatch):
    """Write a result of mesh6 into a folder of its own, and work in an empty one."""
    folder = tmp_path / "results"
    folder.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    solved("mesh6")[1].save(folder / "plan.json")
    return folder / "plan.json"


def test_an_instance_is_given(result_file, capsys):
    given = SMALL / "mesh6.json"
    assert exit_status("report", result_file, "--instance", given, "-o", "page.html") == 0
    assert "written to page.html" in capsys.readouterr().out
    assert Reader(Path("page.html").read_text(encoding="utf-8")).table("links")


@pytest.mark.parametrize("place", ["../results/mesh6.json", "mesh6.json", "instances/a/mesh6.json"])
def test_an_instance_is_found(result_file, place):
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SMALL / "mesh6.json", place)
    assert exit_status("report", result_file, "-o", "page.html") == 0
    assert Path("page.html").exists()


def test_a_file_of_that_name_with_another_content_is_not_taken(result_file, capsys):
    data = json.loads((SMALL / "mesh6.json").read_text(encoding="utf-8"))
    data["classical"]["launch_dbm"] = -13.0
    Path("mesh6.json").write_text(json.dumps(data), encoding="utf-8")
    assert exit_status("report", result_file, "-o", "page.html") == 2
    assert not Path("page.html").exists()
    message = capsys.readouterr().err
    assert "instance 'mesh6' with hash" in message
    assert "looked at mesh6.json: another hash" in message
    assert "--instance FILE" in message


def test_a_name_that_is_a_path_is_not_followed(result_file, tmp_path, capsys):
    shutil.copy(SMALL / "mesh6.json", tmp_path / "mesh6.json")
    data = json.loads(result_file.read_text(encoding="utf-8"))
    data["instance"]["name"] = "../mesh6"
    result_file.write_text(json.dumps(data), encoding="utf-8")
    assert exit_status("report", result_file, "-o", "page.html") == 2
    assert "was not found; expected" in capsys.readouterr().err


def test_faults_of_several_results_come_in_one_message(result_file, capsys):
    Path("empty.json").write_text("", encoding="utf-8")
    assert exit_status("report", "empty.json", "missing.json", result_file, "-o", "p.html") == 2
    message = capsys.readouterr().err
    assert "2 faults" in message
    assert "empty.json: is empty" in message
    assert "missing.json: no such file" in message


@pytest.mark.parametrize("output", ["page.pdf", "nowhere/page.html"])
def test_a_page_that_cannot_be_written_is_refused_first(result_file, output, capsys):
    assert exit_status("report", result_file, "-o", output) == 2
    assert "qkdopt: " in capsys.readouterr().err
    assert list(Path.cwd().iterdir()) == []


def test_a_result_that_fails_its_check_ends_with_status_1(result_file, capsys):
    data = json.loads(result_file.read_text(encoding="utf-8"))
    data["value"]["mean_skr_bps"] *= 2.0
    result_file.write_text(json.dumps(data), encoding="utf-8")
    given = SMALL / "mesh6.json"
    assert exit_status("report", result_file, "--instance", given, "-o", "page.html") == 1
    assert "value.mean_skr_bps" in capsys.readouterr().err
    assert not Path("page.html").exists()


def test_solve_writes_a_page_of_its_result(tmp_path, capsys):
    page, instance = tmp_path / "run.html", SMALL / "line.json"
    assert exit_status("solve", instance, "--strategy", "ds-qkd", "--report", page) == 0
    assert f"page in {page}" in capsys.readouterr().out
    assert Reader(page.read_text(encoding="utf-8")).table("demands")


def test_solve_refuses_a_page_it_cannot_write_before_it_solves(tmp_path, capsys):
    options = ("--strategy", "ds-qkd", "--report", tmp_path / "run.png")
    assert exit_status("solve", SMALL / "line.json", *options) == 2
    captured = capsys.readouterr()
    assert "expected a name that ends in .html" in captured.err
    assert captured.out == ""


def test_a_result_around_an_earlier_plan_is_of_the_instance_that_was_given(tmp_path):
    ring = qkdopt.read_instance(SMALL / "ring.json")
    earlier = qkdopt.solve(ring, strategy="ds-qkd")
    result = qkdopt.solve(ring, strategy="ds-qkd", around=earlier)
    assert result.instance.sha256 != ring.sha256()
    page = tmp_path / "page.html"
    qkdopt.write_report(page, [result], instances=[ring])
    assert "ring" in page.read_text(encoding="utf-8")
