"""A solver in a process of its own: what it reported counts, and its time ends with the limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from qkdopt.adapters import Limits, Program, Status
from qkdopt.errors import SolverFailedError
from tests.adapters.stubborn import StubbornAdapter

# A run in the background has SIGINT ignored.
pytestmark = pytest.mark.usefixtures("ctrl_c")
ROOT = Path(__file__).parent.parent.parent


def choice() -> Program:
    """At most one of two items, of values 3 and 2."""
    return Program(
        cost=np.array([3.0, 2.0]),
        offset=0.0,
        maximise=True,
        lower=np.zeros(2),
        upper=np.ones(2),
        integer=np.ones(2, dtype=np.bool_),
        matrix=csr_array(np.ones((1, 2))),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([1.0]),
    )


@pytest.fixture(autouse=True)
def ready():
    """Start a process in advance, so that short limits are not spent on its start."""
    solve(60.0, end="answer")


def solve(seconds=1.0, watch=None, **options):
    limits = Limits(seconds=seconds, gap=0.0, options=options)
    return StubbornAdapter().solve_program(choice(), limits, watch=watch)


def gone(pid: int) -> bool:
    """Whether a process ends; a minute is given on a busy machine."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_solver_that_never_looks_at_its_clock_is_ended_and_its_reports_count(tmp_path):
    outcome, values = solve(values="0 1", bound=2.5, pid=str(tmp_path / "pid"))
    assert outcome.status is Status.LIMIT
    assert values.tolist() == [0.0, 1.0]
    assert (outcome.incumbent, outcome.bound) == (2.0, 2.5)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_solver_that_reported_nothing_proved_nothing():
    outcome, values = solve(end="sleep")
    assert outcome.status is Status.LIMIT
    assert values is None
    assert (outcome.incumbent, outcome.bound, outcome.has_solution) == (None, None, False)


def test_a_report_that_is_no_solution_is_not_taken_for_one():
    outcome, values = solve(values="1 1", bound=4.0)
    assert values is None
    assert (outcome.incumbent, outcome.bound) == (None, 4.0)


def test_a_watcher_stops_a_solver_that_does_not_listen():
    seen = []

    def watch(incumbent, bound):
        seen.append(bound)
        return bound is None

    outcome, _ = solve(3600.0, watch, values="1 0", bound=3.0)
    assert outcome.status is Status.INTERRUPTED
    assert (outcome.incumbent, outcome.bound) == (3.0, 3.0)
    assert seen[-1] == 3.0


def test_an_interrupt_takes_the_solver_along(tmp_path):
    pid = tmp_path / "pid"

    def watch(incumbent, bound):
        if bound is not None:
            signal.raise_signal(signal.SIGINT)
        return True

    with pytest.raises(KeyboardInterrupt):
        solve(3600.0, watch, bound=3.0, pid=str(pid))
    assert gone(int(pid.read_text()))


def test_a_crash_is_a_failure_and_the_next_program_is_solved():
    with pytest.raises(SolverFailedError, match=r"process ended with signal 6"):
        solve(60.0, end="crash")
    assert solve(60.0, end="answer")[0].status is Status.OPTIMAL


def test_an_error_in_the_solvers_process_is_raised_here_with_its_place():
    with pytest.raises(ZeroDivisionError, match="planted") as error:
        solve(60.0, end="error")
    assert "stubborn.py" in "".join(error.value.__notes__)


def test_the_process_is_kept_for_the_next_program(tmp_path):
    pids = []
    for number in range(2):
        pid = tmp_path / str(number)
        solve(60.0, end="answer", pid=str(pid))
        pids.append(pid.read_text())
    assert pids[0] == pids[1] != str(os.getpid())


def test_a_killed_parent_takes_the_solver_along(tmp_path):
    pid = tmp_path / "pid"
    call = f"test_isolated.solve(3600.0, pid={str(pid)!r})"
    code = f"from tests.adapters import test_isolated; {call}"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not (pid.exists() and pid.read_text()):
        assert parent.poll() is None
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    assert gone(int(pid.read_text()))
