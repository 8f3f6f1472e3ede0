"""Resident memory of processes, and how it grows: read from ``/proc``, so on Linux alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MB = 1e6


@dataclass(frozen=True)
class Slope:
    """A straight line through samples.

    Parameters
    ----------
    value, error
        Growth for one of the unit, and its standard error; samples follow one another, so the
        error counts how many of them are independent.
    samples
        Number of samples.
    """

    value: float
    error: float
    samples: int


def resident_bytes(process: int | None = None) -> int:
    """Return the resident memory of a process [bytes]; None for this one; 0 when it has ended."""
    try:
        text = Path(f"/proc/{process or os.getpid()}/statm").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(text.split()[1]) * PAGE_BYTES


def peak_bytes(process: int | None = None) -> int:
    """Return the most resident memory that a process ever had [bytes]."""
    text = Path(f"/proc/{process or os.getpid()}/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in text.splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


def family(process: int) -> list[int]:
    """Return a process and all its descendants."""
    members = [process]
    for member in members:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members += [int(word) for word in children.read_text(encoding="ascii").split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
    return members


def family_bytes(process: int) -> int:
    """Return the resident memory of a process and its descendants [bytes]; shared pages twice."""
    return sum(resident_bytes(member) for member in family(process))


def slope(across: Sequence[float], along: Sequence[float]) -> Slope:
    """Fit a straight line by least squares; its error allows for samples that follow one another.

    Residuals of memory are steps that last: their correlation from one sample to the next, as of
    an autoregression of order one, leaves ``n (1 - r) / (1 + r)`` independent samples (Santer et
    al., J. Geophys. Res. 105, 7337 (2000), eq. 6).

    Parameters
    ----------
    across, along
        ``(n,)`` samples, n at least 3.
    """
    x, y = np.asarray(across, dtype=np.float64), np.asarray(along, dtype=np.float64)
    if len(x) < 3:
        return Slope(float("nan"), float("nan"), len(x))
    centred = x - x.mean()
    value = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - value * centred
    power = float(rest @ rest)
    if power == 0.0:
        return Slope(value, 0.0, len(x))
    repeated = min(0.99, max(0.0, float(rest[1:] @ rest[:-1]) / power))
    independent = max(3.0, len(x) * (1.0 - repeated) / (1.0 + repeated))
    variance = power / (independent - 2.0) / float(centred @ centred)
    return Slope(value, float(np.sqrt(variance)), len(x))
