"""Run a solver as a child process, and read its log meanwhile."""

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

# Time for a solver to end by itself: beyond its time limit, and again after a signal.
GRACE_S = 0.4


def remaining(limits: Limits, began: float) -> Limits:
    """Return the remaining limits: writing a large program takes seconds.

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
        Working directory, and that of its log.
    signal
        Signal that ends it; SIGINT where it then still writes its solution.
    """

    command: Sequence[str]
    folder: Path
    signal: int = SIGTERM

    def run(
        self, read: Callable[[str], None], proceed: Callable[[], bool], seconds: float
    ) -> int | None:
        """Run the command to its end.

        Parameters
        ----------
        read
            Called with each line of the log.
        proceed
            Called every ``PERIOD_S``; returns whether to continue.
        seconds
            Time [s] after which it is ended.

        Returns
        -------
        code
            Its exit status; None where it was ended.
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
                # An interrupt from the keyboard goes to this process, which then ends the child.
                start_new_session=True,
            )
            try:
                ended = self._watch(process, tail, proceed, seconds)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            tail.flush()
        return process.returncode if ended else None

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        tail: _Tail,
        proceed: Callable[[], bool],
        seconds: float,
    ) -> bool:
        """Return whether the child ended by itself."""
        elapsed = 0.0
        while not _wait_for_exit(process, PERIOD_S):
            elapsed += PERIOD_S
            tail.lines()
            if not proceed() or elapsed > seconds + GRACE_S:
                _tell_to_end(process, self.signal)
                _wait_for_exit(process, GRACE_S)
                return False
        return True


class _Tail:
    """Reader of a growing file."""

    def __init__(self, file: IO[str], read: Callable[[str], None]) -> None:
        self._file, self._read = file, read
        self._partial = ""

    def lines(self) -> None:
        """Pass on the lines that are complete."""
        *complete, self._partial = (self._partial + self._file.read()).split("\n")
        for line in complete:
            self._read(line)

    def flush(self) -> None:
        """Pass on the last line when nothing more is written."""
        self.lines()
        self._read(self._partial)


def _tell_to_end(process: subprocess.Popen[bytes], signal: int) -> None:
    # Windows knows no signal that a program could answer to by ending in its own way.
    if os.name == "posix":
        process.send_signal(signal)
    else:
        process.terminate()


def _wait_for_exit(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
