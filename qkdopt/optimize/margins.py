"""What a solver's tolerances can hide, added to every bound that comes from one.

Coefficients are scaled so that no tolerance decides whether a plan exists
(:mod:`qkdopt.milp.scales`). What is left: a solver gives up branches that could improve its best
solution by less than its absolute tolerance (1e-6 for HiGHS, SCIP and CBC), and its linear programs
are optimal up to dual tolerances of 1e-7, relative to objective coefficients of one.
"""

from __future__ import annotations

import math

# Widening of a bound on key rates: a share of itself, and in units of the highest rate of a link.
RELATIVE, ABSOLUTE = 2e-6, 2e-6
# Bounds up to this, in the same unit, say only that tolerances are left: key is counted instead.
NOTHING = 1e-5
# Of a bound on a whole number of demands, whose true values are apart by one.
SERVED = 1e-4


def widened(bound: float, worth: float = 1.0) -> float:
    """Return a solver's bound with what its tolerances can hide; at least 0.

    Parameters
    ----------
    bound
        What the solver proved.
    worth
        What one unit of a rate in a row may be worth in the objective: 1 in a sum of rates.
    """
    return max(0.0, bound) * (1.0 + RELATIVE) + ABSOLUTE * max(1.0, worth)


def lowered(value: float) -> float:
    """Return what a sum of rates is at least, where a solver calls it no less than ``value``."""
    return value * (1.0 - RELATIVE) - ABSOLUTE


def whole(bound: float) -> int:
    """Return the whole number that a solver's bound on a number of demands allows; at least 0."""
    return max(0, math.floor(bound + SERVED))
