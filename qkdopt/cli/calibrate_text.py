"""A calibration as text: parameters with their intervals, and errors of prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qkdopt.result.calibration import CalibratedParameter, Calibration, PredictionError

NOTHING = "-"


def calibration_lines(found: Calibration) -> Iterator[str]:
    """Yield the lines of a calibration."""
    rates = sum(row.skr_bps is not None for row in found.rows)
    errors = sum(row.qber is not None for row in found.rows)
    name, preset = found.instance.name, found.instance.preset
    if preset is not None and name != f"preset {preset}":
        name = f"{name} (preset {preset})"
    yield f"measurements  {found.measurements.name}: {rates} key rates, {errors} QBERs"
    yield f"instance      {name}"
    yield ""
    head = ("parameter", "as given", "fitted", "95 % interval", "unit")
    yield from _table([head, *(_parameter(one) for one in found.parameters)])
    for one in found.parameters:
        if not one.fitted:
            yield f"note  {one.name} {one.reason}"
    yield ""
    yield from _table([
        ("error of prediction", "key rate", "key rate, mean", "key or none wrong", "QBER"),
        _errors("as given", found.unfitted),
        _errors("fitted", found.fitted),
        *([_errors(_folds(found), found.out_of_sample)] if found.out_of_sample else []),
    ])  # fmt: skip
    yield ""
    yield _scatter(found)
    yield from (f"note  {note}" for note in found.notes)


def _folds(found: Calibration) -> str:
    by = "sets of lit channels" if found.fold_by == "lit" else "links"
    return f"out of sample, {found.folds} folds of {by}"


def _parameter(one: CalibratedParameter) -> tuple[str, ...]:
    if not one.fitted:
        return one.name, f"{one.given:.4g}", NOTHING, NOTHING, one.unit
    low = "none" if one.low is None else f"{one.low:.4g}"
    high = "none" if one.high is None else f"{one.high:.4g}"
    return one.name, f"{one.given:.4g}", f"{one.value:.4g}", f"{low} to {high}", one.unit


def _errors(what: str, error: PredictionError) -> tuple[str, ...]:
    mean = error.skr_mean_absolute_bps
    return (
        what,
        _percent(error.skr_percent),
        NOTHING if mean is None else f"{mean:.4g} bit/s",
        NOTHING if mean is None else str(error.wrong_key),
        _percent(error.qber_percent),
    )


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g} %"


def _scatter(found: Calibration) -> str:
    known = {"key rates": found.skr_error, "QBERs": found.qber_error}
    shown = [f"{name} {100.0 * error:.2g} %" for name, error in known.items() if error is not None]
    text = (
        f"chi2 {found.chi2:.4g} of {found.degrees_of_freedom} degrees of freedom"
        if not shown
        else f"standard errors by the scatter: {', '.join(shown)}"
    )
    if not shown and found.scatter > 1.0:
        times = found.scatter**0.5
        text += (
            f"; the scatter is {times:.3g} times the errors given, and intervals are by the scatter"
        )
    return text


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()
