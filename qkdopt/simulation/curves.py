"""Key rate against noise, tabulated: what policies compare channels by.

A policy weighs hundreds of places for one request. It reads their key rates from a table, off by
less than a part in ten thousand of the dark rate; every rate that is counted is the exact one.
"""

from __future__ import annotations

import numpy as np

from qkdopt.problem.coefficients import IntArray, Tables
from qkdopt.units import FloatArray

POINTS = 129
BISECTIONS = 60


def rate_curves(
    tables: Tables, eta: FloatArray, alike: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Tabulate the key rate of every link and candidate from no noise to where it ends.

    Parameters
    ----------
    tables
        Coefficients of the instance: the key rate as a function of noise and transmittance.
    eta
        ``(E, Q)`` transmittance of each candidate, detector included.
    alike
        ``(E,)`` 1 where all candidates of a link have one transmittance, else 0.

    Returns
    -------
    rates
        ``(E, Q, POINTS)`` key rates [bit/s] at evenly spaced noise. Q is 1 where every link's
        candidates have one transmittance.
    steps
        ``(E, Q)`` steps of the table per noise click per gate.
    distance
        ``(E, Q)`` bound on the distance of table and exact rate [bit/s].
    """
    columns = 1 if alike.all() else eta.shape[1]
    eta = eta[:, :columns]
    end = _noise_without_key(tables, eta)
    noise = end[..., None] * np.linspace(0.0, 1.0, POINTS)
    rates = tables.skr_bps(noise, np.broadcast_to(eta[..., None], noise.shape))
    return np.ascontiguousarray(rates), (POINTS - 1) / end, _distance(rates)


def _distance(rates: FloatArray) -> FloatArray:
    """Bound the distance of a table from the curve through its points.

    Between points a smooth curve leaves its chord by an eighth of its second difference, at a
    kink by a quarter; the half of the largest one nearby is on the safe side of both.
    """
    bend = np.abs(np.diff(rates, 2, axis=-1)).max(axis=-1)
    return np.asarray(0.5 * bend + 1e-9 * rates[..., 0])


def _noise_without_key(tables: Tables, eta: FloatArray) -> FloatArray:
    """Smallest noise without key, by bisection."""
    low, high = np.zeros(eta.shape), np.ones(eta.shape)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        alive = tables.skr_bps(middle, eta) > 0.0
        low, high = np.where(alive, middle, low), np.where(alive, high, middle)
    return np.asarray(high)
