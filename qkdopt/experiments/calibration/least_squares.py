"""Weighted least squares of a calibration: errors are given, or follow from the scatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import optimize, stats

from qkdopt.experiments.calibration.parameters import BY_NAME, EXCESS_LOSS, RAMAN_SCALE
from qkdopt.experiments.calibration.residuals import BoolArray, Data, FitProblem
from qkdopt.units import FloatArray

# Relative error of a column before its scatter is known.
FIRST_ERROR = 0.05
# No table is written to more digits than this.
LEAST_ERROR = 1e-4
CONFIDENCE = 0.95
ERROR_ROUNDS = 30
# Factors on the Raman scale and steps of the excess loss [dB] that a fit begins from as well: where
# the instance has no key at all, the way to any is short from one of them.
FIRST_FACTORS, FIRST_STEPS_DB = (1.0, 0.1, 0.01), (0.0, 6.0)
# Other starts are tried where the mean square of the residuals of all before is above this.
GOOD_FIT = 9.0
MOST_EVALUATIONS = 100
# A coordinate this near to the end of its range is at it.
AT_END = 1e-6


@dataclass(frozen=True)
class Fit:
    """Coordinates with the least sum of squares.

    Parameters
    ----------
    problem
        What was fitted.
    coordinates
        ``(p,)`` of its parameters.
    residuals
        ``(m,)`` in units of their errors.
    jacobian
        ``(m, p)`` derivatives of the residuals.
    """

    problem: FitProblem
    coordinates: FloatArray
    residuals: FloatArray
    jacobian: FloatArray

    @property
    def chi2(self) -> float:
        """Sum of squares."""
        return float(self.residuals @ self.residuals)

    @property
    def names(self) -> tuple[str, ...]:
        """Fitted parameters."""
        return self.problem.names

    @property
    def values(self) -> dict[str, float]:
        """Values of all four parameters."""
        return self.problem.values(self.coordinates)

    @cached_property
    def free(self) -> list[int]:
        """Numbers of the parameters that are not at the end of their range."""
        low, high = self.problem.bounds
        inside = (self.coordinates > low + AT_END) & (self.coordinates < high - AT_END)
        return [int(k) for k in np.flatnonzero(inside)]

    @cached_property
    def silent(self) -> BoolArray:
        """``(m,)`` whether no key was measured, and the model has none either: no scatter shows."""
        data = self.problem.data
        without_key = np.zeros(len(self.residuals), dtype=np.bool_)
        without_key[data.of_skr] = data.skr_bps[data.has_skr] == 0.0
        silent: BoolArray = without_key & (self.residuals == 0.0)
        return silent

    @property
    def counted(self) -> int:
        """Number of residuals, without the silent ones."""
        return int((~self.silent).sum())

    @property
    def degrees_of_freedom(self) -> int:
        """Residuals beyond what the parameters take up."""
        rank = int(np.linalg.matrix_rank(self.jacobian)) if self.names else 0
        return self.counted - rank

    @property
    def all_given(self) -> bool:
        """Whether every standard error was given; a silent row needs none."""
        return bool((self.problem.data.given | self.silent).all())

    @cached_property
    def scatter(self) -> float:
        r"""Factor on the variances: :math:`\chi^2` over the degrees of freedom; 1 where it fits.

        Errors that were given count as they are, unless the scatter is beyond them (95 %).
        """
        freedom = self.degrees_of_freedom
        if freedom < 1:
            return 1.0
        if self.all_given and self.chi2 <= stats.chi2.ppf(CONFIDENCE, freedom):
            return 1.0
        # Below 1 only where rows agree to more digits than any table has.
        return max(1.0, self.chi2 / freedom)

    @cached_property
    def threshold(self) -> float:
        r"""Rise of :math:`\chi^2` at the ends of a 95 % interval of one parameter."""
        freedom = float(self.degrees_of_freedom)
        if (self.all_given and self.scatter == 1.0) or freedom < 1:
            return float(stats.chi2.ppf(CONFIDENCE, 1))
        if not self.all_given:
            # A parameter may rest on the column whose scatter is known least.
            own = [x for x in column_freedom(self) if x >= 1.0]
            freedom = min([freedom, *own])
        return float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom)) ** 2 * self.scatter

    def covariance(self) -> FloatArray:
        """Return ``(p, p)`` covariance of coordinates; 0 for those at the end of their range."""
        full = np.zeros((len(self.names), len(self.names)))
        inner = self.jacobian[:, self.free]
        full[np.ix_(self.free, self.free)] = np.linalg.pinv(inner.T @ inner) * self.scatter
        return full


def minimise(problem: FitProblem, starts: Sequence[FloatArray], tolerance: float = 1e-10) -> Fit:
    """Return the best of the fits that begin at some coordinates.

    Parameters
    ----------
    problem
        What to fit.
    starts
        One or more ``(p,)`` coordinates; the first good fit is the last.
    tolerance
        Relative changes at which a fit ends.
    """
    if not problem.names:
        none = np.zeros(0)
        residuals = problem.residuals(none)
        return Fit(problem, none, residuals, np.zeros((len(residuals), 0)))
    low, high = problem.bounds
    inside = 1e-9 * (high - low)
    found = []
    for start in starts:
        found.append(
            optimize.least_squares(
                problem.residuals,
                np.clip(start, low + inside, high - inside),
                jac="3-point",
                bounds=(low, high),
                x_scale="jac",
                xtol=tolerance,
                ftol=tolerance,
                gtol=tolerance,
                max_nfev=MOST_EVALUATIONS,
            )
        )
        if 2.0 * found[-1].cost <= GOOD_FIT * len(found[-1].fun):
            break
    best = min(found, key=lambda one: float(one.cost))
    return Fit(problem, best.x, best.fun, best.jac)


def first_coordinates(problem: FitProblem, given: Mapping[str, float]) -> list[FloatArray]:
    """Return where fits begin: the instance's values, and less noise or more loss.

    Parameters
    ----------
    problem
        What to fit.
    given
        First coordinates by name.
    """
    names = problem.names
    factors = FIRST_FACTORS if RAMAN_SCALE.name in names else (1.0,)
    steps = FIRST_STEPS_DB if EXCESS_LOSS.name in names else (0.0,)
    starts = []
    for factor in factors:
        for step_db in steps:
            shift: dict[str, float] = {
                RAMAN_SCALE.name: (factor - 1.0) * given[RAMAN_SCALE.name],
                EXCESS_LOSS.name: EXCESS_LOSS.coordinate(step_db),
            }
            starts.append(np.array([given[name] + shift.get(name, 0.0) for name in names]))
    return starts


def fit(data: Data, names: Sequence[str], fixed: Mapping[str, float] | None = None) -> Fit:
    """Fit some parameters; the others have the instance's values.

    Errors that are not given are those of the scatter of their column (key rates, QBERs), found
    together with the fit.

    Parameters
    ----------
    data
        What was measured.
    names
        Parameters to fit.
    fixed
        Values of all four; None for the instance's.
    """
    instance = data.bench.instance
    values = fixed or {name: p.given(instance) for name, p in BY_NAME.items()}
    problem = FitProblem(data, tuple(names), values, data.errors(FIRST_ERROR, FIRST_ERROR))
    first = {name: p.first(instance) for name, p in BY_NAME.items()}
    found = minimise(problem, first_coordinates(problem, first))
    if found.all_given or found.degrees_of_freedom < 1:
        return found
    errors = FIRST_ERROR, FIRST_ERROR
    for _ in range(ERROR_ROUNDS):
        before, errors = errors, scatter_errors(found, *errors)
        problem = replace(problem, errors=data.errors(*errors))
        found = minimise(problem, [found.coordinates])
        if np.allclose(before, errors, rtol=1e-4):
            break
    return found


def scatter_errors(found: Fit, skr: float, qber: float) -> tuple[float, float]:
    r"""Return the relative errors of both columns that their scatter shows.

    A column's variance is its sum of squares over its own degrees of freedom, its residuals less
    their leverage, :math:`n_k - \sum_{i \in k} H_{ii}` (the variance components of Helmert). With
    less than one, it has the variance of both columns together.

    Parameters
    ----------
    found
        Fit with the errors as they were.
    skr, qber
        Relative errors of key rates and QBERs in that fit.
    """
    squares, columns = found.residuals**2, _unknown_columns(found)
    own = column_freedom(found)
    pooled = sum(squares[column].sum() for column in columns) / max(1.0, sum(own))
    errors = []
    for before, column, freedom in zip((skr, qber), columns, own, strict=True):
        variance = squares[column].sum() / freedom if freedom >= 1.0 else pooled
        errors.append(max(LEAST_ERROR, before * float(np.sqrt(variance))))
    return errors[0], errors[1]


def column_freedom(found: Fit) -> tuple[float, float]:
    """Return the degrees of freedom of key rates and of QBERs whose errors are not given."""
    jacobian = found.jacobian
    leverage = np.einsum("ij,ji->i", jacobian, np.linalg.pinv(jacobian))
    rates, qbers = (float((1.0 - leverage[column]).sum()) for column in _unknown_columns(found))
    return rates, qbers


def _unknown_columns(found: Fit) -> tuple[BoolArray, BoolArray]:
    """Return ``(m,)`` which residuals are of key rates, and of QBERs, with errors not given."""
    data = found.problem.data
    unknown = ~data.given & ~found.silent
    return data.of_skr & unknown, ~data.of_skr & unknown
