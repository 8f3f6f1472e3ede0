"""What is run, and when: the README, CONTRIBUTING and `.ci/run` agree."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from tests.order import LONG_FILES

ROOT = Path(__file__).parent.parent


BEFORE_A_COMMIT = ("ruff format", "ruff check", "mypy", "lint-imports", "python -m pytest")


def commands_of_ci() -> list[str]:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def test_ci_runs_the_readmes_test_command_first():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (python3 -m venv .*)$", readme, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("qkdopt solve instances/nsfnet_100erl.json")
    assert commands[1].endswith("python -m pytest")
    ci = commands_of_ci()
    pattern = re.search(r"command=\$\(sed -n 's/\^    \\\((.*)\\\)\$/", "\n".join(ci))
    assert pattern is not None
    assert [one for one in commands if re.fullmatch(pattern[1], one)] == [commands[1]]
    first = next(k for k, line in enumerate(ci) if line == 'bash -c "$command"')
    assert not any(".venv/bin" in line for line in ci[:first])


def test_ci_runs_what_contributors_are_asked_to_run():
    ci = "\n".join(commands_of_ci())
    asked = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for command in BEFORE_A_COMMIT:
        assert f".venv/bin/{command}" in asked, command
    for command in BEFORE_A_COMMIT[:-1]:
        assert f".venv/bin/{command}" in ci, command


def test_ci_ends_with_the_tests_that_a_plain_run_leaves_out():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    chosen = options["tool"]["pytest"]["ini_options"]["addopts"]
    assert chosen[chosen.index("-m") + 1] == "not slow and not long"
    assert commands_of_ci()[-1] == ".venv/bin/python -m pytest -m 'slow and not long'"


def test_files_that_begin_first_are_there():
    assert [name for name in LONG_FILES if not (ROOT / "tests" / name).exists()] == []


def solving_at_import(text: str) -> list[int]:
    """Lines outside functions and classes that solve something."""
    work = {"solve", "bound", "explain", "compare", "prove_channel_set", "protect", "simulate"}
    return [
        call.lineno
        for statement in ast.parse(text).body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for call in ast.walk(statement)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and (call.func.value.id, call.func.attr) in {("qkdopt", name) for name in work}
    ]


def test_collecting_the_tests_solves_nothing():
    # Each worker collects all of them, and would compile the same kernels at the same time.
    assert solving_at_import("import qkdopt\nGOOD = qkdopt.solve(1)\n") == [2]
    assert solving_at_import("def good():\n    return qkdopt.solve(1)\n") == []
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(tests) > 100
    found = {path: solving_at_import(path.read_text(encoding="utf-8")) for path in tests}
    assert [path for path, lines in found.items() if lines] == []
