"""The live line: one clock that ticks, within the terminal's width; elsewhere no long silence."""

from __future__ import annotations

import importlib
import io
import os
import pty
import re
import termios
import threading
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from qkdopt.cli import live as live_module
from qkdopt.cli.live import COMPILING, LiveLine, LiveText, cut_to, progress_text
from qkdopt.cli.many_runs import show_runs
from qkdopt.jobs import RunReport
from qkdopt.optimize import Progress
from tests.command import exit_status

MESH = Path(__file__).parent.parent.parent / "instances" / "small" / "mesh6.json"
CLOCK = re.compile(r"\d+\.\d s")


class Terminal:
    """A pseudo-terminal of so many columns, and what was written on it."""

    def __init__(self, columns: int) -> None:
        self._leader, follower = pty.openpty()
        termios.tcsetwinsize(follower, (24, columns))
        self.stream = os.fdopen(follower, "w", encoding="utf-8")
        self._parts: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._leader, 4096)
            except OSError:
                return
            if not part:
                return
            self._parts.append(part)

    def written(self) -> bytes:
        """Return what was written until now."""
        return b"".join(self._parts)

    def lines(self) -> list[str]:
        """Return every state of the line; the terminal is closed."""
        self.stream.close()
        self._reader.join(timeout=10.0)
        text = self.written().decode("utf-8")
        return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


def seen(check, *, within=30.0):
    """Wait until a condition holds; how long does not matter, but not for ever."""
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("columns", [20, 40, 80, 132])
def test_no_line_is_wider_than_the_terminal(columns):
    terminal = Terminal(columns)
    with LiveText(terminal.stream) as live:
        live.show(200 * "x")
        live.show("short")
    lines = terminal.lines()
    assert max(len(line) for line in lines) == columns - 1
    assert any(line.rstrip().endswith("…") for line in lines)


def test_what_is_known_of_a_solve_fits_eighty_columns_and_the_phase_comes_last():
    progress = Progress(
        seconds=12345.6, phase="local search", served=1000, incumbent_bps=123456.0,
        bound_bps=234567.0, gap=0.9999,
    )  # fmt: skip
    line = f"{12345.6:6.1f} s  {progress_text(progress)}"
    known, phase = line.split(" | ")
    assert phase == "local search"
    assert known.endswith("1000 served, best 123.456, bound 234.567 kbit/s, gap 99.99 %")
    assert len(known) < 79


def test_the_clock_ticks_while_nothing_is_reported(monkeypatch):
    monkeypatch.setattr(live_module, "TICK_SECONDS", 0.01)
    terminal = Terminal(80)
    with LiveText(terminal.stream) as live:
        live.show("waiting")
        seen(lambda: len(terminal.written()) > 20 * len("\r   0.0 s  waiting"))
    lines = terminal.lines()
    assert len(lines) >= 20
    assert all("waiting" in line for line in lines[1:])


def test_one_clock_in_every_line():
    terminal = Terminal(100)
    with LiveLine(terminal.stream) as live:
        live(Progress(seconds=3.0, phase="bound", served=3, incumbent_bps=1e3))
    for line in terminal.lines():
        assert len(CLOCK.findall(line)) == 1


def test_off_a_terminal_each_text_is_a_line_and_details_are_not():
    stream = io.StringIO()
    with LiveText(stream) as live:
        for done in range(50):
            live.show("50 runs", f": {done} done")
        live.show("drawing")
    assert [CLOCK.sub("", line).strip() for line in stream.getvalue().splitlines()] == [
        "50 runs", "drawing",
    ]  # fmt: skip


def test_off_a_terminal_no_silence_is_long(monkeypatch):
    monkeypatch.setattr(live_module, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(live_module, "LONGEST_SILENCE_SECONDS", 0.05)
    stream = io.StringIO()
    with LiveText(stream) as live:
        live.show("50 runs", ": 3 done")
        seen(lambda: len(stream.getvalue().splitlines()) >= 4)
    lines = [CLOCK.sub("", line).strip() for line in stream.getvalue().splitlines()]
    assert lines[0] == "50 runs"
    assert set(lines[1:]) == {"50 runs: 3 done"}


def test_compilation_of_any_kernel_is_announced_once():
    stream = io.StringIO()
    with LiveText(stream) as live:
        live.show("working")
        for number in range(3):
            kernel = numba.njit(lambda x, n=number: x + n)
            assert kernel(1) == 1 + number
        # Machine code of before: nothing is compiled, nothing is said.
        assert kernel(1) == 3
    lines = [CLOCK.sub("", line).strip() for line in stream.getvalue().splitlines()]
    assert lines == ["working", COMPILING]


def test_a_kernel_for_further_types_is_announced_too():
    kernel = numba.njit(lambda x: x + 1)
    kernel(1)
    stream = io.StringIO()
    with LiveText(stream):
        kernel(1)
        assert COMPILING not in stream.getvalue()
        kernel(np.zeros(2))
    assert COMPILING in stream.getvalue()
    after = stream.getvalue()
    kernel(np.zeros((2, 2)))
    assert stream.getvalue() == after


def test_runs_that_are_all_done_leave_none_to_go():
    stream = io.StringIO()
    live = LiveText(stream)
    show_runs(live)(RunReport(total=44, done=43, failed=1))
    assert live._line() == "44 runs: 43 done, 1 failed, 0 running, 0 to go"
    show_runs(live)(RunReport(total=44, done=10, running=2, waiting=32, waiting_for=COMPILING))
    bar = "[#####...............]  23 %"
    assert live._line() == f"44 runs; {COMPILING} {bar}: 10 done, 2 running, 32 to go"


def test_a_line_is_cut_with_a_sign():
    assert cut_to("abcdef", 6) == "abcdef"
    assert cut_to("abcdefg", 6) == "abcde…"


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (("simulate", "--requests", 1000, "--load", 4), "qkdopt.simulation.simulator.run"),
        (
            ("simulate", "--requests", 1000, "--load", 4, "--strategy", "ds-qkd-synergistic"),
            "qkdopt.simulation.simulator.run",
        ),
        (("bound",), "qkdopt.cli.bound.bound"),
        (("explain",), "qkdopt.cli.explain.explain"),
        (("solve", "--strategy", "ds-qkd"), "qkdopt.cli.solve.solve"),
    ],
)
def test_commands_announce_whatever_they_have_to_compile(command, place, capsys, monkeypatch):
    module, name = place.rsplit(".", 1)
    done = getattr(importlib.import_module(module), name)

    def with_a_missing_kernel(*arguments, **options):
        numba.njit(lambda x: x + 1)(1)
        return done(*arguments, **options)

    monkeypatch.setattr(place, with_a_missing_kernel)
    name, *options = command
    assert exit_status(name, MESH, *options) == 0
    told = [CLOCK.sub("", line).strip() for line in capsys.readouterr().err.splitlines()]
    assert told.count(COMPILING) == 1
