"""Pieces of sentences that several commands print."""

from __future__ import annotations

import math

# A half-width below is given as less than this, not as none [%].
SMALLEST_SHOWN = 0.01


def plus_minus(half_width: float) -> str:
    """Return `` +- 0.05``, to stand behind a value; nothing where there is no interval."""
    if math.isnan(half_width) or half_width == 0.0:
        return ""
    if half_width < SMALLEST_SHOWN:
        return f" +- <{SMALLEST_SHOWN:g}"
    return f" +- {half_width:.2f}"
