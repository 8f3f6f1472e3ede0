"""A result that the checker refuses is told with its first faults and their number."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from qkdopt.cli.compare import refused_texts
from tests.command import exit_status

MESH = Path(__file__).parent.parent.parent / "instances" / "small" / "triangle.json"
FAULTS = tuple(f"rule {k} is broken" for k in range(30))


def assert_twenty_and_a_count(text):
    lines = text.splitlines()
    assert "refused by the checker: 30 faults" in lines[0]
    assert lines[1:21] == [f"  - {fault}" for fault in FAULTS[:20]]
    assert lines[21:] == ["  ... and 10 more"]


@pytest.mark.parametrize(
    ("words", "place", "answer"),
    [
        (("prove",), "qkdopt.cli.design_prove.check", SimpleNamespace(faults=FAULTS)),
        (("protect", "--min-skr", 1), "qkdopt.cli.design_protect.check_protection", FAULTS),
    ],
)
def test_a_refused_design_writes_nothing(words, place, answer, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(place, lambda *_: answer)
    folder = tmp_path / "out"
    command = ("design", *words, MESH, "--channels", 1, "--time-limit", 5, "-o", folder)
    assert exit_status(*command) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert_twenty_and_a_count(told.err[told.err.index("qkdopt: ") :])
    assert not list(folder.glob("*.json"))


def test_refused_runs_of_a_comparison_are_told_alike():
    rows = pd.DataFrame(
        {"instance": "n", "solver": "highs", "formulation": "joint", "checked": checked,
         "faults": "; ".join(FAULTS)}
        for checked in (True, False)
    )  # fmt: skip
    (text,) = refused_texts(rows)
    assert text.startswith("n highs joint: refused")
    assert_twenty_and_a_count(text)
