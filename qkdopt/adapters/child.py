"""Runs a solver as a child process, and reads its log meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGTERM
from typing import IO

from qkdopt.adapters.base import Limits
from qkdopt.adapters.polling import PERIOD_S

# What a solver is given to end by itself: beyond its time limit, and again after a signal.
GRACE_S = 0.4


def remaining(limits: Limits, began: float) -> Limits:
    """Return what is left of the limits: writing a large program takes seconds.

    ``began`` is ``time.monotonic()`` at the start of the run.
    """
    return replace(limits, seconds=max(0.0, limits.seconds - (time.monotonic() - began)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A solver's command.

    Parameters
    ----------
    command
        Program and arguments.
    folder
        Where it runs, and where its log goes.
    signal
        Makes it end; SIGINT where it then still writes its solution.
    """

    command: Sequence[str]
    folder: Path
    signal: int = SIGTERM

    def run(
        self, read: Callable[[str], None], ask: Callable[[], bool], seconds: float
    ) -> int | None:
        """Run to the end.

        Parameters
        ----------
        read
            Called with each line of the log.
        ask
            Called every ``PERIOD_S``; returns whether to go on.
        seconds
            Time after which it is made to end, if it has not done so by itself.

        Returns
        -------
        code
            Its exit status; None where it was made to end.
        """
        path = self.folder / "log.txt"
        with path.open("wb") as out, path.open(encoding="utf-8", errors="replace") as log:
            tail = _Tail(log, read)
            process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # An interrupt from the keyboard is for us, who then tell the child.
                start_new_session=True,
            )
            try:
                ended = self._watch(process, tail, ask, seconds)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            tail.rest()
        return process.returncode if ended else None

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        tail: _Tail,
        ask: Callable[[], bool],
        seconds: float,
    ) -> bool:
        """Return whether the child ended by itself."""
        waited = 0.0
        while not _ended(process, PERIOD_S):
            waited += PERIOD_S
            tail.lines()
            if not ask() or waited > seconds + GRACE_S:
                _tell_to_end(process, self.signal)
                _ended(process, GRACE_S)
                return False
        return True


class _Tail:
    """Lines of a file that grows."""

    def __init__(self, file: IO[str], read: Callable[[str], None]) -> None:
        self._file, self._read = file, read
        self._part = ""

    def lines(self) -> None:
        """Pass on the lines that are complete."""
        *whole, self._part = (self._part + self._file.read()).split("\n")
        for line in whole:
            self._read(line)

    def rest(self) -> None:
        """Pass on what is left, when nothing more is written."""
        self.lines()
        self._read(self._part)


def _tell_to_end(process: subprocess.Popen[bytes], signal: int) -> None:
    # Windows knows no signal that a program could answer to by ending in its own way.
    if os.name == "posix":
        process.send_signal(signal)
    else:
        process.terminate()


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
