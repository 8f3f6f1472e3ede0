"""Which parameters measurements can tell, and which they cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from qkdopt.errors import OptionsError
from qkdopt.experiments.calibration.intervals import fit_with_intervals
from qkdopt.experiments.calibration.least_squares import CONFIDENCE, Fit, fit
from qkdopt.experiments.calibration.parameters import BY_NAME
from qkdopt.experiments.calibration.residuals import Data

# A parameter belongs to a combination from this share of its largest part.
BELONGS = 0.1
# Of parameters that cannot be told apart, which goes first: the one that a data sheet knows best.
# Without key rates nothing tells how much light there is in all.
DROPPED = ("dark_counts", "misalignment", "excess_loss", "raman_scale")
DROPPED_WITHOUT_RATES = ("excess_loss", "dark_counts", "misalignment", "raman_scale")


def unknown_combinations(found: Fit) -> list[tuple[str, ...]]:
    r"""Return the parameters of each combination that the measurements do not tell.

    They are the right singular vectors of the weighted Jacobian, in units of what a parameter must
    be known within, whose 95 % interval is longer than one: :math:`1.96 / s_k > 1`.
    """
    if not found.names:
        return []
    instance = found.problem.data.bench.instance
    within = [BY_NAME[name].known_within(found.values[name], instance) for name in found.names]
    _, sizes, combinations = np.linalg.svd(found.jacobian * within)
    sizes = np.append(sizes, np.zeros(len(within) - len(sizes))) / np.sqrt(found.scatter)
    least = stats.norm.ppf(0.5 + CONFIDENCE / 2.0)
    return [
        tuple(
            name
            for name, part in zip(found.names, np.abs(combination), strict=True)
            if part >= BELONGS * np.abs(combination).max()
        )
        for size, combination in zip(sizes, combinations, strict=True)
        if size < least
    ]


def fit_identified(data: Data, names: Sequence[str]) -> tuple[Fit, dict[str, str]]:
    """Fit those of some parameters that the measurements tell.

    Of parameters that they cannot tell apart the one goes first that a data sheet knows best, if
    the fit is no worse with the instance's value.

    Parameters
    ----------
    data
        What was measured.
    names
        Parameters to choose from.

    Returns
    -------
    found
        The fit.
    reasons
        Why each of the others was not fitted.
    """
    found = fit(data, names)
    reasons: dict[str, str] = {}
    while True:
        dropped = _without_unknown(data, found)
        if dropped is None:
            return found, reasons
        found, name, reason = dropped
        reasons[name] = reason


def _without_unknown(data: Data, found: Fit) -> tuple[Fit, str, str] | None:
    """Return a fit with one parameter less, which one, and why; None where all are known."""
    order = DROPPED if data.has_skr.any() else DROPPED_WITHOUT_RATES
    for combination in unknown_combinations(found):
        for name in (name for name in order if name in combination):
            fewer = fit(data, [other for other in found.names if other != name])
            # With errors of its own scatter a worse fit would look no worse.
            worse = _chi2_with_errors_of(found, fewer) - found.chi2
            if worse <= found.threshold:
                others = [other for other in combination if other != name]
                return fewer, name, _reason(name, others)
    return None


def _chi2_with_errors_of(found: Fit, fewer: Fit) -> float:
    residuals = fewer.residuals * fewer.problem.errors / found.problem.errors
    return float(residuals @ residuals)


def _reason(name: str, others: Sequence[str]) -> str:
    what = f"cannot be told from {' and '.join(others)}" if others else "is not told"
    return f"{what} by these measurements, which need {BY_NAME[name].needs}"


def validate_identified(found: Fit) -> None:
    """Validate that measurements tell all fitted parameters.

    Raises
    ------
    OptionsError
        Parameters that cannot be told apart, or have no effect: each by name.
    """
    faults = []
    for combination in unknown_combinations(found):
        if len(combination) == 1 and _has_an_end(found, combination[0]):
            continue
        needs = "; ".join(f"{name} needs {BY_NAME[name].needs}" for name in combination)
        what = (
            f"cannot tell {' from '.join(combination)}"
            if len(combination) > 1
            else f"say nothing of {combination[0]}"
        )
        faults.append(
            f"the measurements {what}; expected other rows, or --fit without it ({needs})"
        )
    if faults:
        raise OptionsError("calibrate", faults)


def _has_an_end(found: Fit, name: str) -> bool:
    _, intervals = fit_with_intervals(found)
    ends = intervals[found.names.index(name)]
    return ends.low is not None or ends.high is not None
