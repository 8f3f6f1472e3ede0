"""Unit conversions, all in one place.

Instances, results and names have trade units (dBm, dB/km, GHz, nm, THz); :mod:`qkdopt.physics`
computes in SI and 1/km.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0
PLANCK_J_S = 6.626_070_15e-34
BOLTZMANN_J_PER_K = 1.380_649e-23


def dbm_to_w(power_dbm: ArrayLike) -> FloatArray:
    """Convert optical power from dBm to W: 0 dBm is 1 mW."""
    return np.asarray(1e-3 * 10.0 ** (np.asarray(power_dbm, dtype=np.float64) / 10.0))


def w_to_dbm(power_w: ArrayLike) -> FloatArray:
    """Convert optical power from W, positive, to dBm."""
    return np.asarray(10.0 * np.log10(np.asarray(power_w, dtype=np.float64) / 1e-3))


def loss_db_to_ratio(loss_db: ArrayLike) -> FloatArray:
    """Convert a loss [dB] to the share of power that passes, ``10^(-dB/10)``."""
    return np.asarray(10.0 ** (-np.asarray(loss_db, dtype=np.float64) / 10.0))


def db_per_km_to_per_km(loss_db_per_km: ArrayLike) -> FloatArray:
    """Convert attenuation from dB/km to natural units [1/km]: 0.2 dB/km is 0.04605 /km."""
    return np.asarray(np.asarray(loss_db_per_km, dtype=np.float64) * (np.log(10.0) / 10.0))


def thz_to_nm(frequency_thz: ArrayLike) -> FloatArray:
    """Convert optical frequency [THz] to vacuum wavelength [nm]."""
    return np.asarray(SPEED_OF_LIGHT_M_PER_S * 1e-3 / np.asarray(frequency_thz, dtype=np.float64))


def ghz_to_nm(width_ghz: ArrayLike, centre_thz: ArrayLike) -> FloatArray:
    r"""Convert a spectral width [GHz] at a centre [THz] to nm, ``lambda^2/c * dnu``.

    Valid for a width small against the centre: 100 GHz at 193.1 THz is 0.804 nm.
    """
    wavelength_nm = thz_to_nm(centre_thz)
    width_thz = np.asarray(width_ghz, dtype=np.float64) * 1e-3
    return np.asarray(wavelength_nm * width_thz / np.asarray(centre_thz, dtype=np.float64))
