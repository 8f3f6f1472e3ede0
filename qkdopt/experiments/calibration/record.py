"""The record of a calibration: parameters, predictions of every row, errors and provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from qkdopt.experiments.calibration.intervals import Interval
from qkdopt.experiments.calibration.least_squares import Fit
from qkdopt.experiments.calibration.measurement import Measurement
from qkdopt.experiments.calibration.out_of_sample import OutOfSample, prediction_error
from qkdopt.experiments.calibration.parameters import BY_NAME, PARAMETERS
from qkdopt.experiments.calibration.residuals import Data
from qkdopt.io.environment import environment
from qkdopt.result.calibration import (
    CalibratedParameter,
    CalibratedRow,
    Calibration,
    PredictedValue,
)
from qkdopt.result.model import Environment
from qkdopt.units import FloatArray

# Predictions by what made them: key rates clipped at 0, and QBERs, each ``(n,)``.
Predictions = Mapping[str, tuple[FloatArray, FloatArray]]


def make_record(
    found: Fit,
    intervals: Sequence[Interval],
    rows: Sequence[Measurement],
    predicted: OutOfSample | None,
    reasons: Mapping[str, str],
    **where: Any,
) -> Calibration:
    """Return the record of a fit.

    Parameters
    ----------
    found, intervals
        The fit, and the interval of each of its parameters.
    rows
        What it was fitted to.
    predicted
        Predictions out of sample; None without folds.
    reasons
        Why parameters were not fitted, by name.
    where
        Further fields of the record.
    """
    data = found.problem.data
    given = {name: p.given(data.bench.instance) for name, p in BY_NAME.items()}
    predictions = {"unfitted": _clipped(data, given), "fitted": _clipped(data, found.values)}
    if predicted is not None:
        predictions["out_of_sample"] = predicted.skr_bps, predicted.qber
    errors = {name: prediction_error(data, *numbers) for name, numbers in predictions.items()}
    skr_error, qber_error = _scatter(found)
    return Calibration(
        parameters=_parameters(found, intervals, given, reasons),
        covariance_of=found.names,
        covariance=_covariance(found),
        chi2=found.chi2,
        degrees_of_freedom=found.degrees_of_freedom,
        scatter=found.scatter,
        skr_error=skr_error,
        qber_error=qber_error,
        unfitted=errors["unfitted"],
        fitted=errors["fitted"],
        out_of_sample=errors.get("out_of_sample"),
        rows=_rows(found, rows, predictions, predicted),
        notes=predicted.notes if predicted else (),
        environment=_environment(),
        **where,
    )


def _scatter(found: Fit) -> tuple[float | None, float | None]:
    """Return the relative errors of both columns that follow from the scatter."""
    data, errors = found.problem.data, found.problem.errors
    columns = data.of_skr & ~data.given, ~data.of_skr & ~data.given
    skr, qber = (float(errors[column][0]) if column.any() else None for column in columns)
    return skr, qber


def _environment() -> Environment:
    here = environment()
    return here.model_copy(update={"versions": {**here.versions, "scipy": version("scipy")}})


def _clipped(data: Data, values: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
    rate, qber = data.bench.predicted(values)
    return np.maximum(rate, 0.0), qber


def _parameters(
    found: Fit,
    intervals: Sequence[Interval],
    given: Mapping[str, float],
    reasons: Mapping[str, str],
) -> tuple[CalibratedParameter, ...]:
    by_name = dict(zip(found.names, intervals, strict=True))
    records = []
    for parameter in PARAMETERS:
        name = parameter.name
        ends = by_name.get(name, Interval(None, None))
        record = CalibratedParameter(
            name=name,
            field=parameter.field,
            unit=parameter.unit,
            fitted=name in by_name,
            given=given[name],
            value=found.values[name],
            low=None if ends.low is None else ends.low[name],
            high=None if ends.high is None else ends.high[name],
            at_low=ends.low,
            at_high=ends.high,
            reason="" if name in by_name else reasons.get(name, "was not to be fitted"),
        )
        records.append(record)
    return tuple(records)


def _covariance(found: Fit) -> tuple[tuple[float, ...], ...]:
    """Return the covariance of the fitted values."""
    sizes = [parameter.size for parameter in found.problem.parameters]
    return tuple(tuple(map(float, row)) for row in found.covariance() * np.outer(sizes, sizes))


def _rows(
    found: Fit,
    rows: Sequence[Measurement],
    predictions: Predictions,
    predicted: OutOfSample | None,
) -> tuple[CalibratedRow, ...]:
    data = found.problem.data
    count = int(data.has_skr.sum())
    skr, qber = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    skr[data.has_skr], qber[data.has_qber] = found.residuals[:count], found.residuals[count:]
    return tuple(
        CalibratedRow(
            row=k + 1,
            link=row.link,
            channel=_channel(row),
            lit=row.lit_set,
            fold=predicted.fold[k] if predicted else None,
            skr_bps=_value(row.skr_bps, predictions, 0, k, skr[k]),
            qber=_value(row.qber, predictions, 1, k, qber[k]),
        )
        for k, row in enumerate(rows)
    )


def _value(
    measured: float | None, predictions: Predictions, column: int, k: int, residual: float
) -> PredictedValue | None:
    """Return a measured number beside its predictions; None where it was not measured."""
    if measured is None:
        return None
    own = {name: float(columns[column][k]) for name, columns in predictions.items()}
    return PredictedValue(
        measured=measured,
        unfitted=own["unfitted"],
        fitted=own["fitted"],
        out_of_sample=own.get("out_of_sample"),
        residual=float(residual),
    )


def _channel(row: Measurement) -> str:
    channel = row.channel
    return str(channel) if isinstance(channel, int) else f"{channel.frequency_thz:g} THz"
