"""Estimates from blocks by the jackknife, alone and in pairs.

Blocks are independent, and block k has the same requests whatever the placement. The jackknife
gives any smooth function of sums over blocks its interval (Efron and Tibshirani, An Introduction
to the Bootstrap, ch. 11); at a change of the worst scenario, or of the quantile's, a criterion is
not smooth, and its interval is a guide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from qkdopt.simulation import Estimate
from qkdopt.simulation.statistics import CONFIDENCE, student_quantile
from qkdopt.units import FloatArray

Statistic = Callable[..., FloatArray]


def jackknife(statistic: Statistic, *blocks: FloatArray) -> Estimate:
    """Estimate a function of sums over blocks, with its interval.

    Parameters
    ----------
    statistic
        Takes one array ``(..., scenarios, SUMS)`` for each of ``blocks``.
    blocks
        ``(n, scenarios, SUMS)`` each, on the same requests.
    """
    totals = [sums.sum(axis=0) for sums in blocks]
    value = float(statistic(*totals))
    count = len(blocks[0])
    if count < 2:
        return Estimate(value, None)
    without = statistic(*(total - sums for total, sums in zip(totals, blocks, strict=True)))
    pseudo = count * value - (count - 1) * np.asarray(without)
    spread = float(pseudo.std(ddof=1)) / math.sqrt(count)
    return Estimate(value, spread * student_quantile(count - 1))


def bonferroni(estimate: Estimate, blocks: int, comparisons: int) -> Estimate:
    """Widen an interval for several comparisons (Bonferroni).

    Parameters
    ----------
    estimate
        With its own 95 % interval.
    blocks
        Number of blocks behind the estimate.
    comparisons
        Number of intervals that hold together with 95 %.
    """
    if estimate.ci95 is None:
        return estimate
    degrees = blocks - 1
    wider = joint_quantile(degrees, max(1, comparisons)) / student_quantile(degrees)
    return Estimate(estimate.value, wider * estimate.ci95)


@cache
def joint_quantile(degrees: int, comparisons: int) -> float:
    """Return Student's two-sided t quantile at which all comparisons hold together with 95 %."""
    from scipy.stats import t

    return float(t.ppf(1.0 - (1.0 - CONFIDENCE) / (2.0 * comparisons), degrees))
