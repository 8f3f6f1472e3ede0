"""What is said about the machine code of kernels, and where it is kept."""

from __future__ import annotations

from typing import Any

from qkdopt.runtime.compiled import cache_folder

ONCE = "this first time only"


def compiled_when(kernel: Any) -> str:
    """Say how often a kernel is compiled: once, or each time where no folder can be written."""
    if cache_folder(kernel) is not None:
        return ONCE
    return "as at each start: no folder can be written (NUMBA_CACHE_DIR names one)"
