"""Errors of prediction: of the fit on its own rows, and on rows that it had no part in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from qkdopt.experiments.calibration.identification import fit_identified
from qkdopt.experiments.calibration.measurement import Measurement
from qkdopt.experiments.calibration.residuals import Data
from qkdopt.result.calibration import PredictionError
from qkdopt.units import FloatArray

FoldBy = Literal["lit", "link"]
FOLD_BY: tuple[str, ...] = get_args(FoldBy)
FOLDS = 5


@dataclass(frozen=True)
class OutOfSample:
    """Predictions of each row by a fit to rows of other groups.

    Parameters
    ----------
    fold
        ``(n,)`` number of each row's fold.
    skr_bps, qber
        ``(n,)`` predictions; key rates clipped at 0.
    notes
        Folds whose other rows did not tell all parameters.
    """

    fold: tuple[int, ...]
    skr_bps: FloatArray
    qber: FloatArray
    notes: tuple[str, ...]


def fold_groups(measurements: Sequence[Measurement], fold_by: str) -> list[list[int]]:
    """Return the rows of each group: of each set of lit channels, or of each link."""
    groups: dict[str, list[int]] = {}
    for k, row in enumerate(measurements):
        groups.setdefault(row.lit_set if fold_by == "lit" else row.link, []).append(k)
    return list(groups.values())


def predict_out_of_sample(
    data: Data, names: Sequence[str], groups: Sequence[Sequence[int]], folds: int
) -> OutOfSample:
    """Predict every row by a fit to the rows of all other folds.

    Parameters
    ----------
    data
        What was measured.
    names
        Parameters to fit; those that a fold's rows do not tell have the instance's value.
    groups
        Rows that stay together.
    folds
        Number of folds, at most that of groups, which are dealt to them in turn.
    """
    fold = np.zeros(len(data.skr_bps), dtype=np.int64)
    for k, group in enumerate(groups):
        fold[list(group)] = k % folds
    rates, qber, notes = np.zeros(len(fold)), np.zeros(len(fold)), []
    for number in range(folds):
        own, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        found, reasons = fit_identified(data.rows(others.tolist()), names)
        rate, rates_of_errors = data.bench.rows(own).predicted(found.values)
        rates[own], qber[own] = np.maximum(rate, 0.0), rates_of_errors
        if reasons:
            left = ", ".join(reasons)
            notes.append(f"without fold {number + 1} the measurements do not tell {left}")
    return OutOfSample(tuple(int(k) + 1 for k in fold), rates, qber, tuple(notes))


def prediction_error(data: Data, skr_bps: FloatArray, qber: FloatArray) -> PredictionError:
    """Return how far predictions are from what was measured.

    Parameters
    ----------
    data
        What was measured.
    skr_bps, qber
        ``(n,)`` predictions, key rates clipped at 0.
    """
    measured, predicted = data.skr_bps[data.has_skr], skr_bps[data.has_skr]
    both = (measured > 0.0) & (predicted > 0.0)
    logarithms = np.log(qber[data.has_qber] / data.qber[data.has_qber])
    return PredictionError(
        skr_percent=_percent(np.log(predicted[both] / measured[both])),
        skr_mean_absolute_bps=(
            float(np.abs(predicted - measured).mean()) if len(measured) else None
        ),
        wrong_key=int(((measured > 0.0) != (predicted > 0.0)).sum()),
        qber_percent=_percent(logarithms),
    )


def _percent(logarithms: FloatArray) -> float | None:
    if not len(logarithms):
        return None
    return float(100.0 * np.expm1(np.sqrt((logarithms**2).mean())))
