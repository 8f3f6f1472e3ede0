r"""What finite-key analyses of decoy-state BB84 share: the link, its counts, and their bounds.

A block is ``block_size`` detections in the key basis, which both sides choose with probability
``key_basis_probability``; the other basis tests. Counts are what the link gives on average:

.. math:: D_k = 1 - (1 - Y_0)\, e^{-\eta k}, \quad R_k = D_k (1 + p_{ap}), \quad
    e_k = Y_0 / 2 + e_d (1 - e^{-\eta k}) + p_{ap} D_k / 2, \quad Y_0 = 2 p_{dc} + p_{noise}

(section IV of [1]_, with noise clicks in the background). Detectors that are dead for a time
:math:`t` after a click count :math:`1 / (1 + f_{rep} \bar R\, t)` of them (appendix B of [2]_).

.. [1] C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014).
.. [2] D. Rusca et al., Appl. Phys. Lett. 112, 171104 (2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.errors import FaultsError
from qkdopt.physics.keyrate import binary_entropy
from qkdopt.physics.protocols.base import KeyRates, broadcast, parameter_faults
from qkdopt.units import FloatArray, loss_db_to_ratio

SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class Counts:
    """Detections and errors of a block by intensity, in one basis.

    Parameters
    ----------
    detections, errors
        ``(k, ...)`` by intensity, then by loss and noise.
    """

    detections: FloatArray
    errors: FloatArray


@dataclass(frozen=True, slots=True)
class Block:
    """All counts of a block.

    Parameters
    ----------
    key, test
        Counts in the key basis and in the test basis.
    pulses
        Pulses that Alice sends for the block.
    """

    key: Counts
    test: Counts
    pulses: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FiniteKeyBB84:
    """Decoy-state BB84 with keys from blocks of a finite size.

    Parameters
    ----------
    block_size
        n, detections in the key basis that one key is distilled from.
    secrecy, correctness
        Secrecy and correctness parameters of a whole key, eps_sec and eps_cor.
    key_basis_probability
        q, with which each side chooses the key basis.
    misalignment
        e_d, share of signal photons that hit the wrong detector.
    detector_efficiency
        eta_d, of either detector.
    dark_count_per_gate
        p_dc, dark counts per gate of one detector.
    afterpulse_probability
        p_ap, clicks that follow from an earlier click, for each click.
    dead_time_ns
        Time after a click without another [ns].
    error_correction_efficiency
        f >= 1, leakage of error correction over the Shannon limit.
    repetition_mhz
        Pulses per second [MHz].
    bounds
        ``published``: Hoeffding's, as both papers have them. ``tight``: Chernoff's, closer where a
        count is a small part of all, and no more errors of single photons than errors in all.
    """

    block_size: float = 1e7
    secrecy: float = 1e-9
    correctness: float = 1e-15
    key_basis_probability: float = 0.87
    misalignment: float = 0.015
    detector_efficiency: float = 0.2
    dark_count_per_gate: float = 1e-8
    afterpulse_probability: float = 0.0
    dead_time_ns: float = 0.0
    error_correction_efficiency: float = 1.16
    repetition_mhz: float = 2.0
    bounds: Literal["published", "tight"] = "published"

    @property
    def name(self) -> str:
        """Name for tables and files."""
        raise NotImplementedError

    @property
    def failure(self) -> float:
        """Probability that one bound fails, the same share of the secrecy for each."""
        raise NotImplementedError

    def intensities(self) -> tuple[FloatArray, FloatArray]:
        """Return intensities ``(k,)``, falling, and the probability of each."""
        raise NotImplementedError

    def key_length(self, block: Block) -> FloatArray:
        """Return the length of the key of a block [bit]; negative means no key."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        faults = self.faults()
        if faults:
            raise FaultsError(self.name, faults)

    def faults(self) -> list[str]:
        """Return each broken rule of the parameters."""
        mu, share = self.intensities()
        q = self.key_basis_probability
        kind = [f"{self.name}: bounds = {self.bounds!r}; expected published or tight"]
        return kind * (self.bounds not in ("published", "tight")) + parameter_faults(
            self.name,
            {
                "block_size": (self.block_size, self.block_size >= 1.0, "at least 1"),
                "misalignment": (self.misalignment, 0.0 <= self.misalignment < 0.5, "0 to 0.5"),
                "detector_efficiency": (
                    self.detector_efficiency,
                    0.0 < self.detector_efficiency <= 1.0,
                    "more than 0, at most 1",
                ),
                "secrecy": (self.secrecy, 0.0 < self.secrecy < 1.0, "between 0 and 1"),
                "correctness": (self.correctness, 0.0 < self.correctness < 1.0, "between 0 and 1"),
                "key_basis_probability": (q, 0.0 < q < 1.0, "between 0 and 1"),
                "smallest probability of an intensity": (
                    float(share.min()), bool(share.min() > 0.0), "more than 0, 1 in all",
                ),
                "smallest intensity": (float(mu.min()), bool(mu.min() >= 0.0), "at least 0"),
                "smallest step between intensities": (
                    float(-np.diff(mu).max()), bool(np.diff(mu).max() < 0.0), "falling intensities",
                ),
            },
        )  # fmt: skip

    def rates(self, loss_db: ArrayLike, noise_per_gate: ArrayLike) -> KeyRates:
        """Return key rate [bit/s] and QBER of the key basis; see :class:`KeyRateProtocol`.

        The length of the key is not rounded down to whole bits.

        Parameters
        ----------
        loss_db
            Loss of fibre and receiver [dB].
        noise_per_gate
            Noise clicks per gate, both detectors together.
        """
        block = self.block(*broadcast(loss_db, noise_per_gate))
        clicks, errors = block.key.detections.sum(axis=0), block.key.errors.sum(axis=0)
        length = np.maximum(0.0, self.key_length(block))
        rate = 1e6 * self.repetition_mhz * length / block.pulses
        return KeyRates(np.asarray(rate), np.asarray(np.minimum(0.5, errors / clicks)))

    def block(self, loss_db: FloatArray, noise_per_gate: FloatArray) -> Block:
        """Return the counts of a block at losses [dB] and noises per gate of one shape."""
        mu, share = (row.reshape(-1, *([1] * loss_db.ndim)) for row in self.intensities())
        eta = self.detector_efficiency * loss_db_to_ratio(loss_db)
        background = np.minimum(1.0, 2.0 * self.dark_count_per_gate + noise_per_gate)
        signal = -np.expm1(-eta * mu)
        detected = np.maximum(background + signal - background * signal, SMALLEST)
        wrong = background / 2.0 + self.misalignment * signal
        wrong = wrong + self.afterpulse_probability * detected / 2.0
        clicks = share * detected * (1.0 + self.afterpulse_probability)
        per_pulse = clicks.sum(axis=0)
        live = 1.0 / (1.0 + self.repetition_mhz * 1e-3 * self.dead_time_ns * per_pulse)
        q = self.key_basis_probability
        sent = self.block_size / (q**2 * per_pulse)
        key, test = q**2 * sent, (1.0 - q) ** 2 * sent
        return Block(
            Counts(key * clicks, key * share * wrong),
            Counts(test * clicks, test * share * wrong),
            sent / live,
        )

    def leakage(self, block: Block) -> FloatArray:
        """Return the bits that error correction reveals, f n h(E), as in section IV of Lim."""
        clicks, errors = block.key.detections.sum(axis=0), block.key.errors.sum(axis=0)
        entropy = binary_entropy(np.minimum(0.5, errors / clicks))
        return np.asarray(self.error_correction_efficiency * clicks * entropy)

    def photon_probability(self, photons: int) -> float:
        r"""Return :math:`\tau_n = \sum_k p_k e^{-k} k^n / n!`, of Alice sending n photons."""
        mu, share = self.intensities()
        return float((share * np.exp(-mu) * mu**photons).sum() / math.factorial(photons))

    def single_errors(self, counts: Counts, large: int, small: int) -> FloatArray:
        r"""Bound errors of single photons, :math:`v_1 \le \tau_1 (m_j^+ - m_k^-)/(\mu_j - \mu_k)`.

        With ``tight`` bounds they are at most all errors.

        Parameters
        ----------
        counts
            Counts of one basis.
        large, small
            Positions j and k of the two intensities.

        References
        ----------
        .. [1] C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), eq. (4).
        .. [2] D. Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eq. (A22).
        """
        mu, _ = self.intensities()
        high = self.bounded(counts.errors, self.failure, 1, large)
        low = self.bounded(counts.errors, self.failure, -1, small)
        bound = self.photon_probability(1) * (high - low) / (mu[large] - mu[small])
        if self.bounds == "published":
            return np.asarray(bound)
        return np.asarray(np.minimum(bound, counts.errors.sum(axis=0)))

    def bounded(self, counts: FloatArray, failure: float, sign: int, intensity: int) -> FloatArray:
        r"""Return :math:`n_k^\pm = (e^k / p_k) [n_k \pm \delta]`.

        Hoeffding: :math:`\delta = \sqrt{(n/2) \ln(1/\epsilon)}`. Chernoff, with
        :math:`b = \ln(1/\epsilon)`: :math:`\delta^+ = b + \sqrt{2 b n_k + b^2}` and
        :math:`\delta^- = b/2 + \sqrt{2 b n_k + b^2/4}`.

        Parameters
        ----------
        counts
            ``(k, ...)`` detections or errors by intensity; n is their sum.
        failure
            epsilon, probability that the bound fails.
        sign
            1 for the upper bound, -1 for the lower.
        intensity
            Position of k among the intensities.

        References
        ----------
        .. [1] C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), below eqs. (2) and (4).
        .. [2] H.-L. Yin et al., Sci. Rep. 10, 14312 (2020), Chernoff bound and its variant.
        """
        mu, share = self.intensities()
        if self.bounds == "published":
            spread = hoeffding(counts.sum(axis=0), failure)
        else:
            b, mean = math.log(1.0 / failure), counts[intensity]
            half = b if sign > 0 else b / 2.0
            spread = half + np.sqrt(2.0 * b * mean + half**2)
        scale = math.exp(mu[intensity]) / share[intensity]
        return np.asarray(scale * (counts[intensity] + sign * spread))


