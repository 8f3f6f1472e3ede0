r"""Residuals of a calibration: logarithms of key rates and QBERs, in units of their errors.

Key rates go through :math:`g(R) = \operatorname{arsinh}(R / 2 R_0)`, with :math:`R_0` a thousandth
of the least rate measured: the logarithm for whatever was measured, and finite where the model has
no key (:math:`R \le 0`), so that a fit may begin there. Where no key was measured, a residual is
the rate that the model has all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qkdopt.experiments.calibration.bench import Bench
from qkdopt.experiments.calibration.measurement import Measurement
from qkdopt.experiments.calibration.parameters import PARAMETERS, FitParameter
from qkdopt.units import FloatArray

LEAST_SHARE = 1e-3
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Data:
    """What was measured, and the bench that predicts it.

    Parameters
    ----------
    bench
        Physics of ``n`` measurements.
    skr_bps, qber
        ``(n,)`` measured; NaN where not.
    skr_se, qber_se
        ``(n,)`` relative standard errors that were given; NaN where to be estimated. Where no key
        was measured, as a share of the least rate measured.
    least_bps
        Least key rate above 0 of all measurements [bit/s].
    """

    bench: Bench
    skr_bps: FloatArray
    qber: FloatArray
    skr_se: FloatArray
    qber_se: FloatArray
    least_bps: float

    @classmethod
    def of(cls, bench: Bench, measurements: Sequence[Measurement]) -> Data:
        """Return the data of some measurements, in their order."""
        rates = _column(measurements, "skr_bps")
        qber = _column(measurements, "qber")
        positive = rates[rates > 0.0]
        least = float(positive.min()) if len(positive) else 1.0
        reference = np.where(rates > 0.0, rates, least)
        return cls(
            bench=bench,
            skr_bps=rates,
            qber=qber,
            skr_se=_column(measurements, "skr_bps_se") / reference,
            qber_se=_column(measurements, "qber_se") / qber,
            least_bps=least,
        )

    def rows(self, chosen: Sequence[int]) -> Data:
        """Return the data of some measurements, by their numbers."""
        k = np.array(chosen, dtype=np.int64)
        return Data(
            self.bench.rows(k), self.skr_bps[k], self.qber[k], self.skr_se[k], self.qber_se[k],
            self.least_bps,
        )  # fmt: skip

    @cached_property
    def has_skr(self) -> BoolArray:
        """``(n,)`` whether a key rate was measured."""
        return ~np.isnan(self.skr_bps)

    @cached_property
    def has_qber(self) -> BoolArray:
        """``(n,)`` whether a QBER was measured."""
        return ~np.isnan(self.qber)

    @property
    def of_skr(self) -> BoolArray:
        """``(m,)`` whether a residual is one of a key rate; those of QBERs come after."""
        return np.repeat([True, False], [int(self.has_skr.sum()), int(self.has_qber.sum())])

    @property
    def given(self) -> BoolArray:
        """``(m,)`` whether the standard error of a residual was given."""
        both = self.skr_se[self.has_skr], self.qber_se[self.has_qber]
        return ~np.isnan(np.concatenate(both))

    def errors(self, skr: float, qber: float) -> FloatArray:
        """Return ``(m,)`` relative standard errors: as given, else these of the two columns."""
        of_skr, of_qber = self.skr_se[self.has_skr], self.qber_se[self.has_qber]
        return np.concatenate(
            [
                np.where(np.isnan(of_skr), skr, of_skr),
                np.where(np.isnan(of_qber), qber, of_qber),
            ]
        )

    def deviations(self, values: Mapping[str, float]) -> FloatArray:
        """Return ``(m,)`` deviations of the model, as shares: residuals before their errors."""
        rate, qber = self.bench.predicted(values)
        measured = self.skr_bps[self.has_skr]
        deviation = self._rate_deviation(rate[self.has_skr], measured)
        ratio = qber[self.has_qber] / self.qber[self.has_qber]
        return np.concatenate([deviation, np.log(np.maximum(ratio, 1e-12))])

    def _rate_deviation(self, rate: FloatArray, measured: FloatArray) -> FloatArray:
        unit = 2.0 * LEAST_SHARE * self.least_bps
        difference = np.arcsinh(rate / unit) - np.arcsinh(measured / unit)
        return np.where(measured > 0.0, difference, np.maximum(rate, 0.0) / self.least_bps)


def _column(measurements: Sequence[Measurement], name: str) -> FloatArray:
    values = [getattr(row, name) for row in measurements]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


@dataclass(frozen=True)
class FitProblem:
    """Residuals as a function of the coordinates of some parameters; the others are fixed.

    Parameters
    ----------
    data
        What was measured.
    names
        Fitted parameters, in the order of their coordinates.
    fixed
        Values of the others by name.
    errors
        ``(m,)`` relative standard errors.
    """

    data: Data
    names: tuple[str, ...]
    fixed: Mapping[str, float]
    errors: FloatArray

    @cached_property
    def parameters(self) -> tuple[FitParameter, ...]:
        """The fitted parameters."""
        return tuple(p for name in self.names for p in PARAMETERS if p.name == name)

    @cached_property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest coordinates."""
        instance = self.data.bench.instance
        ends = np.array([p.bounds(instance) for p in self.parameters]).reshape(-1, 2)
        return ends[:, 0], ends[:, 1]

    def values(self, coordinates: FloatArray) -> dict[str, float]:
        """Return the values of all four parameters."""
        fitted: dict[str, float] = {
            p.name: p.value(float(x)) for p, x in zip(self.parameters, coordinates, strict=True)
        }
        return {**self.fixed, **fitted}

    def residuals(self, coordinates: FloatArray) -> FloatArray:
        """Return ``(m,)`` deviations in units of their errors."""
        return self.data.deviations(self.values(coordinates)) / self.errors
