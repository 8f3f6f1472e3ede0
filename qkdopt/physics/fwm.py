"""Four-wave mixing of lit channels into a quantum channel.

It is cubic in power and hence not additive over channels: models may bound it, an exact
assessment computes it. With a 200 GHz guard and launch powers up to -5 dBm it is
negligible beside Raman scattering.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.units import SPEED_OF_LIGHT_M_PER_S, FloatArray, thz_to_nm


def phase_mismatch(
    first_offset_thz: ArrayLike,
    second_offset_thz: ArrayLike,
    quantum_thz: ArrayLike,
    *,
    dispersion_ps_nm_km: float,
    dispersion_slope_ps_nm2_km: float,
) -> FloatArray:
    r"""Compute the phase mismatch :math:`\Delta\beta` [1/km] of two pumps against a third wave.

    .. math:: \Delta\beta = \frac{2\pi\lambda^2}{c} |f_i - f_k| |f_j - f_k|
        \Bigl[D + \frac{\lambda^2}{2c} (|f_i - f_k| + |f_j - f_k|) \frac{dD}{d\lambda}\Bigr]

    Parameters
    ----------
    first_offset_thz, second_offset_thz
        :math:`|f_i - f_k|` and :math:`|f_j - f_k|` [THz]; signs do not matter.
    quantum_thz
        Frequency at which :math:`\lambda` is taken [THz].
    dispersion_ps_nm_km
        Chromatic dispersion :math:`D` [ps/(nm km)].
    dispersion_slope_ps_nm2_km
        Dispersion slope :math:`dD/d\lambda` [ps/(nm^2 km)].

    References
    ----------
    .. [1] N. Shibata, R. P. Braun, R. G. Waarts, IEEE J. Quantum Electron. 23, 1205 (1987).
    """
    first = np.abs(np.asarray(first_offset_thz, dtype=np.float64)) * 1e12
    second = np.abs(np.asarray(second_offset_thz, dtype=np.float64)) * 1e12
    wavelength_m = thz_to_nm(quantum_thz) * 1e-9
    dispersion = dispersion_ps_nm_km * 1e-6  # s/m^2
    slope = dispersion_slope_ps_nm2_km * 1e3  # s/m^3
    squared = wavelength_m**2 / SPEED_OF_LIGHT_M_PER_S
    per_m = 2.0 * np.pi * squared * first * second
    per_m = per_m * (dispersion + squared / 2.0 * (first + second) * slope)
    return np.asarray(per_m * 1e3)


def four_wave_mixing_efficiency(
    mismatch_per_km: ArrayLike, length_km: ArrayLike, *, loss_per_km: ArrayLike
) -> FloatArray:
    r"""Compute the mixing efficiency :math:`\eta` in (0, 1]; 1 when phases match.

    .. math:: \eta = \frac{a^2}{a^2 + \Delta\beta^2}
        \Bigl[1 + \frac{4 e^{-aL} \sin^2(\Delta\beta L / 2)}{(1 - e^{-aL})^2}\Bigr]

    Parameters
    ----------
    mismatch_per_km
        Phase mismatch :math:`\Delta\beta` [1/km].
    length_km
        Length :math:`L` [km].
    loss_per_km
        Attenuation :math:`a` in natural units [1/km].

    References
    ----------
    .. [1] N. Shibata, R. P. Braun, R. G. Waarts, IEEE J. Quantum Electron. 23, 1205 (1987).
    """
    loss, mismatch = np.asarray(loss_per_km, float), np.asarray(mismatch_per_km, float)
    length = np.asarray(length_km, dtype=np.float64)
    ripple = 4.0 * np.exp(-loss * length) * np.sin(mismatch * length / 2.0) ** 2
    ripple = ripple / np.expm1(-loss * length) ** 2
    return np.asarray(loss**2 / (loss**2 + mismatch**2) * (1.0 + ripple))


def four_wave_mixing_power(
    launch_w: float,
    lit_thz: FloatArray,
    quantum_thz: float,
    length_km: float,
    *,
    loss_per_km: float,
    gamma_per_w_km: float = 1.3,
    dispersion_ps_nm_km: float = 17.0,
    dispersion_slope_ps_nm2_km: float = 0.056,
    tolerance_ghz: float = 1.0,
) -> FloatArray:
    r"""Compute the four-wave mixing power [W] at the quantum channel, lit channels of equal power.

    .. math:: P = \sum \eta\, \frac{d^2 \gamma^2}{9} P_i P_j P_k\, e^{-aL}
        \Bigl(\frac{1 - e^{-aL}}{a}\Bigr)^2, \qquad f_i + f_j - f_k = f_q

    over unordered pairs ``i <= j`` with ``k`` different from both; the degeneracy ``d``
    is 3 when ``i = j`` and 6 otherwise.

    Parameters
    ----------
    launch_w
        Launch power of each lit channel [W].
    lit_thz
        ``(n,)`` frequencies of the co-propagating lit channels [THz].
    quantum_thz
        Frequency of the quantum channel [THz].
    length_km
        Length :math:`L` [km].
    loss_per_km
        Attenuation :math:`a` in natural units [1/km].
    gamma_per_w_km
        Nonlinear coefficient :math:`\gamma` [1/(W km)].
    dispersion_ps_nm_km, dispersion_slope_ps_nm2_km
        Chromatic dispersion [ps/(nm km)] and its slope [ps/(nm^2 km)].
    tolerance_ghz
        Distance from the quantum channel within which a product counts [GHz].

    References
    ----------
    .. [1] N. Shibata, R. P. Braun, R. G. Waarts, IEEE J. Quantum Electron. 23, 1205 (1987).
    .. [2] K. Inoue, J. Lightwave Technol. 10, 1553 (1992).
    """
    frequencies = np.asarray(lit_thz, dtype=np.float64)
    pumps = np.arange(len(frequencies))
    i, j, k = np.meshgrid(pumps, pumps, pumps, indexing="ij")
    product = frequencies[i] + frequencies[j] - frequencies[k]
    hits = (np.abs(product - quantum_thz) < tolerance_ghz * 1e-3) & (i <= j) & (k != i) & (k != j)
    i, j, k = i[hits], j[hits], k[hits]
    efficiency = four_wave_mixing_efficiency(
        phase_mismatch(
            frequencies[i] - frequencies[k],
            frequencies[j] - frequencies[k],
            quantum_thz,
            dispersion_ps_nm_km=dispersion_ps_nm_km,
            dispersion_slope_ps_nm2_km=dispersion_slope_ps_nm2_km,
        ),
        length_km,
        loss_per_km=loss_per_km,
    )
    degeneracy = np.where(i == j, 3.0, 6.0)
    effective_km = -np.expm1(-loss_per_km * length_km) / loss_per_km
    strength = gamma_per_w_km**2 / 9.0 * launch_w**3 * np.exp(-loss_per_km * length_km)
    return np.asarray((efficiency * degeneracy**2).sum() * strength * effective_km**2)
