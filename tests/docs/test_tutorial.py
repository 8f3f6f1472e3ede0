"""Every command and every line of Python of the tutorial, in order, prints what the page shows."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import exit_status

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
# What is shown below a command that ends with another status than 0.
STATUS = {"explain": 1}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def commands(text: str) -> list[tuple[str, str]]:
    """Return each command and what is shown below it, to the next blank line."""
    return re.findall(r"^    \$ (.+)\n((?:    .+\n)*)", text, flags=re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("instances", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(words: list[str], capfd) -> str:
    if words[0] == "python":
        run = subprocess.run(
            [sys.executable, *words[1:]], capture_output=True, text=True, check=True, timeout=60
        )
        return run.stdout
    capfd.readouterr()
    assert exit_status(*words[1:]) == STATUS.get(words[1], 0)
    return capfd.readouterr().out


def test_each_command_prints_what_is_shown(folder, capfd):
    found = commands(PAGE.read_text(encoding="utf-8"))
    assert [shlex.split(command)[1] for command, _ in found] == [
        "instance", "solve", "check", "docs/recompute_plan.py", "explain",
    ]  # fmt: skip
    for command, shown in found:
        expected = re.sub(r"^    ", "", shown, flags=re.MULTILINE)
        got = printed(shlex.split(command), capfd)
        assert doctest.OutputChecker().check_output(expected, got, FLAGS), f"{command}\n{got}"
    assert (folder / "plan.png").stat().st_size > 10_000


def test_other_output_than_shown_is_seen(folder, capfd):
    command, shown = commands(PAGE.read_text(encoding="utf-8"))[0]
    got = printed(shlex.split(command), capfd)
    wrong = re.sub(r"^    ", "", shown, flags=re.MULTILINE).replace("14 nodes", "15 nodes")
    assert not doctest.OutputChecker().check_output(wrong, got, FLAGS)
