"""Run the command line: inside the test's own process, which saves a second, or beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from qkdopt.cli import main

# A guard against waiting for ever, no statement about speed: nothing that passes comes near it.
HANG_SECONDS = 600.0


def exit_status(*arguments: object) -> int:
    """Run ``qkdopt`` with arguments as a shell would and return its exit status."""
    with patch.object(sys, "argv", ["qkdopt", *map(str, arguments)]):
        try:
            main()
        except SystemExit as leaving:
            return int(leaving.code or 0)
    return 0


@contextmanager
def running(*command: object) -> Iterator[subprocess.Popen[str]]:
    """Run a command in a process of its own; it is gone at the end, whatever happens."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def qkdopt(*arguments: object) -> list[object]:
    """Return ``qkdopt`` with arguments as a command for :func:`running`."""
    return [sys.executable, "-m", "qkdopt", *arguments]


def wait_until(happened: Callable[[], object]) -> None:
    """Wait for something to happen."""
    deadline = time.monotonic() + HANG_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it never happens"
        time.sleep(0.02)
