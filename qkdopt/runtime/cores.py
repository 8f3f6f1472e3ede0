"""How many cores there are to use."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Return the cores that this process may use; all of the machine's where none are set aside."""
    # macOS and Windows have no affinity of processes.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
