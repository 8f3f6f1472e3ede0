"""Memory that runs out: a plan that was found stays; without one, one message and status 3."""

from __future__ import annotations

import subprocess
import sys

import pytest

import qkdopt
from qkdopt.cli import OUT_OF_MEMORY
from tests.command import exit_status
from tests.shipped import LIBRARY

MESH = LIBRARY / "small" / "mesh6.json"


def too_much(*_, **__):
    raise MemoryError


@pytest.mark.parametrize(
    ("strategy", "where"),
    [
        ("auto", "qkdopt.optimize.auto.AutoRun.run"),
        ("auto", "qkdopt.optimize.compilation.compile_first"),
        ("local-search", "qkdopt.heuristics.rounds.SearchRounds.search"),
        ("milp", "qkdopt.optimize.milp.JointRun.run"),
    ],
)
def test_the_plan_that_was_found_stays(strategy, where, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(where, too_much)
    file = tmp_path / "r.json"
    assert exit_status("solve", MESH, "--strategy", strategy, "--threads", "1", "-o", file) == 0
    assert "memory ran out" in capsys.readouterr().out
    result = qkdopt.read_result(file)
    assert result.value.served > 0
    assert result.stopped_by == "solver failed"
    assert qkdopt.check(qkdopt.read_instance(MESH), result).faults == ()


def test_without_a_plan_one_message_says_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("qkdopt.optimize.run.build_problem", too_much)
    file = tmp_path / "r.json"
    file.write_text("before", encoding="utf-8")
    assert exit_status("solve", MESH, "-o", file) == 3
    assert capsys.readouterr().err == f"qkdopt: {OUT_OF_MEMORY}\n"
    assert file.read_text(encoding="utf-8") == "before"


LIMITED = """
import resource, sys
from pathlib import Path
import pyomo.environ
from qkdopt.cli import main
from qkdopt.milp.export import formulation_of

size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (96 << 20),) * 2)
sys.argv[0] = "qkdopt"
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures its memory as Linux tells it")
def test_a_limit_of_the_shell_is_one_message(tmp_path):
    instance, file = LIBRARY / "nsfnet_100erl.json", tmp_path / "model.lp"
    file.write_text("before", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "instance", "export", instance, "-o", file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, f"qkdopt: {OUT_OF_MEMORY}\n")
    assert file.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [file]
