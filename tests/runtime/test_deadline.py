"""Work in Python is broken off when time is up, and nothing else is."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

import pytest

from qkdopt.optimize.clock import Clock
from qkdopt.runtime.deadline import TimeUp, broken_off, since, within


def endless():
    while True:
        pass


def stubborn():
    """Handle every error, as libraries do."""
    while True:
        try:
            endless()
        except Exception:
            continue


def test_work_that_is_done_in_time_is_returned():
    assert within(lambda: False, lambda: "done") == "done"


@pytest.mark.parametrize("work", [endless, stubborn])
def test_work_without_an_end_is_broken_off(work):
    assert within(lambda: True, work) is None


def test_what_swallows_the_exception_meets_it_again():
    begun = threading.Event()

    def careless():
        try:
            begun.set()
            endless()
        except BaseException:
            endless()

    assert within(begun.is_set, careless) is None


def test_a_callback_that_swallows_the_exception_says_nothing(monkeypatch):
    said = []
    monkeypatch.setattr("sys.unraisablehook", lambda error: said.append(error.exc_type))
    begun = threading.Event()

    class Callback:
        def __del__(self):
            begun.set()
            endless()

    class Broken:
        def __del__(self):
            raise KeyError("planted")

    def work():
        Callback()
        Broken()
        endless()

    assert within(begun.is_set, work) is None
    assert said == [KeyError]


def test_time_that_comes_later_breaks_off_as_well():
    asked = []

    def over():
        asked.append(1)
        return len(asked) > 3

    assert within(over, endless) is None


def test_a_thread_is_broken_off_by_itself():
    found = []
    thread = threading.Thread(target=lambda: found.append(within(lambda: True, endless)))
    thread.start()
    total = sum(range(1_000_000))
    thread.join()
    assert (found, total) == ([None], 499999500000)


def test_errors_of_the_work_are_its_own():
    def broken():
        raise KeyError("planted")

    with pytest.raises(KeyError, match="planted"):
        within(lambda: False, broken)


def test_nothing_is_broken_off_after_the_block():
    for _ in range(200):
        # Time is up at the very moment at which the work is done.
        try:
            with broken_off(lambda: True):
                pass
        except TimeUp:
            pass
        assert sum(range(1000)) == 499500


TRACED = """
import sys
from qkdopt.runtime.deadline import within

def endless():
    while True:
        pass

def traced():
    return sum(range(9))

for over in (False, True, False):
    within(lambda: over, endless if over else traced)
    sys.settrace(lambda *_: None)
    print(traced())
    sys.settrace(None)
"""


def test_python_goes_on_under_a_tracer_after_a_block():
    """A debugger, or a measurement of coverage: functions called later began again for ever."""
    words = [sys.executable, "-c", TRACED]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60.0, check=True)
    assert ended.stdout.split() == ["36", "36", "36"]


def test_nothing_is_on_its_way_after_a_block_that_was_broken_off():
    for _ in range(200):
        assert within(lambda: True, endless) is None
    # What was on its way would come at the next steps.
    assert sum(k for k in range(100_000)) > 0


def test_what_ends_by_itself_is_given_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("qkdopt.runtime.deadline.time.monotonic", lambda: now[0])
    over = [False]
    late = since(lambda: over[0], 0.3)
    assert not late()
    over[0] = True
    assert not late()
    now[0] = 0.2
    assert not late()
    now[0] = 0.3
    assert late()


def test_paused_time_is_no_part_of_the_limit(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("qkdopt.optimize.clock.time.monotonic", lambda: now[0])
    clock = Clock(10.0, 0.0, started=100.0)
    now[0] = 104.0
    with clock.paused():
        now[0] = 180.0
    assert clock.seconds == pytest.approx(4.0)
    assert clock.left == pytest.approx(6.0)
    assert not clock.over()


def test_blocks_that_overlap_in_threads_leave_the_hook_as_it_was():
    before = sys.unraisablehook
    entered, left = threading.Event(), threading.Event()

    def block():
        with broken_off(lambda: False):
            entered.set()
            left.wait(5.0)

    other = threading.Thread(target=block)
    with broken_off(lambda: False):
        other.start()
        entered.wait(5.0)
    assert sys.unraisablehook is not before
    left.set()
    other.join()
    assert sys.unraisablehook is before


@pytest.mark.parametrize(("error", "is_reported"), [(TimeUp(), False), (ValueError(), True)])
def test_a_library_does_not_report_that_time_is_up(error, is_reported):
    """Pyomo logs as an error whatever ends the making of a component."""
    from pyomo.environ import ConcreteModel, Var

    def fail(_model):
        raise error

    logged, handler, logger = [], logging.Handler(), logging.getLogger("pyomo.core")
    handler.emit = logged.append
    logger.addHandler(handler)
    try:
        with pytest.raises(type(error)), broken_off(lambda: False):
            ConcreteModel().add_component("x", Var(bounds=fail))
    finally:
        logger.removeHandler(handler)
    assert bool(logged) == is_reported
