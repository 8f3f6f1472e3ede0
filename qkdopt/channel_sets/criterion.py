"""Criterion of a design: mean over scenarios, worst, a quantile, or the least gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.channel_sets.sums import OFFERED, SKR
from qkdopt.errors import UsageError
from qkdopt.units import FloatArray

CRITERIA = ("mean", "worst", "quantile", "least-gain")


@dataclass(frozen=True)
class Criterion:
    """Reduces the key rates per request of several scenarios to one number.

    Parameters
    ----------
    name
        ``mean``: weighted. ``worst``: the lowest. ``quantile``: the lowest rate such that
        scenarios at or below it have a weight of at least ``share``. ``least-gain``: the
        lowest ratio to the baseline's rate in the same scenario, of those where the baseline
        has any key.
    share
        Of ``quantile``.
    """

    name: str = "mean"
    share: float = 0.1

    def __post_init__(self) -> None:
        faults = []
        if self.name not in CRITERIA:
            faults.append(f"criterion = {self.name!r}; expected one of {', '.join(CRITERIA)}")
        if not 0.0 < self.share <= 1.0:
            faults.append(f"quantile = {self.share:g}; expected a share above 0, at most 1")
        if faults:
            raise UsageError("; ".join(faults))

    def value(self, sums: FloatArray, base: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the value by which a design is ranked.

        Parameters
        ----------
        sums, base
            ``(..., scenarios, SUMS)`` sums of a placement and of the baseline on the same blocks.
        weights
            ``(scenarios,)``, sum 1.
        """
        rates = per_request(sums)
        if self.name == "mean":
            return np.asarray(rates @ weights)
        if self.name == "worst":
            return np.asarray(rates.min(axis=-1))
        if self.name == "quantile":
            return self._quantile(rates, weights)
        reference = per_request(base)
        # A scenario without key for the baseline has no gain: it is left out.
        no_limit = np.full_like(rates, np.inf)
        gains = np.divide(rates, reference, out=no_limit, where=reference > 0.0)
        min_gain = gains.min(axis=-1)
        return np.where(np.isfinite(min_gain), min_gain, 0.0)

    def _quantile(self, rates: FloatArray, weights: FloatArray) -> FloatArray:
        order = np.argsort(rates, axis=-1, kind="stable")
        below = np.cumsum(weights[order], axis=-1)
        # Round-off in the sum of weights must not push the quantile to the next scenario.
        position = (below < self.share - 1e-12).sum(axis=-1, keepdims=True)
        return np.take_along_axis(
            rates, np.take_along_axis(order, position, axis=-1), axis=-1
        ).squeeze(-1)


def per_request(sums: FloatArray) -> FloatArray:
    """Return ``(..., scenarios)`` key rates per request [bit/s]; a blocked request counts as 0."""
    offered = sums[..., OFFERED]
    return np.divide(sums[..., SKR], offered, out=np.zeros_like(offered), where=offered > 0.0)
