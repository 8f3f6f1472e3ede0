r"""Intervals of fitted parameters by profile likelihood.

The ends of an interval are where the least :math:`\chi^2` over all other parameters has risen by
the threshold of 95 %: an interval may be lopsided, or open where nothing in the data ends it. With
errors estimated from the scatter the threshold is that of Student's t, with the degrees of freedom
of the column that has fewest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from qkdopt.errors import SolverFailedError
from qkdopt.experiments.calibration.least_squares import Fit, minimise
from qkdopt.experiments.calibration.parameters import BY_NAME
from qkdopt.units import FloatArray

# First step from the estimate where the curvature says nothing.
WIDEST_STEP = 1.0
MOST_STEPS = 40
PROFILE_TOLERANCE = 1e-6
# A smaller fall of the sum of squares is round-off.
LEAST_FALL = 1e-2


@dataclass(frozen=True)
class Interval:
    """The 95 % interval of one parameter.

    Parameters
    ----------
    low, high
        All four values by name at either end, the others as the data then want them; None where
        the data do not end it.
    """

    low: dict[str, float] | None
    high: dict[str, float] | None


def interval(found: Fit, k: int) -> Interval:
    """Return the interval of the ``k``-th fitted parameter.

    Raises
    ------
    BetterFit
        On the way there was a better fit.
    """
    ends = [_end(found, k, sign) for sign in (-1.0, 1.0)]
    return Interval(*ends)


def _end(found: Fit, k: int, sign: float) -> dict[str, float] | None:
    """Return the values at one end; None where the end of the range comes first."""
    low, high = found.problem.bounds
    last = float(low[k] if sign < 0.0 else high[k])
    centre = float(found.coordinates[k])
    profile = _Profile(found, k)
    step = min(WIDEST_STEP, _step(found, k))
    inside, outside = centre, centre
    for _ in range(MOST_STEPS):
        outside = centre + sign * step
        if sign * (outside - last) >= 0.0:
            outside = last
        if profile(outside) > 0.0:
            break
        if outside == last:
            return None
        inside, step = outside, 2.0 * step
    else:
        return None
    # An end to a thousandth of the interval.
    width = 1e-3 * abs(outside - centre)
    root = optimize.brentq(profile, inside, outside, xtol=width, rtol=1e-8)
    profile(root)
    return found.problem.values(np.insert(profile.others, k, root))


def _step(found: Fit, k: int) -> float:
    """Return the half-width that the curvature at the estimate says."""
    curvature = found.covariance()[k, k] / found.scatter
    return float(np.sqrt(found.threshold * curvature)) or WIDEST_STEP


class BetterFit(Exception):
    """A profile found a smaller sum of squares than the fit: the fit begins anew from there.

    Parameters
    ----------
    coordinates
        ``(p,)`` where it is smaller.
    """

    def __init__(self, coordinates: FloatArray) -> None:
        self.coordinates = coordinates
        super().__init__("a smaller sum of squares")


class _Profile:
    """Rise of the least sum of squares over the threshold, where one parameter is held."""

    def __init__(self, found: Fit, k: int) -> None:
        self._found = found
        self._name, self._k = found.names[k], k
        covariance = found.covariance()
        own = covariance[k, k] or 1.0
        # Where the others go when this one moves, to first order.
        self._slope = np.delete(covariance[:, k], k) / own
        self.others = np.delete(found.coordinates, k)

    def __call__(self, coordinate: float) -> float:
        """Return the rise less the threshold, and keep where the others were best.

        Raises
        ------
        BetterFit
            There is no rise, but a fall.
        """
        problem = self._found.problem
        value = BY_NAME[self._name].value(coordinate)
        held = replace(
            problem,
            names=tuple(name for name in problem.names if name != self._name),
            fixed={**problem.fixed, self._name: value},
        )
        change = coordinate - float(self._found.coordinates[self._k])
        start = np.delete(self._found.coordinates, self._k) + self._slope * change
        best = minimise(held, [start], PROFILE_TOLERANCE)
        self.others = best.coordinates
        if best.chi2 < self._found.chi2 - LEAST_FALL:
            raise BetterFit(np.insert(best.coordinates, self._k, coordinate))
        return best.chi2 - self._found.chi2 - self._found.threshold


def fit_with_intervals(found: Fit) -> tuple[Fit, tuple[Interval, ...]]:
    """Return the intervals of all fitted parameters, and the fit, improved where a profile did."""
    for _ in range(MOST_STEPS):
        try:
            return found, tuple(interval(found, k) for k in range(len(found.names)))
        except BetterFit as better:
            found = minimise(found.problem, [better.coordinates])
    raise SolverFailedError("calibrate: the sum of squares kept falling; no least one was found")
