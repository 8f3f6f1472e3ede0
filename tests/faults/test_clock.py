"""A clock of the day that jumps: limits are measured by the one that does not."""

from __future__ import annotations

import ast
import itertools
import time
from pathlib import Path

import qkdopt
from tests.shipped import LIBRARY

PACKAGE = Path(qkdopt.__file__).parent
# What asks for the time of day, and why it may: it is written for people or other processes.
TIME_OF_DAY = {
    "best_known/update.py": "the day of an improvement",
    "io/environment.py": "the time at which an output is written",
    "jobs/heartbeat.py": "when a study last gave a sign, for a process that may be elsewhere",
    "jobs/store.py": "how old a temporary file is that another process left",
}
CALLS = {("time", "time"), ("date", "today"), ("datetime", "now"), ("datetime", "utcnow")}


def asks_for_time_of_day(text: str) -> bool:
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute))
    return (
        any(
            isinstance(node.value, ast.Name) and (node.value.id, node.attr) in CALLS
            for node in calls
        )
        or "from time import time" in text
    )


def test_the_time_of_day_is_asked_for_where_it_is_meant():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if asks_for_time_of_day(path.read_text(encoding="utf-8"))
    }
    assert found == set(TIME_OF_DAY)
    assert asks_for_time_of_day("import time\nprint(time.time())")
    assert not asks_for_time_of_day("import time\nprint(time.monotonic())")


def test_a_clock_that_jumps_changes_neither_limit_nor_plan(monkeypatch):
    instance = qkdopt.read_instance(LIBRARY / "small" / "line.json")
    jumps = itertools.cycle([1e9, -1e9, 0.0, 4e9])
    today = time.time
    monkeypatch.setattr(time, "time", lambda: today() + next(jumps))
    result = qkdopt.solve(instance, strategy="local-search", time_limit=1.0, threads=1)
    assert qkdopt.check(instance, result).faults == ()
    assert result.value.served == 6
    # No jump of thirty years either way is part of what it took.
    assert 0.0 < result.seconds < 1e6
