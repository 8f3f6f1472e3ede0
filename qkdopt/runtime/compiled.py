"""The one way to compile: cached, without the interpreter's lock, and never stale."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Self

import numba
from numba.core import event as numba_event
from numba.core.caching import FunctionCache
from numba.core.options import DefaultOptions

PACKAGE = Path(__file__).parent.parent

# Loosely typed: versions of numba differ in what they say of their own types.
_njit: Any = numba.njit
_register: Any = numba_event.register
_unregister: Any = numba_event.unregister


@cache
def source_digest() -> str:
    """Return a digest of every source beside compiled ones, and of this one.

    Read once a process, when the first kernel is looked up: never at import.
    """
    sources = {path: path.read_bytes() for path in sorted(PACKAGE.rglob("*.py"))}
    here = Path(__file__)
    folders = {path.parent for path, text in sources.items() if b"\n@njit" in text} - {here.parent}
    digest = hashlib.sha256()
    for path, text in sources.items():
        if path.parent in folders or path == here:
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()


class PackageCache(FunctionCache):
    """Machine code of a kernel on disk, found again only under the sources it was made from.

    numba's own key holds the function's file alone: what it inlined from another file may have
    changed since, or the tuples that it takes may have other fields or another name. Code of other
    sources is left where it is: nothing reads it.
    """

    def holds_machine_code(self) -> bool:
        """Whether there is code of these sources, for whatever types of arguments."""
        index = self._cache_file._load_index()  # type: ignore[no-untyped-call]
        return any(key[-1] == source_digest() for key in index)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save a kernel; where the folder cannot be written (any more), it lasts one process."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        own = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        return (*own, source_digest())


def _cached(**options: Any) -> Callable[[Any], Any]:
    """Return a decorator that compiles at the first call and keeps the code on disk.

    Code is kept beside the sources, or in the user's cache folder where those cannot be written
    (``NUMBA_CACHE_DIR`` names another). Where nothing can be written each process compiles anew.
    """
    compiling = _njit(nogil=True, error_model="numpy", **options)

    def decorate(function: Any) -> Any:
        kernel = compiling(function)
        # numba raises a RuntimeError where it finds no folder to write in.
        with contextlib.suppress(RuntimeError):
            kernel._cache = PackageCache(function)  # type: ignore[no-untyped-call]
        return kernel

    return decorate


# With what may allocate arrays.
njit = _cached()

# Counting references to arrays that outlive the call anyway costs ten times the simulator's work
# (atomic operations at every access). numba's option for leaving it out is not a public one: a
# version without it is slower, not wrong.
_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}

# Without allocation: arrays are borrowed from the caller.
njit_noalloc = _cached(**_UNCOUNTED)
# The same, copied into each caller: a call would pass every array of its arguments by value.
njit_inline = _njit(nogil=True, error_model="numpy", inline="always", **_UNCOUNTED)


def compiled_before(function: Any) -> bool:
    """Whether machine code of a compiled function is on disk from an earlier run."""
    kept = getattr(function, "_cache", None)
    return isinstance(kept, PackageCache) and kept.holds_machine_code()


def cache_folder(function: Any) -> Path | None:
    """Return the folder of a compiled function's machine code; None where none can be written."""
    kept = getattr(function, "_cache", None)
    return Path(kept.cache_path) if isinstance(kept, PackageCache) else None


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


class KernelWatch(numba_event.Listener):
    """Names every kernel that this thread compiles, while the block runs.

    Parameters
    ----------
    report
        Called with the name of each kernel before it is compiled; not with those that it calls.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._thread = threading.get_ident()
        self._depth = 0

    def __enter__(self) -> Self:
        _register("numba:compile", self)
        return self

    def __exit__(self, *_: object) -> None:
        _unregister("numba:compile", self)

    def on_start(self, event: Any) -> None:
        """Report a kernel, unless another one that calls it is being compiled."""
        if threading.get_ident() != self._thread:
            return
        self._depth += 1
        if self._depth == 1:
            self._report(event.data["dispatcher"].py_func.__name__.strip("_").replace("_", " "))

    def on_end(self, _: Any) -> None:
        """Note that a kernel is compiled."""
        if threading.get_ident() == self._thread:
            self._depth -= 1
