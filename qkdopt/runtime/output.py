"""Solvers without their banners: stdout carries answers only."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

# Search and bound run side by side, and HiGHS resets what all of its instances share.
_ONE_AT_A_TIME = threading.Lock()


class _Banner:
    """Whether the banner of the process's first instance is behind us."""

    def __init__(self) -> None:
        self.lock, self.written = threading.Lock(), False


_banner = _Banner()


@contextmanager
def suppress_stdout() -> Iterator[None]:
    """Send to nowhere what C code, or a library's Python, writes to stdout inside the block."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
        with redirect_stdout(StringIO()):
            yield
    finally:
        # Whatever ends the flush, a time limit included: stdout comes back.
        try:
            _flush_c()
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _flush_c() -> None:
    """Write out what C code has printed, and keeps in a buffer of its own."""
    # Windows has no handle of the program itself; its C library has a name.
    library = ctypes.CDLL(None if os.name == "posix" else "ucrtbase")
    library.fflush(None)


def _highs() -> Any:
    import highspy

    return highspy.Highs()  # type: ignore[no-untyped-call]


def new_highs() -> Any:
    """Make a HiGHS instance that prints nothing.

    The first instance of a process writes a banner before any option can be set: it alone is made
    with stdout suppressed, which all threads of the process share.
    """
    with _banner.lock:
        if not _banner.written:
            with suppress_stdout():
                _highs()
            _banner.written = True
    solver = _highs()
    solver.setOptionValue("log_to_console", False)
    # HiGHS keeps one pool of threads per process and fails on another number of threads.
    solver.resetGlobalScheduler(True)
    return solver


@contextmanager
def one_highs() -> Iterator[Any]:
    """Hand out a HiGHS instance that prints nothing, while no other thread has one."""
    with _ONE_AT_A_TIME:
        yield new_highs()
