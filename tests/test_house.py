"""The house rules, run as tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [("check", "."), ("format", "--check", ".")])
def test_ruff_finds_nothing(arguments):
    done = run(sys.executable, "-m", "ruff", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_strict():
    done = run(sys.executable, "-m", "mypy")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rooms_import_only_from_lower_floors():
    script = Path(sys.executable).parent / "lint-imports"
    command = str(script) if script.exists() else shutil.which("lint-imports")
    assert command, "import-linter is not installed; pip install -e '.[test]'"
    done = run(command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ci_runs_the_readmes_test_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (python3 -m venv .*)$", readme, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("qkdopt solve instances/nsfnet_100erl.json")
    assert commands[1].endswith("python -m pytest")
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