def hoeffding(count: FloatArray, failure: float) -> FloatArray:
    r"""Return :math:`\delta(n, \epsilon) = \sqrt{(n/2) \ln(1/\epsilon)}`; eq. (A1) of Lim."""
    return np.asarray(np.sqrt(count / 2.0 * math.log(1.0 / failure)))


def phase_error(
    errors: FloatArray, test: FloatArray, key: FloatArray, *, secrecy: float, terms: int
) -> FloatArray:
    r"""Bound the phase error rate of single photons in the key basis by that of the test basis.

    .. math::
        \phi \le b + \gamma(\epsilon, b, c, d), \qquad \gamma = \sqrt{\frac{(c + d)(1 - b) b}
        {c d \ln 2} \log_2 \Bigl(\frac{c + d}{c d (1 - b) b} \frac{t^2}{\epsilon^2}\Bigr)}

    Parameters
    ----------
    errors
        Upper bound on the errors of single photons in the test basis; b is their share.
    test, key
        Lower bounds c and d on the single photons of test and key basis.
    secrecy
        epsilon.
    terms
        t, number of error terms that make up epsilon: 21 with two decoys, 19 with one.

    Returns
    -------
    phase_error
        At most 1/2, and 1/2 where there are no single photons.

    References
    ----------
    .. [1] C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), eq. (5).
    .. [2] C.-H. F. Fung, X. Ma and H. F. Chau, Phys. Rev. A 81, 012318 (2010).
    """
    some = (test > 0.0) & (key > 0.0)
    c, d = np.where(some, test, 1.0), np.where(some, key, 1.0)
    b = np.clip(errors / c, SMALLEST, 0.5)
    spread = (c + d) / (c * d * (1.0 - b) * b)
    inside = (c + d) * (1.0 - b) * b / (c * d * math.log(2.0))
    gamma = np.sqrt(inside * np.maximum(0.0, np.log2(spread * (terms / secrecy) ** 2)))
    return np.where(some, np.minimum(0.5, b + gamma), 0.5)
