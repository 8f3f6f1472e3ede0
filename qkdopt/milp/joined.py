"""Segments of a piecewise-linear curve: as few as a tolerance allows, each certified by its bends.

A line over several pieces of such a curve is furthest from it at a bend, so that the largest
distances above and below, looked for at the bends inside, are exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.units import FloatArray

# The lines leave the curve by this much more than the distances found, for rounding.
MARGIN = 1.0 + 1e-6


class Joined(NamedTuple):
    """Segments of one curve.

    Parameters
    ----------
    left, right
        ``(n,)`` noise clicks per gate at their ends.
    upper, lower
        ``(n, 2)`` rate [bit/s] of the upper and the lower line at both ends.
    error
        ``(n,)`` largest distance of the two lines [bit/s].
    """

    left: FloatArray
    right: FloatArray
    upper: FloatArray
    lower: FloatArray
    error: FloatArray


def join(
    noise: FloatArray, rate: FloatArray, kept: NDArray[np.bool_], tolerance_bps: float
) -> Joined:
    """Join pieces of a curve, from the left, for as long as the two lines are within a tolerance.

    Parameters
    ----------
    noise, rate
        ``(N,)`` bends of the curve, both ends among them: rising noise, and the rate there [bit/s].
    kept
        ``(N,)`` bends that no segment may cross.
    tolerance_bps
        Largest distance of upper and lower line [bit/s]; a single piece has none.
    """
    edges, end = [0], 1
    while end < len(noise) - 1:
        begin = edges[-1]
        if kept[end] or sum(_distances(noise, rate, begin, end + 1)) > tolerance_bps:
            edges.append(end)
        end += 1
    spans = list(zip(edges, [*edges[1:], len(noise) - 1], strict=True))
    found = np.array([_distances(noise, rate, begin, end) for begin, end in spans]) * MARGIN
    first, last = np.array(spans).T
    ends = np.column_stack([rate[first], rate[last]])
    lift, sag = found.T
    return Joined(noise[first], noise[last], ends + lift[:, None], ends - sag[:, None], lift + sag)


def _distances(noise: FloatArray, rate: FloatArray, begin: int, end: int) -> tuple[float, float]:
    """Return how far the curve is above its chord between two bends, and below, both at least 0."""
    if end - begin == 1:
        return 0.0, 0.0
    inside = slice(begin, end + 1)
    share = (noise[inside] - noise[begin]) / (noise[end] - noise[begin])
    above = rate[inside] - (rate[begin] + share * (rate[end] - rate[begin]))
    return max(0.0, float(above.max())), max(0.0, float(-above.min()))


__all__ = ["Joined", "join"]
