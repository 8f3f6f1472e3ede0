"""A line on stderr: how long a command has run, and how far it is; of a search, what it knows."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from qkdopt.cli.quiet import is_quiet
from qkdopt.result.text import without_key
from qkdopt.runtime.cache import ONCE, compiled_when
from qkdopt.runtime.compiled import CompilationWatch

if TYPE_CHECKING:
    from qkdopt.optimize import Progress

# On a terminal the clock ticks this often; elsewhere this is how late a line may be.
TICK_SECONDS = 0.5
# Off a terminal no longer silence than this: a log shows that something runs.
LONGEST_SILENCE_SECONDS = 10.0
# Columns of a terminal that does not say how many it has.
DEFAULT_WIDTH = 80
BAR_WIDTH = 20
# Before this the pace says nothing.
FIRST_ESTIMATE_SECONDS = 3.0
COMPILING = "compiling, once"


def compiling_text() -> str:
    """Say that kernels are compiled: once, or at each start where nothing can be kept."""
    from qkdopt.physics.compiled_keyrate import key_rate

    kept = compiled_when(key_rate)
    return COMPILING if kept == ONCE else f"compiling, {kept}"


class LiveText:
    """Shows one line of progress while the block runs.

    On a terminal the line is rewritten in place, cut to the terminal's width, and its clock ticks
    whatever happens. Elsewhere a line is added for every new text, and every ten seconds where
    there is none. Compilation of kernels in this process is announced by itself.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        if is_quiet():
            self._stream = io.StringIO()
        self._live = self._stream.isatty()
        self._text = ""
        self._detail = ""
        self._share: float | None = None
        self._compiling = False
        self._announced = False
        # Characters of the line that stands on the terminal.
        self._written = 0
        self._began = self._last_line = time.monotonic()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._watch = CompilationWatch(self._compilation)

    def __enter__(self) -> Self:
        self._began = self._last_line = time.monotonic()
        self._watch.start()
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._watch.stop()
        self._ticker.join()
        if self._live and self._written:
            self._stream.write("\n")
            self._stream.flush()

    def show(self, text: str, detail: str = "", *, share: float | None = None) -> None:
        """Show a text in place of the last one.

        Parameters
        ----------
        text
            What is being done.
        detail
            What changes often: off a terminal it is shown when a line is due anyway.
        share
            Share of the work that is done, 0 to 1, for a bar and an estimate of the time left;
            None where it is not known.
        """
        with self._lock:
            new = text != self._text
            self._text, self._detail, self._share = text, detail, share
            if self._live:
                self._rewrite()
            elif new:
                self._add_line(text)

    def _compilation(self, running: bool) -> None:
        """Note that kernels are being compiled, or no longer."""
        with self._lock:
            self._compiling = running
            if self._live:
                self._rewrite()
            elif running and not self._announced and not self._text.startswith("compiling"):
                self._add_line(compiling_text())
            self._announced = True

    def _tick(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            try:
                with self._lock:
                    if self._live:
                        self._rewrite()
                    elif time.monotonic() - self._last_line >= LONGEST_SILENCE_SECONDS:
                        self._add_line(self._line())
            except (OSError, ValueError):
                # Nobody reads the stream any more; the command says so itself.
                return

    def _line(self) -> str:
        text = self._text
        if self._share is not None and self._share < 1.0:
            # Before the detail, which a narrow terminal cuts.
            text += f" {bar_text(self._share, time.monotonic() - self._began)}"
        text += self._detail
        if self._compiling and not text.startswith("compiling"):
            return f"{compiling_text()} | {text}" if text else compiling_text()
        return text or "starting"

    def _timed(self, line: str) -> str:
        return f"{time.monotonic() - self._began:6.1f} s  {line}"

    def _add_line(self, line: str) -> None:
        self._stream.write(self._timed(line) + "\n")
        self._stream.flush()
        self._last_line = time.monotonic()

    def _rewrite(self) -> None:
        line = cut_to(self._timed(self._line()), self._width() - 1)
        self._stream.write(f"\r{line:<{self._written}}")
        self._stream.flush()
        self._written = len(line)

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or DEFAULT_WIDTH
        except (OSError, ValueError):
            return DEFAULT_WIDTH


def bar_text(share: float, seconds: float) -> str:
    """Draw a bar, and estimate the time left as if the rest went at the pace until now.

    Parameters
    ----------
    share
        Share of the work that is done; outside 0 to 1 it counts as the nearer of both.
    seconds
        Since the work began [s]; an estimate is given from ``FIRST_ESTIMATE_SECONDS`` on.
    """
    done = min(1.0, max(0.0, share))
    filled = round(done * BAR_WIDTH)
    bar = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {100.0 * done:3.0f} %"
    if not 0.0 < done < 1.0 or seconds < FIRST_ESTIMATE_SECONDS:
        return bar
    return f"{bar}, about {_duration(seconds * (1.0 - done) / done)} left"


def _duration(seconds: float) -> str:
    for size, unit in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def cut_to(line: str, width: int) -> str:
    """Return a line of no more characters than the width, with a sign where it is cut."""
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"


class LiveLine(LiveText):
    """Shows where a solve stands."""

    def __call__(self, progress: Progress) -> None:
        """Show one report; off a terminal only what changed in print."""
        self.show(progress_text(progress))


def progress_text(progress: Progress) -> str:
    """Spell what is known so far, the phase last: a narrow terminal cuts it first."""
    parts = []
    if progress.served is not None:
        parts.append(f"{progress.served} served{without_key(progress.without_key)}")
    rates = [
        f"{name} {rate / 1e3:.3f}"
        for name, rate in (("best", progress.incumbent_bps), ("bound", progress.bound_bps))
        if rate is not None
    ]
    if rates:
        parts.append(", ".join(rates) + " kbit/s")
    if progress.gap is not None:
        parts.append(f"gap {100.0 * progress.gap:.2f} %")
    known = ", ".join(parts)
    return f"{known} | {progress.phase}" if known else progress.phase
