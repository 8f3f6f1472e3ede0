"""Ctrl-C before there is a plan, and a second one: the old file stays, and a line says so."""

from __future__ import annotations

import signal

import pytest

import qkdopt
from qkdopt.bounds.bound import LoadStateBound
from tests.command import exit_status
from tests.shipped import LIBRARY

MESH = LIBRARY / "small" / "mesh6.json"
MESSAGE = "qkdopt: interrupted; what was not finished is in no file\n"


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "r.json"
    path.write_text("before", encoding="utf-8")
    return path


def interrupted(*_, **__):
    signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_before_there_is_a_plan_says_that_nothing_is_written(old, monkeypatch, capsys):
    monkeypatch.setattr("qkdopt.optimize.run.build_problem", interrupted)
    assert exit_status("solve", MESH, "-o", old) == 130
    assert capsys.readouterr().err.endswith(MESSAGE)
    assert old.read_text(encoding="utf-8") == "before"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_ends_the_search_at_once_and_the_answer_is_whole(old, monkeypatch, capsys):
    tighten = LoadStateBound.tighten

    def and_interrupt_twice(self, *arguments):
        tighten(self, *arguments)
        interrupted()
        interrupted()
        pytest.fail("it goes on after the second")

    monkeypatch.setattr(LoadStateBound, "tighten", and_interrupt_twice)
    assert exit_status("solve", MESH, "--threads", "1", "-o", old) == 130
    assert "note       interrupted" in capsys.readouterr().out
    result = qkdopt.read_result(old)
    assert (result.stopped_by, result.interrupted) == ("interrupted", True)
    assert qkdopt.check(qkdopt.read_instance(MESH), result).faults == ()
    assert [path.name for path in old.parent.iterdir()] == ["r.json"]
