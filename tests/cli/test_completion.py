"""What a shell completes."""

from __future__ import annotations

from typing import get_args

import pytest

from qkdopt.cli import choices
from tests.command import exit_status


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("qkdopt design ", ("rank", "prove", "protect")),
        ("qkdopt design rank x.json --method ", get_args(choices.SearchMethod)),
        ("qkdopt solve --objective ", get_args(choices.Objective)),
        ("qkdopt solve --objective m", ("mean", "max-min")),
        # The earlier form and the earlier name: a message would land in the middle of the line.
        ("qkdopt design x.json --ch", ()),
        ("qkdopt knobs --ch", ()),
    ],
)
def test_commands_and_values_are_completed(line, expected, monkeypatch, capsys):
    monkeypatch.setenv("_QKDOPT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
    exit_status()
    out, err = capsys.readouterr()
    assert tuple(out.split()) == expected
    assert err == ""
