r"""Units of a model: every coefficient between about 1e-4 and the number of channels.

A solver works to absolute tolerances (about 1e-6) and drops coefficients below 1e-9. A key rate
that ends at 1e-9 noise clicks per gate, beside channels that scatter 1e-2, must therefore not be
stated in one unit of noise: the segments would vanish, and with them plans that exist.

* Noise counts from the background noise of the candidate, in units of the noise where a **group**
  of neighbouring segments ends. A group holds the segments whose right edges lie within a factor
  ``SPAN`` of each other; there is one group for a protocol's curve, more for a table over many
  decades.
* A channel whose noise alone exceeds its group counts as twice the group: the group's segments are
  out of reach either way.
* A segment far narrower than its group's unit is level: all of it has the rate at its left edge.
* Segments without key need no noise: the rate is zero there whatever is lit.
* Key rates count in units of the highest rate of a link that matters: a link's rate beyond what any
  demand can have does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qkdopt.milp.linearise import Linearised
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.units import FloatArray

# Largest ratio of right edges within a group, both counted from the background noise.
SPAN = 1e2
# A segment narrower than this share of the unit is level, at its higher end: a solver that divides
# a row by so small a coefficient multiplies its tolerances.
LEVEL_WIDTH = 1e-4
# Largest coefficient: that of a channel with more noise than a whole group, in its units.
MAX_COEFFICIENT = 2.0
# Least rate, as a share of the unit, that a solver with a tolerance of 1e-6 distinguishes from 0.
MIN_RATE = 1e-4
# Coefficients of noise are lowered by this share. A solver may drop what is below its tolerance
# from the other side of the row; the plans that exist must still be solutions.
ROUND_DOWN = 1.0 - 1e-7


@dataclass(frozen=True, slots=True)
class SegmentGroup:
    """Neighbouring segments of one candidate's rate curve that share a unit of noise.

    Parameters
    ----------
    segments
        Numbers of the segments, by rising noise.
    unit
        Noise clicks per gate above the background that count as one: the right edge of the last.
    left, width
        ``(n,)`` left edge above the background, and width, of each segment in that unit. A level
        segment has width 0, and its right edge in place of its left.
    """

    segments: range
    unit: float
    left: FloatArray
    width: FloatArray

    def coefficients(self, noise: FloatArray) -> FloatArray:
        """Return coefficients of lightpaths with ``(n,)`` noise clicks per gate, rounded down."""
        # A quotient beyond the largest float counts as any other above the group.
        with np.errstate(over="ignore"):
            return np.asarray(np.minimum(noise / self.unit, MAX_COEFFICIENT) * ROUND_DOWN)


def segment_groups(curve: Linearised) -> tuple[SegmentGroup, ...]:
    """Return the groups of the segments with key, by falling noise; none without key."""
    edges = curve.edges - curve.background
    with_key = np.flatnonzero(curve.upper.max(axis=1) > 0.0)
    end = int(with_key[-1]) + 1 if len(with_key) else 0
    groups = []
    while end > 0:
        unit = float(edges[end])
        first = int(np.searchsorted(edges[1 : end + 1], unit / SPAN))
        group = range(min(first, end - 1), end)
        left, right = edges[group.start : end], edges[group.start + 1 : end + 1]
        level = right - left < LEVEL_WIDTH * unit
        start = np.where(level, right, left) / unit
        groups.append(SegmentGroup(group, unit, start, np.where(level, 0.0, right - left) / unit))
        end = group.start
    return tuple(groups)


def stated_error_bps(curve: Linearised) -> float:
    """Return the largest distance [bit/s] of a candidate's rate from what a model states of it.

    Beside the error of its segments this counts the fall of the level ones, which have the rate at
    their left edge all along.
    """
    fall = curve.upper[:, 0] - curve.upper[:, 1]
    level = [fall[group.segments][group.width == 0.0] for group in segment_groups(curve)]
    return curve.error_bps + float(np.concatenate([*level, [0.0]]).max())


def rate_cap_bps(
    problem: Problem, max_bps: Mapping[tuple[int, int], float], served: int | None
) -> float:
    """Return the rate of a link beyond which more does not matter [bit/s]; may be infinite.

    Parameters
    ----------
    problem
        The problem.
    max_bps
        Highest rate of each demand on each route [bit/s], by (demand, route). The worst rate of
        ``served`` demands is at most the ``served``-th highest of these by demand.
    served
        Number of demands that are served; None where it is maximised.
    """
    if served is None or problem.objective in ("link-sum", *KEY_OBJECTIVES):
        return np.inf
    demands = range(len(problem.routes))
    max_rates = [
        max((rate for (r, _), rate in max_bps.items() if r == demand), default=0.0)
        for demand in demands
    ]
    if problem.objective == "max-min" and 0 < served <= len(max_rates):
        return sorted(max_rates, reverse=True)[served - 1]
    return max(max_rates, default=0.0)


def rate_unit_bps(segments: Mapping[tuple[int, int], Linearised], cap_bps: float) -> float:
    """Return the highest rate of a link that matters [bit/s]; 1 where there is no key at all."""
    highest = max((float(curve.upper.max()) for curve in segments.values()), default=0.0)
    unit = min(highest, cap_bps)
    return unit if unit > 0.0 else 1.0
