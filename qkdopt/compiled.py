"""The one way to compile: cached, without the interpreter's lock, and never stale."""

from __future__ import annotations

from pathlib import Path

import numba

PACKAGE = Path(__file__).parent


def _forget_stale_machine_code() -> None:
    """Delete cached machine code that is older than any compiled source.

    numba looks at the file of a function alone: what it inlined from another file may have
    changed since.
    """
    sources = [path for path in PACKAGE.rglob("*.py") if "qkdopt.compiled import" in path.read_text("utf-8")]
    newest = max((path.stat().st_mtime for path in sources), default=0.0)
    for index in PACKAGE.rglob("__pycache__/*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except OSError:  # another process was first, or the folder is not ours to write
            continue


_forget_stale_machine_code()
# With what may allocate arrays.
njit = numba.njit(cache=True, nogil=True, error_model="numpy")

# Counting references to arrays that outlive the call anyway costs ten times the simulator's work
# (atomic operations at every access). numba has no public word for leaving it out.
_UNCOUNTED = {"_nrt": False}

# Without allocation: arrays are borrowed from the caller.
njit_bare = numba.njit(cache=True, nogil=True, error_model="numpy", **_UNCOUNTED)
# The same, copied into each caller: a call would pass every array of its arguments by value.
inlined = numba.njit(nogil=True, error_model="numpy", inline="always", **_UNCOUNTED)
