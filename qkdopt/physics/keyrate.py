r"""Decoy-state BB84: from transmittance and noise to QBER and secret key rate.

All equations are from X. Ma, B. Qi, Y. Zhao and H.-K. Lo, "Practical decoy state for
quantum key distribution", Phys. Rev. A 72, 012326 (2005). They hold for infinitely long
keys; finite keys only lower the rate.

A pulse of n photons is detected with the yield of its eq. (7), in which a coincidence of
background and signal counts once; the gain is their sum over a Poisson distribution (eq. 10):

.. math:: Y_n = Y_0 + \eta_n - Y_0 \eta_n, \quad \eta_n = 1 - (1 - \eta)^n, \qquad
    Q_\mu = \sum_n e^{-\mu} \frac{\mu^n}{n!} Y_n = 1 - (1 - Y_0)\, e^{-\eta\mu}

The DS-QKD study has :math:`Y_1` of this kind beside the gain of :math:`Y_n \approx Y_0 + \eta_n`,
which counts coincidences twice: :math:`Q_\mu = Y_0 + 1 - e^{-\eta\mu}`. ``yields`` chooses:

===============  ============  =============
yields           :math:`Y_1`   :math:`Q_\mu`
===============  ============  =============
``paper``        exact         approximate
``exact``        exact         exact
``approximate``  approximate   approximate
===============  ============  =============

Errors are those of its eq. (9) in every case, :math:`e_n Y_n = Y_0/2 + e_d \eta_n`, whose sum is
:math:`E_\mu Q_\mu = Y_0/2 + e_d (1 - e^{-\eta\mu})`. A coincidence is wrong with
:math:`1/2 + e_d` there; given a random bit it would be wrong with :math:`(1/2 + e_d)/2`, so
these error rates are conservative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.units import FloatArray, loss_db_to_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoyBB84:
    """Parameters of protocol and detectors.

    Parameters
    ----------
    mean_photon_number
        mu, mean photons of a signal pulse.
    misalignment
        e_d, share of signal photons that hit the wrong detector.
    detector_efficiency
        eta_d, of either detector.
    dark_count_per_gate
        p_dc, dark counts per gate of one detector.
    error_correction_efficiency
        f >= 1, leakage of error correction over the Shannon limit.
    sifting
        q, share of pulses kept after basis comparison.
    repetition_hz
        Pulses per second [Hz].
    weak_photon_number
        nu of the weak decoy (vacuum + weak); None for infinitely many decoys.
    yields
        Where coincidences of background and signal count once; see the module.
    """

    mean_photon_number: float = 0.48
    misalignment: float = 0.015
    detector_efficiency: float = 0.2
    dark_count_per_gate: float = 1e-8
    error_correction_efficiency: float = 1.22
    sifting: float = 1.0
    repetition_hz: float = 2e6
    weak_photon_number: float | None = None
    yields: Literal["paper", "exact", "approximate"] = "paper"

    @property
    def exact_gain(self) -> bool:
        """Return whether gains count a coincidence of background and signal once."""
        return self.yields == "exact"

    @property
    def exact_single(self) -> bool:
        """Return whether the yield of single photons counts a coincidence once."""
        return self.yields != "approximate"


def binary_entropy(share: ArrayLike) -> FloatArray:
    r"""Compute the binary entropy :math:`h(p) = -p \log_2 p - (1-p) \log_2 (1-p)`; 0 at both ends.

    References
    ----------
    .. [1] C. E. Shannon, Bell Syst. Tech. J. 27, 379 (1948).
    """
    p = np.asarray(share, dtype=np.float64)
    inside = (p > 0.0) & (p < 1.0)
    safe = np.where(inside, p, 0.5)
    entropy = -safe * np.log2(safe) - (1.0 - safe) * np.log2(1.0 - safe)
    return np.where(inside, entropy, 0.0)


def channel_transmittance(
    loss_db: ArrayLike, *, insertion_loss_db: float, detector_efficiency: float
) -> FloatArray:
    r"""Compute the transmittance :math:`\eta = \eta_d 10^{-(\alpha L + IL)/10}`.

    Parameters
    ----------
    loss_db
        :math:`\alpha L`, loss of the fibre [dB].
    insertion_loss_db
        :math:`IL`, insertion loss of the receiver [dB].
    detector_efficiency
        :math:`\eta_d`, of either detector.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), section II.
    """
    total_db = np.asarray(loss_db, dtype=np.float64) + insertion_loss_db
    return np.asarray(detector_efficiency * loss_db_to_ratio(total_db))


def background_yield(noise_per_gate: ArrayLike, dark_count_per_gate: float) -> FloatArray:
    r"""Compute the background yield :math:`Y_0 = 2 p_{dc} + p_{noise}`.

    The noise already covers both detectors.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), section II.
    """
    return np.asarray(2.0 * dark_count_per_gate + np.asarray(noise_per_gate, dtype=np.float64))


def signal_gain(
    background: ArrayLike, transmittance: ArrayLike, photons: float, *, exact: bool = False
) -> FloatArray:
    r"""Compute the gain :math:`Q_\mu = Y_0 + 1 - e^{-\eta\mu}`, detections per pulse.

    Parameters
    ----------
    background
        Background yield :math:`Y_0` per gate.
    transmittance
        :math:`\eta`, receiver and detector included.
    photons
        :math:`\mu`, mean photons per pulse.
    exact
        Whether a coincidence of background and signal counts once:
        :math:`Q_\mu = 1 - (1 - Y_0)\, e^{-\eta\mu}`.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (10).
    """
    y0 = np.asarray(background, dtype=np.float64)
    signal = -np.expm1(-np.asarray(transmittance, dtype=np.float64) * photons)
    return np.asarray(y0 + signal - y0 * signal if exact else y0 + signal)


def signal_qber(
    background: ArrayLike,
    transmittance: ArrayLike,
    photons: float,
    misalignment: float,
    *,
    exact: bool = False,
) -> FloatArray:
    r"""Compute the error rate :math:`E_\mu = (Y_0/2 + e_d (1 - e^{-\eta\mu})) / Q_\mu`.

    Parameters
    ----------
    background
        Background yield :math:`Y_0` per gate.
    transmittance
        :math:`\eta`, receiver and detector included.
    photons
        :math:`\mu`, mean photons per pulse.
    misalignment
        :math:`e_d`, share of signal photons that hit the wrong detector.
    exact
        Whether a coincidence of background and signal counts once in :math:`Q_\mu`.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (11).
    """
    signal = -np.expm1(-np.asarray(transmittance, dtype=np.float64) * photons)
    gain = signal_gain(background, transmittance, photons, exact=exact)
    errors = np.asarray(background) / 2.0 + misalignment * signal
    return np.asarray(np.divide(errors, gain, out=np.full(gain.shape, 0.5), where=gain > 0.0))


def single_photon_yield(
    background: ArrayLike, transmittance: ArrayLike, *, exact: bool = True
) -> FloatArray:
    r"""Compute the yield of single photons :math:`Y_1 = Y_0 + \eta - Y_0 \eta`.

    Parameters
    ----------
    background
        Background yield :math:`Y_0` per gate.
    transmittance
        :math:`\eta`, receiver and detector included.
    exact
        Whether a coincidence of background and signal counts once; else the last term is omitted.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (7).
    """
    y0, eta = np.asarray(background, float), np.asarray(transmittance, float)
    return np.asarray(y0 + eta - y0 * eta if exact else y0 + eta)


def single_photon_error(
    background: ArrayLike, transmittance: ArrayLike, misalignment: float, *, exact: bool = True
) -> FloatArray:
    r"""Compute the error rate of single photons :math:`e_1 = (Y_0/2 + e_d \eta) / Y_1`.

    Parameters
    ----------
    background
        Background yield :math:`Y_0` per gate.
    transmittance
        :math:`\eta`, receiver and detector included.
    misalignment
        :math:`e_d`, share of signal photons that hit the wrong detector.
    exact
        Whether a coincidence of background and signal counts once in :math:`Y_1`.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (9).
    """
    y1 = single_photon_yield(background, transmittance, exact=exact)
    errors = np.asarray(background) / 2.0 + misalignment * np.asarray(transmittance)
    return np.asarray(np.divide(errors, y1, out=np.full(y1.shape, 0.5), where=y1 > 0.0))


def weak_decoy_single_photon_bounds(
    background: ArrayLike, transmittance: ArrayLike, *, protocol: DecoyBB84
) -> tuple[FloatArray, FloatArray]:
    r"""Bound :math:`Y_1` below and :math:`e_1` above with vacuum + weak decoys.

    .. math::
        Y_1 \ge \frac{\mu}{\mu\nu - \nu^2} \Bigl[Q_\nu e^\nu - Q_\mu e^\mu
        \frac{\nu^2}{\mu^2} - \frac{\mu^2 - \nu^2}{\mu^2} Y_0\Bigr], \qquad
        e_1 \le \frac{E_\nu Q_\nu e^\nu - Y_0 / 2}{Y_1 \nu}

    The vacuum decoy measures :math:`Y_0`. Where the bound on the yield is at or below zero it is
    returned as 0, and the error as 1/2.

    Parameters
    ----------
    background
        Background yield :math:`Y_0` per gate.
    transmittance
        :math:`\eta`, receiver and detector included.
    protocol
        Protocol with a ``weak_photon_number``.

    Returns
    -------
    y1, e1
        Lower bound on the yield and upper bound on the error rate.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eqs. (34) and (37).
    """
    assert protocol.weak_photon_number is not None
    mu, nu = protocol.mean_photon_number, protocol.weak_photon_number
    y0, exact = np.asarray(background, dtype=np.float64), protocol.exact_gain
    weak = signal_gain(y0, transmittance, nu, exact=exact) * np.exp(nu)
    strong = signal_gain(y0, transmittance, mu, exact=exact) * np.exp(mu)
    deduction = strong * nu**2 / mu**2 + (mu**2 - nu**2) / mu**2 * y0
    y1 = np.maximum(0.0, mu / (mu * nu - nu**2) * (weak - deduction))
    qber = signal_qber(y0, transmittance, nu, protocol.misalignment, exact=exact)
    errors = qber * weak - y0 / 2.0
    positive = y1 > 0.0
    e1 = np.divide(errors, y1 * nu, out=np.full(np.shape(y1), 0.5), where=positive)
    return y1, np.clip(e1, 0.0, 0.5)


def decoy_bb84_rate(
    noise_per_gate: ArrayLike, transmittance: ArrayLike, *, protocol: DecoyBB84
) -> FloatArray:
    r"""Compute the key rate before clipping [bit/pulse]; negative means no key.

    .. math:: R = q\,[\,Q_1 (1 - h(e_1)) - f\, Q_\mu h(E_\mu)\,], \qquad
        Q_1 = Y_1 \mu e^{-\mu}

    Error rates above 1/2 are taken as 1/2.

    Parameters
    ----------
    noise_per_gate
        Noise clicks per gate, both detectors together.
    transmittance
        :math:`\eta`, receiver and detector included.
    protocol
        Parameters of protocol and detectors.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (1) without its maximum.
    """
    mu = protocol.mean_photon_number
    y0 = background_yield(noise_per_gate, protocol.dark_count_per_gate)
    if protocol.weak_photon_number is None:
        single = protocol.exact_single
        y1 = single_photon_yield(y0, transmittance, exact=single)
        e1 = single_photon_error(y0, transmittance, protocol.misalignment, exact=single)
    else:
        y1, e1 = weak_decoy_single_photon_bounds(y0, transmittance, protocol=protocol)
    exact = protocol.exact_gain
    gain = signal_gain(y0, transmittance, mu, exact=exact)
    qber = signal_qber(y0, transmittance, mu, protocol.misalignment, exact=exact)
    secret = y1 * mu * np.exp(-mu) * (1.0 - binary_entropy(np.minimum(e1, 0.5)))
    leak = protocol.error_correction_efficiency * gain * binary_entropy(np.minimum(qber, 0.5))
    return np.asarray(protocol.sifting * (secret - leak))


def secret_key_rate_bps(
    noise_per_gate: ArrayLike, transmittance: ArrayLike, *, protocol: DecoyBB84
) -> FloatArray:
    """Compute the secret key rate [bit/s], clipped at zero: a negative rate means no key.

    Parameters
    ----------
    noise_per_gate
        Noise clicks per gate, both detectors together.
    transmittance
        eta, receiver and detector included.
    protocol
        Parameters of protocol and detectors.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (1).
    """
    rate = decoy_bb84_rate(noise_per_gate, transmittance, protocol=protocol)
    return np.asarray(protocol.repetition_hz * np.maximum(0.0, rate))


def quantum_bit_error_rate(
    noise_per_gate: ArrayLike, transmittance: ArrayLike, *, protocol: DecoyBB84
) -> FloatArray:
    """Compute the QBER of the signal pulses, at most about 1/2.

    Parameters
    ----------
    noise_per_gate
        Noise clicks per gate, both detectors together.
    transmittance
        eta, receiver and detector included.
    protocol
        Parameters of protocol and detectors.

    References
    ----------
    .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eq. (11).
    """
    y0 = background_yield(noise_per_gate, protocol.dark_count_per_gate)
    return signal_qber(
        y0,
        transmittance,
        protocol.mean_photon_number,
        protocol.misalignment,
        exact=protocol.exact_gain,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredKeyRate:
    """Measured key rate against noise: noise rising, rate never rising and zero at the end.

    Parameters
    ----------
    noise_per_gate
        ``(n,)`` noise clicks per gate of each sample.
    skr_bps
        ``(n,)`` rate at each sample [bit/s].
    """

    noise_per_gate: FloatArray
    skr_bps: FloatArray


def measured_key_rate_bps(noise_per_gate: ArrayLike, *, table: MeasuredKeyRate) -> FloatArray:
    """Interpolate the key rate [bit/s] linearly in a table; first value below it, 0 above it."""
    return np.asarray(
        np.interp(
            np.asarray(noise_per_gate, dtype=np.float64),
            table.noise_per_gate,
            table.skr_bps,
            right=0.0,
        )
    )
