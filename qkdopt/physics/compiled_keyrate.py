"""The key rate in compiled code: the equations of :mod:`qkdopt.physics.keyrate`, one point.

Every compiled loop (annealing, simulation, network state) takes its key rates from here; what is
reported or checked comes from the plain module. A test holds the two together.
"""

from __future__ import annotations

import math

import numpy as np

from qkdopt.physics.keyrate import DecoyBB84
from qkdopt.physics.surface import SAME_LOSS
from qkdopt.runtime.compiled import njit_noalloc
from qkdopt.units import FloatArray


def rate_parameters(protocol: DecoyBB84, table: int, rows: int, columns: int) -> FloatArray:
    """Return the parameters ``(13,)`` of a link's key rate, in the order of :func:`key_rate_of`.

    Parameters
    ----------
    protocol
        Parameters of the equations.
    table, rows, columns
        Number of the table that takes their place, and how much of it counts; 0 columns for none.
    """
    weak = protocol.weak_photon_number
    return np.array(
        [
            protocol.mean_photon_number,
            protocol.misalignment,
            protocol.dark_count_per_gate,
            protocol.error_correction_efficiency,
            protocol.sifting,
            protocol.repetition_hz,
            -1.0 if weak is None else weak,
            # Probability of a single photon in a signal pulse.
            protocol.mean_photon_number * math.exp(-protocol.mean_photon_number),
            # Share of coincidences of background and signal taken off the gain, and off Y_1.
            float(protocol.exact_gain),
            float(protocol.exact_single),
            table,
            rows,
            columns,
        ]
    )


@njit_noalloc
def _entropy(share):
    if share <= 0.0 or share >= 1.0:
        return 0.0
    return -share * math.log2(share) - (1.0 - share) * math.log2(1.0 - share)


@njit_noalloc
def _detections(y0, signal, once):
    """Return detections per pulse; ``once`` is 1 where coincidences count once, else 0."""
    return y0 + signal - once * y0 * signal


@njit_noalloc
def _weak_decoy(y0, eta, mu, nu, misalignment, once):
    """Yield and error of single photons as bounded by vacuum + weak decoys."""
    weak_signal = -math.expm1(-eta * nu)
    weak = _detections(y0, weak_signal, once) * math.exp(nu)
    strong = _detections(y0, -math.expm1(-eta * mu), once) * math.exp(mu)
    rest = strong * nu**2 / mu**2 + (mu**2 - nu**2) / mu**2 * y0
    y1 = max(0.0, mu / (mu * nu - nu**2) * (weak - rest))
    if y1 <= 0.0:
        return 0.0, 0.5
    errors = (y0 / 2.0 + misalignment * weak_signal) * math.exp(nu) - y0 / 2.0
    return y1, min(0.5, max(0.0, errors / (y1 * nu)))


@njit_noalloc
def key_rate(noise, eta, rate, table):
    """Compute the secret key rate [bit/s] at a noise and a transmittance, clipped at zero.

    Parameters
    ----------
    noise
        Noise clicks per gate, both detectors together.
    eta
        Transmittance, receiver and detector included.
    rate
        ``(13,)`` parameters of the link, from :func:`rate_parameters`.
    table
        ``(S, 1 + L, 1 + N)`` key rates in place of the equations of each system, of which a link's
        parameters say which counts and how much of it; N = -1 without any. The first row has the
        noise clicks per gate, rising, from its second column; the others a transmittance, falling,
        then the rate [bit/s] at each noise. With L = 1 its transmittance does not matter.
    """
    return key_rate_of(noise, eta, -math.expm1(-eta * rate[0]), rate, table)


@njit_noalloc
def key_rate_of(noise, eta, signal, rate, table):
    """Compute the secret key rate [bit/s] where the signal's click probability is known.

    Parameters
    ----------
    noise
        Noise clicks per gate, both detectors together.
    eta
        Transmittance, receiver and detector included.
    signal
        Click probability of a signal pulse without noise, 1 - exp(-eta mu).
    rate, table
        See :func:`key_rate`.
    """
    if rate[12] > 0.0:
        return _tabled(noise, eta, table[int(rate[10])], int(rate[11]), int(rate[12]) - 1)
    mu, misalignment, nu = rate[0], rate[1], rate[6]
    y0 = 2.0 * rate[2] + noise
    gain = _detections(y0, signal, rate[8])
    if gain <= 0.0:
        return 0.0
    qber = (y0 / 2.0 + misalignment * signal) / gain
    if nu > 0.0:
        y1, e1 = _weak_decoy(y0, eta, mu, nu, misalignment, rate[8])
    else:
        y1 = _detections(y0, eta, rate[9])
        e1 = (y0 / 2.0 + misalignment * eta) / y1
    secret = y1 * rate[7] * (1.0 - _entropy(min(e1, 0.5)))
    bits = rate[4] * (secret - rate[3] * gain * _entropy(min(qber, 0.5)))
    return rate[5] * max(0.0, bits)


@njit_noalloc
def _tabled(noise, eta, table, rows, points):
    """Interpolate key rates in noise and transmittance; none beyond the last of either."""
    if noise > table[0, points]:
        return 0.0
    i, down = 1, 0.0
    if rows > 2:
        if eta < table[rows - 1, 0] * (1.0 - SAME_LOSS):
            return 0.0
        while i < rows - 2 and eta <= table[i + 1, 0]:
            i += 1
        down = (table[i, 0] - eta) / (table[i, 0] - table[i + 1, 0])
        down = min(1.0, max(0.0, down))
    k, along = 2, 0.0
    if noise > table[0, 1]:
        while table[0, k] < noise:
            k += 1
        along = (noise - table[0, k - 1]) / (table[0, k] - table[0, k - 1])
    left, right = table[i, k - 1], table[i, k]
    if down > 0.0:
        left += down * (table[i + 1, k - 1] - left)
        right += down * (table[i + 1, k] - right)
    return left + along * (right - left)


@njit_noalloc
def error_rate(noise, eta, rate):
    """Compute the quantum bit error rate at a noise and a transmittance; 0 without any detection.

    Parameters
    ----------
    noise
        Noise clicks per gate, both detectors together.
    eta
        Transmittance, receiver and detector included.
    rate
        ``(13,)`` parameters of the link, from :func:`rate_parameters`.
    """
    y0 = 2.0 * rate[2] + noise
    signal = -math.expm1(-eta * rate[0])
    gain = _detections(y0, signal, rate[8])
    if gain <= 0.0:
        return 0.0
    return (y0 / 2.0 + rate[1] * signal) / gain
