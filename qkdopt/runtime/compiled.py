"""The one way to compile: cached, without the interpreter's lock, and never stale."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import event as numba_event
from numba.core.options import DefaultOptions

PACKAGE = Path(__file__).parent.parent


def _forget_stale_machine_code() -> None:
    """Delete cached machine code that is older than any source beside compiled ones.

    numba looks at the file of a function alone: what it inlined from another file may have
    changed since, or the tuples that it takes may have other fields or another name.
    """
    rooms = {
        path.parent
        for path in PACKAGE.rglob("*.py")
        if "\n@njit" in path.read_text("utf-8") and path.parent != Path(__file__).parent
    }
    sources = [path for room in rooms for path in room.glob("*.py")]
    newest = max((path.stat().st_mtime for path in sources), default=0.0)
    for index in PACKAGE.rglob("__pycache__/*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except OSError:  # another process was first, or the folder is not ours to write
            continue


_forget_stale_machine_code()
_njit: Any = numba.njit
_register: Any = numba_event.register
_unregister: Any = numba_event.unregister
# With what may allocate arrays.
njit = _njit(cache=True, nogil=True, error_model="numpy")

# Counting references to arrays that outlive the call anyway costs ten times the simulator's work
# (atomic operations at every access). numba's option for leaving it out is not a public one: a
# version without it is slower, not wrong.
_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}

# Without allocation: arrays are borrowed from the caller.
njit_noalloc = _njit(cache=True, nogil=True, error_model="numpy", **_UNCOUNTED)
# The same, copied into each caller: a call would pass every array of its arguments by value.
njit_inline = _njit(nogil=True, error_model="numpy", inline="always", **_UNCOUNTED)


def compiled_before(function: Any) -> bool:
    """Whether machine code of a compiled function is on disk from an earlier run."""
    folder = function.stats.cache_path
    pattern = f"{function.py_func.__module__.rsplit('.', 1)[-1]}.{function.py_func.__name__}-*.nbi"
    return folder is not None and any(Path(folder).glob(pattern))


class CompilationWatch(numba_event.Listener):
    """Reports that this process compiles kernels: whichever, in whatever thread.

    Parameters
    ----------
    report
        Called with True when compilation begins and with False when it has ended, in the thread
        that compiles. Kernels read from disk are not compiled.
    """

    def __init__(self, report: Callable[[bool], None]) -> None:
        self._report = report
        self._lock = threading.RLock()
        # Kernels compile those that they call, one inside the other.
        self._depth = 0

    def start(self) -> None:
        """Watch from now on."""
        _register("numba:compile", self)

    def stop(self) -> None:
        """Watch no longer."""
        _unregister("numba:compile", self)

    def on_start(self, _: Any) -> None:
        """Count one more kernel."""
        self._count(1)

    def on_end(self, _: Any) -> None:
        """Count one less."""
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            before = self._depth
            self._depth += change
            if (before == 0) != (self._depth == 0):
                self._report(self._depth > 0)
