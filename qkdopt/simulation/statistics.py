"""Means with 95 % intervals from batches, and differences paired batch by batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from qkdopt.units import FloatArray

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean and the half-width of its 95 % interval; None where there is too little to say."""

    value: float | None
    ci95: float | None

    def __str__(self) -> str:
        """Spell it as value +- half-width."""
        if self.value is None:
            return "none"
        return f"{self.value:.6g}" + ("" if self.ci95 is None else f" +- {self.ci95:.2g}")


@cache
def student_quantile(degrees: int) -> float:
    """Return the two-sided 95 % quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf(0.5 + CONFIDENCE / 2.0, degrees))


def ratio(numerator: FloatArray, denominator: FloatArray) -> Estimate:
    """Estimate E[numerator] / E[denominator] from batches, ``(n,)`` each.

    The interval is that of the linearised ratio, (x - r y) / mean(y): batches with more
    requests served weigh more, as they should (Law, Simulation Modeling and Analysis, on
    ratio estimators of batch means).
    """
    total = float(denominator.sum())
    if len(denominator) == 0 or total <= 0.0:
        return Estimate(None, None)
    value = float(numerator.sum()) / total
    if len(denominator) < 2:
        return Estimate(value, None)
    residual = (numerator - value * denominator) / denominator.mean()
    return Estimate(value, _half_width(residual))


def mean(values: FloatArray) -> Estimate:
    """Estimate a mean from independent values."""
    if len(values) == 0:
        return Estimate(None, None)
    value = float(values.mean())
    return Estimate(value, _half_width(values) if len(values) > 1 else None)


def paired_gain(
    numerator: FloatArray,
    denominator: FloatArray,
    base_numerator: FloatArray,
    base_denominator: FloatArray,
) -> Estimate:
    """Estimate how much a ratio lies above another's, relative to it, on the same requests.

    Batches are paired: what both have in common does not widen the interval (delta method on
    the quotient of two ratios). Without a ratio or with a base of 0 the estimate is None; with one
    batch it has no interval.

    Parameters
    ----------
    numerator, denominator
        ``(n,)`` sums of each batch, see :func:`ratio`.
    base_numerator, base_denominator
        ``(n,)`` the same of the ratio compared with, in the same order of batches.
    """
    improved, base = ratio(numerator, denominator), ratio(base_numerator, base_denominator)
    if improved.value is None or not base.value:
        return Estimate(None, None)
    gain = improved.value / base.value - 1.0
    if len(denominator) < 2:
        return Estimate(gain, None)
    here = (numerator - improved.value * denominator) / denominator.mean()
    there = (base_numerator - base.value * base_denominator) / base_denominator.mean()
    return Estimate(gain, _half_width((here - (1.0 + gain) * there) / base.value))


def _half_width(values: FloatArray) -> float:
    spread = float(values.std(ddof=1)) / math.sqrt(len(values))
    return student_quantile(len(values) - 1) * spread
