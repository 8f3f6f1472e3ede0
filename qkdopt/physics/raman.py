r"""Spontaneous Raman scattering of a classical channel into a quantum channel.

The cross-section's shape is good to about 10 % beyond 0.6 THz of offset and 20 to 30 % high
below (the profile has one sample there); its absolute scale is uncertain by 2-3 dB (first
principles lie 1.6-2.4 times above digitised measurements); ``raman_scale`` corrects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.errors import PhysicsError
from qkdopt.units import (
    BOLTZMANN_J_PER_K,
    PLANCK_J_S,
    SPEED_OF_LIGHT_M_PER_S,
    FloatArray,
    thz_to_nm,
)

REFERENCE_PUMP_THZ = 206.184634112792
REFERENCE_AREA_UM2 = 75.7466
# Smaller offsets are taken as this one: gain falls and occupation grows to a finite product.
MIN_OFFSET_THZ = 1e-6
# A wavelength offset this far outside a measured table is on its edge.
OFFSET_TOLERANCE_NM = 1e-9


@dataclass(frozen=True, slots=True)
class RamanProfile:
    """Raman gain ``g0`` [1/(W m)] against offset [THz], at the 1454 nm reference pump.

    Interpolated linearly: with one sample below 1 THz, a spline would fall far below the measured
    minimum. Zero beyond the last sample.

    Parameters
    ----------
    offset_thz
        ``(n,)`` rising absolute offsets of pump and signal [THz].
    g0_per_w_m
        ``(n,)`` gain at each offset [1/(W m)].
    """

    offset_thz: FloatArray
    g0_per_w_m: FloatArray

    def __call__(self, offset_thz: ArrayLike) -> FloatArray:
        """Interpolate the gain [1/(W m)] at absolute offsets [THz]."""
        return np.asarray(
            np.interp(
                np.asarray(offset_thz, dtype=np.float64),
                self.offset_thz,
                self.g0_per_w_m,
                right=0.0,
            )
        )


def _read_csv(name: str) -> FloatArray:
    """Read the numbers of a shipped table: a source line, a header line, then rows."""
    text = files("qkdopt.physics").joinpath("data", name).read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()[2:] if line.strip()]
    return np.array(rows, dtype=np.float64)


@cache
def gnpy_profile() -> RamanProfile:
    """Return the measured profile of standard fibre, as shipped with GNPy (BSD-3-Clause).

    References
    ----------
    .. [1] A. D'Amico et al., J. Lightwave Technol. 40 (2022), section III.D.
    """
    table = _read_csv("gnpy_ssmf_raman_profile.csv")
    return RamanProfile(table[:, 0], table[:, 1])


@cache
def hollenbeck_cantrell_profile() -> RamanProfile:
    r"""Return the profile of the intermediate-broadening model: 13 vibrational modes of silica.

    The imaginary part of the Fourier transform of

    .. math::
        h(t) = \sum_i A_i \exp(-\gamma_i t) \exp(-\Gamma_i^2 t^2 / 4) \sin(\omega_i t)

    with :math:`\omega_i = 2\pi c \nu_i`, :math:`\Gamma_i = \pi c\, G_i`,
    :math:`\gamma_i = \pi c\, L_i` for position, Gaussian and Lorentzian widths in 1/cm.
    The model gives a shape only: its peak is set to the peak of :func:`gnpy_profile`.

    References
    ----------
    .. [1] D. Hollenbeck, C. D. Cantrell, J. Opt. Soc. Am. B 19, 2886 (2002), Table 1.
    """
    _, position, intensity, gaussian, lorentzian = _read_csv(
        "hollenbeck_cantrell_2002_table1.csv"
    ).T
    per_cm = 100.0 * SPEED_OF_LIGHT_M_PER_S
    # Amplitude per mode: the peak intensity over the mode's own frequency, as in eq. (9).
    time_s = np.arange(0.0, 4e-12, 1e-15)
    modes = (
        intensity[:, None]
        * np.exp(-np.pi * per_cm * lorentzian[:, None] * time_s)
        * np.exp(-((np.pi * per_cm * gaussian[:, None]) ** 2) * time_s**2 / 4.0)
        * np.sin(2.0 * np.pi * per_cm * position[:, None] * time_s)
    )
    response = modes.sum(axis=0)
    offset_thz = np.arange(0.0, 42.01, 0.1)
    phase = np.sin(2.0 * np.pi * np.outer(offset_thz * 1e12, time_s))
    shape = np.maximum(phase @ response, 0.0)
    return RamanProfile(offset_thz, shape / shape.max() * gnpy_profile().g0_per_w_m.max())


def cross_section(
    classical_thz: ArrayLike,
    quantum_thz: ArrayLike,
    *,
    profile: RamanProfile,
    temperature_k: float = 300.0,
    raman_scale: float = 1.0,
    effective_area_um2: float = 83.0,
) -> FloatArray:
    r"""Compute the effective cross-section into the quantum channel [1/(km nm)].

    It covers both polarisations.

    .. math::
        \rho = \kappa\, 2 h \nu_q\, g(|D|)\, N\, \frac{c}{\lambda_q^2}, \qquad
        N = \begin{cases} 1 + n & \nu_q < \nu_c \text{ (Stokes)} \\
        n\, \nu_q / \nu_c & \text{otherwise} \end{cases}

    with :math:`D = \nu_c - \nu_q`, :math:`n = 1 / (e^{h|D|/kT} - 1)` and the gain ``g``
    scaled from the reference pump and effective area.

    Parameters
    ----------
    classical_thz, quantum_thz
        Optical frequencies [THz], broadcast together.
    profile
        Raman gain against offset.
    temperature_k
        Fibre temperature [K].
    raman_scale
        :math:`\kappa`; 1 is first principles, 0.62 is literature-like.
    effective_area_um2
        Effective area [um^2]; 83 for G.652.

    References
    ----------
    .. [1] A. D'Amico et al., J. Lightwave Technol. 40 (2022), section III.D: gain and its scaling.
    .. [2] R. Kumar, H. Qin, R. Alleaume, New J. Phys. 17, 043027 (2015): measured values behind
       :math:`\kappa` = 0.62.
    """
    pump, signal = np.asarray(classical_thz, float), np.asarray(quantum_thz, float)
    offset = np.maximum(np.abs(pump - signal), MIN_OFFSET_THZ)
    gain = (
        profile(offset)
        * np.maximum(pump, signal)
        / REFERENCE_PUMP_THZ
        * (REFERENCE_AREA_UM2 / effective_area_um2)
    )
    energy_j = PLANCK_J_S * 1e12 * offset
    phonons = 1.0 / np.expm1(energy_j / (BOLTZMANN_J_PER_K * temperature_k))
    occupation = np.where(signal < pump, 1.0 + phonons, phonons * signal / pump)
    wavelength_m = SPEED_OF_LIGHT_M_PER_S / (signal * 1e12)
    # 1/(m m) to 1/(km nm): 1e3 per km times 1e-9 per nm.
    per_km_nm = SPEED_OF_LIGHT_M_PER_S / wavelength_m**2 * 1e-6
    energy = 2.0 * PLANCK_J_S * signal * 1e12
    return np.asarray(raman_scale * energy * gain * occupation * per_km_nm)


@dataclass(frozen=True, slots=True)
class MeasuredCrossSection:
    """Measured cross-section, given by the user.

    Parameters
    ----------
    offset_nm
        ``(n,)`` quantum minus classical wavelength [nm], rising.
    rho_per_km_nm
        ``(n,)`` cross-section [1/(km nm)].
    """

    offset_nm: FloatArray
    rho_per_km_nm: FloatArray


def wavelength_offset_nm(classical_thz: ArrayLike, quantum_thz: ArrayLike) -> FloatArray:
    """Return quantum minus classical wavelength [nm] of optical frequencies [THz]."""
    return np.asarray(thz_to_nm(quantum_thz) - thz_to_nm(classical_thz))


def covers(table: MeasuredCrossSection, offset_nm: ArrayLike) -> bool:
    """Return whether every offset [nm] lies inside a measured table."""
    offset = np.asarray(offset_nm, dtype=np.float64)
    low, high = table.offset_nm[0], table.offset_nm[-1]
    return not np.any((offset < low - OFFSET_TOLERANCE_NM) | (offset > high + OFFSET_TOLERANCE_NM))


def measured_cross_section(
    classical_thz: ArrayLike,
    quantum_thz: ArrayLike,
    *,
    table: MeasuredCrossSection,
    raman_scale: float = 1.0,
) -> FloatArray:
    """Interpolate the cross-section [1/(km nm)] linearly in a measured table.

    Parameters
    ----------
    classical_thz, quantum_thz
        Optical frequencies [THz].
    table
        The user's own measurement, the source of the values.
    raman_scale
        Factor on every value.

    Raises
    ------
    PhysicsError
        An offset lies outside the table.
    """
    offset = wavelength_offset_nm(classical_thz, quantum_thz)
    if not covers(table, offset):
        low, high = table.offset_nm[0], table.offset_nm[-1]
        raise PhysicsError(
            f"Raman table covers offsets {low:g} to {high:g} nm; the grid and its QKD channels "
            f"need {offset.min():g} to {offset.max():g} nm (quantum minus classical wavelength)"
        )
    return np.asarray(raman_scale * np.interp(offset, table.offset_nm, table.rho_per_km_nm))


def _relative_expm1(exponent: ArrayLike) -> FloatArray:
    """Compute ``(e^x - 1) / x``, smooth through x = 0."""
    x = np.asarray(exponent, dtype=np.float64)
    small = np.abs(x) < 1e-5
    safe = np.where(small, 1.0, x)
    return np.where(small, 1.0 + x / 2.0 + x**2 / 6.0, np.expm1(safe) / safe)


def forward_raman_power(
    launch_w: ArrayLike,
    rho_per_km_nm: ArrayLike,
    filter_nm: ArrayLike,
    length_km: ArrayLike,
    *,
    loss_classical_per_km: ArrayLike,
    loss_quantum_per_km: ArrayLike,
) -> FloatArray:
    r"""Compute the co-propagating Raman power [W] at the end of the fibre.

    .. math:: P_f = P \rho\, \Delta\lambda\,
        \frac{e^{-a_q L} - e^{-a_c L}}{a_c - a_q}
        \;\to\; P \rho\, \Delta\lambda\, L e^{-a L} \quad (a_c = a_q)

    Parameters
    ----------
    launch_w
        Launch power :math:`P` of the classical channel [W].
    rho_per_km_nm
        Cross-section :math:`\rho` [1/(km nm)].
    filter_nm
        Width :math:`\Delta\lambda` of the quantum filter [nm].
    length_km
        Length :math:`L` [km].
    loss_classical_per_km, loss_quantum_per_km
        Attenuations :math:`a_c` and :math:`a_q` in natural units [1/km].

    References
    ----------
    .. [1] P. Eraerds et al., New J. Phys. 12, 063027 (2010), section 3.
    """
    length = np.asarray(length_km, dtype=np.float64)
    loss_c, loss_q = np.asarray(loss_classical_per_km), np.asarray(loss_quantum_per_km)
    # The smaller of the two losses in front, so that the other factor is at most 1: with the larger
    # one in front a loss of hundreds of dB overflows to 0 times infinity.
    min_loss, difference = np.minimum(loss_c, loss_q), np.abs(loss_c - loss_q)
    reach_km = np.exp(-min_loss * length) * length * _relative_expm1(-difference * length)
    return np.asarray(np.asarray(launch_w) * rho_per_km_nm * np.asarray(filter_nm) * reach_km)


def backward_raman_power(
    launch_w: ArrayLike,
    rho_per_km_nm: ArrayLike,
    filter_nm: ArrayLike,
    length_km: ArrayLike,
    *,
    loss_classical_per_km: ArrayLike,
    loss_quantum_per_km: ArrayLike,
) -> FloatArray:
    r"""Compute the counter-propagating Raman power [W] where the classical channel enters.

    .. math:: P_b = P \rho\, \Delta\lambda\, \frac{1 - e^{-(a_c + a_q) L}}{a_c + a_q}

    Parameters
    ----------
    launch_w
        Launch power :math:`P` of the classical channel [W].
    rho_per_km_nm
        Cross-section :math:`\rho` [1/(km nm)].
    filter_nm
        Width :math:`\Delta\lambda` of the quantum filter [nm].
    length_km
        Length :math:`L` [km].
    loss_classical_per_km, loss_quantum_per_km
        Attenuations :math:`a_c` and :math:`a_q` in natural units [1/km].

    References
    ----------
    .. [1] P. Eraerds et al., New J. Phys. 12, 063027 (2010), section 3.
    """
    length = np.asarray(length_km, dtype=np.float64)
    total_loss = np.asarray(loss_classical_per_km) + np.asarray(loss_quantum_per_km)
    reach_km = length * _relative_expm1(-total_loss * length)
    return np.asarray(np.asarray(launch_w) * rho_per_km_nm * np.asarray(filter_nm) * reach_km)
