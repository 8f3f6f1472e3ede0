"""From light at the quantum receiver to noise clicks, and noise that is not scattering."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.units import PLANCK_J_S, FloatArray, loss_db_to_ratio


def noise_clicks_per_gate(
    power_w: ArrayLike,
    quantum_thz: ArrayLike,
    *,
    insertion_loss_db: float,
    detector_efficiency: float,
    gate_ps: float,
) -> FloatArray:
    r"""Noise clicks per gate, both detectors together.

    .. math:: p = P\, 10^{-IL/10}\, \eta_d\, T_d / (h \nu_q)

    It already covers both detectors: it is not doubled again in the background yield.
    """
    photon_j = PLANCK_J_S * 1e12 * np.asarray(quantum_thz, dtype=np.float64)
    passed_w = np.asarray(power_w) * loss_db_to_ratio(insertion_loss_db)
    return np.asarray(passed_w * detector_efficiency * gate_ps * 1e-12 / photon_j)


def linear_crosstalk_power(
    launch_w: ArrayLike, isolation_db: ArrayLike, length_km: ArrayLike, *, loss_per_km: ArrayLike
) -> FloatArray:
    r"""Classical light [W] that the demultiplexer lets through to the quantum receiver.

    .. math:: P_x = P\, e^{-a L}\, 10^{-I/10}
    """
    arrived = np.asarray(launch_w) * np.exp(-np.asarray(loss_per_km) * np.asarray(length_km))
    return np.asarray(arrived * loss_db_to_ratio(isolation_db))


def amplifier_ase_power(
    quantum_thz: ArrayLike,
    *,
    spontaneous_emission_factor: float,
    gain_db: float,
    bandwidth_ghz: float,
    rejection_db: float,
) -> FloatArray:
    r"""Amplified spontaneous emission [W] in the quantum band, behind a rejection filter.

    .. math:: P = 2 n_{sp} h \nu (G - 1) B\, 10^{-R/10}
    """
    photon_j = PLANCK_J_S * 1e12 * np.asarray(quantum_thz, dtype=np.float64)
    gain = 10.0 ** (gain_db / 10.0)
    emitted = 2.0 * spontaneous_emission_factor * photon_j * (gain - 1.0) * bandwidth_ghz * 1e9
    return np.asarray(emitted * loss_db_to_ratio(rejection_db))
