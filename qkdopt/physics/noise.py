"""Noise clicks at the quantum receiver, and noise other than Raman scattering."""

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
    r"""Compute noise clicks per gate, both detectors together.

    .. math:: p = P\, 10^{-IL/10}\, \eta_d\, T_d / (h \nu_q)

    It already covers both detectors: it is not doubled again in the background yield.

    Parameters
    ----------
    power_w
        Optical noise power :math:`P` in the quantum filter [W].
    quantum_thz
        Frequency :math:`\nu_q` of the quantum channel [THz].
    insertion_loss_db
        :math:`IL`, insertion loss of the receiver [dB].
    detector_efficiency
        :math:`\eta_d`, of either detector.
    gate_ps
        Detection gate :math:`T_d` [ps].

    References
    ----------
    .. [1] P. Eraerds et al., New J. Phys. 12, 063027 (2010), section 3.
    """
    photon_j = PLANCK_J_S * 1e12 * np.asarray(quantum_thz, dtype=np.float64)
    passed_w = np.asarray(power_w) * loss_db_to_ratio(insertion_loss_db)
    return np.asarray(passed_w * detector_efficiency * gate_ps * 1e-12 / photon_j)


def linear_crosstalk_power(
    launch_w: ArrayLike, isolation_db: ArrayLike, length_km: ArrayLike, *, loss_per_km: ArrayLike
) -> FloatArray:
    r"""Compute the classical power [W] that the demultiplexer leaks into the quantum channel.

    .. math:: P_x = P\, e^{-a L}\, 10^{-I/10}

    Parameters
    ----------
    launch_w
        Launch power :math:`P` of the channel [W].
    isolation_db
        Isolation :math:`I` of the demultiplexer [dB].
    length_km
        Length :math:`L` [km].
    loss_per_km
        Attenuation :math:`a` in natural units [1/km].

    References
    ----------
    .. [1] P. Eraerds et al., New J. Phys. 12, 063027 (2010), section 3.
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
    r"""Compute amplified spontaneous emission [W] in the quantum band after a rejection filter.

    .. math:: P = 2 n_{sp} h \nu (G - 1) B\, 10^{-R/10}

    Parameters
    ----------
    quantum_thz
        Frequency :math:`\nu` of the quantum channel [THz].
    spontaneous_emission_factor
        :math:`n_{sp}`, at least 1.
    gain_db
        Gain :math:`G` of the amplifier [dB].
    bandwidth_ghz
        Bandwidth :math:`B` of the quantum filter [GHz].
    rejection_db
        Rejection :math:`R` of the filter [dB].

    References
    ----------
    .. [1] E. Desurvire, Erbium-Doped Fiber Amplifiers, Wiley (1994), chapter 2.
    """
    photon_j = PLANCK_J_S * 1e12 * np.asarray(quantum_thz, dtype=np.float64)
    gain = 10.0 ** (gain_db / 10.0)
    emitted = 2.0 * spontaneous_emission_factor * photon_j * (gain - 1.0) * bandwidth_ghz * 1e9
    return np.asarray(emitted * loss_db_to_ratio(rejection_db))
