r"""The secret key rate of one link, as a compiled scalar.

The same equations as :mod:`qkdopt.physics.keyrate` (decoy-state BB84 of Ma, Qi, Zhao and
Lo, PRA 72, 012326 (2005)), or linear interpolation in a measured table. A test holds the
two equal to rounding.
"""

from __future__ import annotations

import math

import numpy as np

from qkdopt.state.compiled import inner
from qkdopt.tables import Tables
from qkdopt.units import FloatArray

INFINITE_DECOYS, WEAK_DECOY, MEASURED = 0.0, 1.0, 2.0
# Columns of the protocol vector.
_KIND, _DARK, _MU, _NU, _SINGLE, _MISALIGNED, _LEAK, _SCALE = range(8)
# Columns of the optics of a transmittance: eta, and detected shares of signal and decoy.
ETA, SIGNAL, WEAK = range(3)
_LN2 = math.log(2.0)


def protocol_vector(tables: Tables) -> FloatArray:
    """Protocol parameters in the order that :func:`key_rate_bps` reads."""
    protocol = tables.protocol
    nu = protocol.weak_photon_number
    kind = INFINITE_DECOYS if nu is None else WEAK_DECOY
    if tables.instance.qkd.skr_table is not None:
        kind = MEASURED
    return np.array(
        [
            kind,
            2.0 * protocol.dark_count_per_gate,
            protocol.mean_photon_number,
            0.0 if nu is None else nu,
            protocol.mean_photon_number * math.exp(-protocol.mean_photon_number),
            protocol.misalignment,
            protocol.error_correction_efficiency,
            protocol.sifting * protocol.repetition_hz,
        ]
    )


def rate_table(tables: Tables) -> FloatArray:
    """``(2, T)`` noise per gate and rate [bit/s] of a measured table; one zero if none."""
    table = tables.instance.qkd.skr_table
    if table is None:
        return np.zeros((2, 1))
    return np.array([table.noise_per_gate, table.skr_bps])


def optics_of(transmittance: FloatArray, tables: Tables) -> FloatArray:
    """``(..., 3)`` eta and the detected shares 1 - exp(-eta mu), 1 - exp(-eta nu)."""
    nu = tables.protocol.weak_photon_number
    mu = tables.protocol.mean_photon_number
    shares = [-np.expm1(-transmittance * photons) for photons in (mu, 0.0 if nu is None else nu)]
    return np.stack([transmittance, *shares], axis=-1)


@inner
def key_rate_bps(
    noise: float, optics: FloatArray, protocol: FloatArray, table: FloatArray
) -> float:
    """Key rate [bit/s] of a link, clipped at zero.

    Parameters
    ----------
    noise
        Noise clicks per gate; below zero (rounding of a sum of differences) counts as 0.
    optics
        ``(3,)`` row of :func:`optics_of`.
    protocol, table
        From :func:`protocol_vector` and :func:`rate_table`.
    """
    noise = max(noise, 0.0)
    if protocol[_KIND] == MEASURED:
        return _interpolated(noise, table)
    background = protocol[_DARK] + noise
    error = protocol[_MISALIGNED]
    gain = background + optics[SIGNAL]
    if gain <= 0.0:
        return 0.0
    qber = (0.5 * background + error * optics[SIGNAL]) / gain
    if protocol[_KIND] == INFINITE_DECOYS:
        yield_1 = background + optics[ETA] - background * optics[ETA]
        error_1 = (0.5 * background + error * optics[ETA]) / yield_1
    else:
        yield_1, error_1 = _weak_decoy_bounds(background, gain, optics, protocol)
    if yield_1 <= 0.0:
        return 0.0
    secret = yield_1 * protocol[_SINGLE] * (1.0 - _entropy(min(error_1, 0.5)))
    return max(0.0, protocol[_SCALE] * (secret - protocol[_LEAK] * gain * _entropy(qber)))


@inner
def _weak_decoy_bounds(
    background: float, gain: float, optics: FloatArray, protocol: FloatArray
) -> tuple[float, float]:
    """Lower bound of Y_1 and upper bound of e_1 from vacuum and a weak decoy."""
    mu, nu = protocol[_MU], protocol[_NU]
    weak = math.exp(nu) * (background + optics[WEAK])
    signal = math.exp(mu) * gain * (nu * nu) / (mu * mu)
    vacuum = (mu * mu - nu * nu) / (mu * mu) * background
    yield_1 = mu / (mu * nu - nu * nu) * (weak - signal - vacuum)
    if yield_1 <= 0.0:
        return 0.0, 0.5
    clicks = math.exp(nu) * (0.5 * background + protocol[_MISALIGNED] * optics[WEAK])
    return yield_1, max(0.0, (clicks - 0.5 * background) / (yield_1 * nu))


@inner
def _entropy(p: float) -> float:
    if p <= 0.0 or p >= 1.0:
        return 0.0
    return -(p * math.log(p) + (1.0 - p) * math.log(1.0 - p)) / _LN2


@inner
def _interpolated(noise: float, table: FloatArray) -> float:
    """Linear between the points, constant before the first, zero after the last."""
    last = table.shape[1] - 1
    if noise >= table[0, last]:
        return 0.0
    if noise <= table[0, 0]:
        return table[1, 0]
    right = np.searchsorted(table[0], noise, side="right")
    x0, x1 = table[0, right - 1], table[0, right]
    y0, y1 = table[1, right - 1], table[1, right]
    return y0 + (y1 - y0) * (noise - x0) / (x1 - x0)
