"""How the search is compiled: small inner functions, a few cached entry points.

numba's cache looks only at the file of the function that was called. An entry point
therefore closes over :data:`SOURCES`, a hash of every compiled source: when any of them
changes, for instance by an update in place, no stale machine code is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def _digest_of_sources() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


SOURCES = _digest_of_sources()


def inner(function: Function) -> Function:
    """Compile a function that only compiled code calls; merged into its caller."""
    return cast(Function, numba.njit(nogil=True, error_model="numpy", forceinline=True)(function))


def outlined(function: Function) -> Function:
    """Compile a function that only compiled code calls, kept apart from its callers."""
    return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))


def entry(function: Function) -> Function:
    """Compile a function that Python calls, once: the machine code is kept on disk.

    The function must refer to a variable of its factory that holds :data:`SOURCES`. It
    releases the interpreter lock, so two searches can run in two threads.
    """
    return cast(Function, numba.njit(nogil=True, error_model="numpy", cache=True)(function))
