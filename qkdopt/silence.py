"""HiGHS without its banner: stdout carries answers only."""

from __future__ import annotations

import os
import sys
from typing import Any


def new_highs() -> Any:
    """Make a HiGHS instance that prints nothing.

    The first instance of a process writes a banner to file descriptor 1 before any option
    can be set; it is sent to the null device.
    """
    import highspy

    sys.stdout.flush()
    kept = os.dup(1)
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    solver.setOptionValue("log_to_console", False)
    # HiGHS keeps one pool of threads per process and fails on another number of threads.
    solver.resetGlobalScheduler(True)
    return solver
