"""Finite-key decoy-state BB84 with one decoy: Rusca et al. (2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qkdopt.physics.keyrate import binary_entropy
from qkdopt.physics.protocols.finite_key import (
    Block,
    Counts,
    FiniteKeyBB84,
    hoeffding,
    phase_error,
)
from qkdopt.units import FloatArray

# Error terms that make up eps_sec.
TERMS = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class OneDecoyFiniteKey(FiniteKeyBB84):
    """Signal and one decoy, both of which give key, in finite blocks; no vacuum is sent.

    Parameters
    ----------
    signal_photon_number, decoy_photon_number
        mu_1 > mu_2 > 0, mean photons of the two intensities.
    signal_probability
        Of the signal; the decoy has the rest.

    Notes
    -----
    The paper prints eq. (A18) without the factor :math:`e^k / p_k` and eq. (A21) with
    :math:`2^{21}` in place of a square; both are read here as in Lim et al., from which they come:
    with the factor, and with :math:`19^2`.

    References
    ----------
    .. [1] D. Rusca, A. Boaron, F. Gruenenfelder, A. Martin and H. Zbinden, "Finite-key analysis
       for the 1-decoy state QKD protocol", Appl. Phys. Lett. 112, 171104 (2018).
    """

    signal_photon_number: float = 0.48
    decoy_photon_number: float = 0.15
    signal_probability: float = 0.7

    @property
    def name(self) -> str:
        """Name for tables and files."""
        return "one-decoy-bb84-finite"

    @property
    def failure(self) -> float:
        """Probability that one bound fails."""
        return self.secrecy / TERMS

    def intensities(self) -> tuple[FloatArray, FloatArray]:
        """Return intensities ``(2,)``, falling, and the probability of each."""
        return (
            np.array([self.signal_photon_number, self.decoy_photon_number]),
            np.array([self.signal_probability, 1.0 - self.signal_probability]),
        )

    def key_length(self, block: Block) -> FloatArray:
        r"""Return the length of the key of a block [bit].

        .. math:: \ell = s_{Z,0} + s_{Z,1} [1 - h(\phi_Z)] - \lambda_{EC}
            - 6 \log_2 \frac{19}{\epsilon_{sec}} - \log_2 \frac{2}{\epsilon_{cor}}

        References
        ----------
        .. [1] D. Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eq. (A25).
        """
        vacuum, single = self._vacuum(block.key), self._single(block.key)
        phase = phase_error(
            self.single_errors(block.test, 0, 1),
            self._single(block.test),
            single,
            secrecy=self.secrecy,
            terms=TERMS,
        )
        overhead = 6.0 * math.log2(TERMS / self.secrecy) + math.log2(2.0 / self.correctness)
        secret = vacuum + single * (1.0 - binary_entropy(phase))
        return np.asarray(secret - self.leakage(block) - overhead)

    def _vacuum(self, counts: Counts) -> FloatArray:
        r"""Bound detections of vacuum below, at 0 or more.

        .. math:: s_0 \ge \tau_0 (\mu_1 n_2^- - \mu_2 n_1^+)/(\mu_1 - \mu_2)

        References
        ----------
        .. [1] D. Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eq. (A19).
        """
        (mu1, mu2), failure = self.intensities()[0], self.failure
        low = self.bounded(counts.detections, failure, -1, 1)
        high = self.bounded(counts.detections, failure, 1, 0)
        bound = self.photon_probability(0) * (mu1 * low - mu2 * high) / (mu1 - mu2)
        return np.asarray(np.maximum(0.0, bound))

    def _most_vacuum(self, counts: Counts) -> FloatArray:
        r"""Bound detections of vacuum above, by the errors of one intensity.

        .. math:: s_0 \le 2 [\tau_0 m_k^+ + \delta(n, \epsilon_1)]

        The paper leaves k open: it is the intensity that bounds best at the counts that the link
        gives on average, which both sides know beforehand.

        References
        ----------
        .. [1] D. Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eq. (A16).
        """
        errors = np.minimum(
            self.bounded(counts.errors, self.failure, 1, 0),
            self.bounded(counts.errors, self.failure, 1, 1),
        )
        spread = hoeffding(counts.detections.sum(axis=0), self.failure)
        return np.asarray(2.0 * (self.photon_probability(0) * errors + spread))

    def _single(self, counts: Counts) -> FloatArray:
        r"""Bound detections of single photons below, at 0 or more.

        .. math:: s_1 \ge \frac{\tau_1 \mu_1}{\mu_2 (\mu_1 - \mu_2)} \Bigl[n_2^- -
            \frac{\mu_2^2}{\mu_1^2} n_1^+ - \frac{\mu_1^2 - \mu_2^2}{\mu_1^2}
            \frac{s_0^u}{\tau_0}\Bigr]

        References
        ----------
        .. [1] D. Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eq. (A17).
        """
        (mu1, mu2), failure = self.intensities()[0], self.failure
        low = self.bounded(counts.detections, failure, -1, 1)
        high = self.bounded(counts.detections, failure, 1, 0)
        vacuum = self._most_vacuum(counts) / self.photon_probability(0)
        rest = low - (mu2 / mu1) ** 2 * high - (1.0 - (mu2 / mu1) ** 2) * vacuum
        single = self.photon_probability(1) * mu1 / (mu2 * (mu1 - mu2)) * rest
        return np.asarray(np.maximum(0.0, single))
