"""The one way to compile: cached, without the interpreter's lock, and never stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
from numba.core.options import DefaultOptions

PACKAGE = Path(__file__).parent


def _forget_stale_machine_code() -> None:
    """Delete cached machine code that is older than any source beside compiled ones.

    numba looks at the file of a function alone: what it inlined from another file may have
    changed since, or the tuples that it takes may have other fields or another name.
    """
    rooms = {
        path.parent
        for path in PACKAGE.rglob("*.py")
        if "\n@njit" in path.read_text("utf-8") and path.parent != PACKAGE
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
# With what may allocate arrays.
njit = _njit(cache=True, nogil=True, error_model="numpy")

# Counting references to arrays that outlive the call anyway costs ten times the simulator's work
# (atomic operations at every access). numba's option for leaving it out is not a public one: a
# version without it is slower, not wrong.
_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}

# Without allocation: arrays are borrowed from the caller.
njit_bare = _njit(cache=True, nogil=True, error_model="numpy", **_UNCOUNTED)
# The same, copied into each caller: a call would pass every array of its arguments by value.
inlined = _njit(nogil=True, error_model="numpy", inline="always", **_UNCOUNTED)


def compiled_before(function: Any) -> bool:
    """Whether machine code of a compiled function is on disk from an earlier run."""
    folder = function.stats.cache_path
    pattern = f"{function.py_func.__module__.rsplit('.', 1)[-1]}.{function.py_func.__name__}-*.nbi"
    return folder is not None and any(Path(folder).glob(pattern))
