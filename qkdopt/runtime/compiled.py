"""The one way to compile: cached, without the interpreter's lock, and never stale."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import event as numba_event
from numba.core.options import DefaultOptions

PACKAGE = Path(__file__).parent.parent
# Where kernels are, and all that they take functions, constants and types from.
KERNEL_PACKAGES = ("bounds", "heuristics", "physics", "problem", "simulation")

_njit: Any = numba.njit
_register: Any = numba_event.register
_unregister: Any = numba_event.unregister


@cache
def sources_stamp() -> str:
    """Return what changes whenever a source file of the packages with kernels does."""
    stamp = hashlib.sha256()
    for package in KERNEL_PACKAGES:
        for path in sorted((PACKAGE / package).rglob("*.py")):
            status = path.stat()
            name = path.relative_to(PACKAGE).as_posix()
            stamp.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return stamp.hexdigest()


def _cached(function: Callable[..., Any], **options: Any) -> Any:
    """Compile a function when it is first called, or load its machine code from disk.

    numba keys machine code by the file of the function alone: what it inlined from another file
    may have changed since, or the tuples that it takes may have other fields or another name. The
    key is widened to the sources of all kernels. Where numba has no such key there is no cache:
    slow, but never another version's numbers.
    """
    compiled = _njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if not hasattr(index, "_source_stamp"):
        return _njit(nogil=True, error_model="numpy", **options)(function)
    index._source_stamp = (index._source_stamp, sources_stamp())
    return compiled


def njit(function: Callable[..., Any]) -> Any:
    """Compile a function that may allocate arrays."""
    return _cached(function)


# Counting references to arrays that outlive the call anyway costs ten times the simulator's work
# (atomic operations at every access). numba's option for leaving it out is not a public one: a
# version without it is slower, not wrong.
_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def njit_noalloc(function: Callable[..., Any]) -> Any:
    """Compile a function that allocates nothing: arrays are borrowed from the caller."""
    return _cached(function, **_UNCOUNTED)


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
