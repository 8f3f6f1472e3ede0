"""Finite-key decoy-state BB84 with two decoys: Lim et al. (2014)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qkdopt.physics.keyrate import binary_entropy
from qkdopt.physics.protocols.base import parameter_faults
from qkdopt.physics.protocols.finite_key import Block, Counts, FiniteKeyBB84, phase_error
from qkdopt.units import FloatArray

# Error terms that make up eps_sec.
TERMS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoDecoyFiniteKey(FiniteKeyBB84):
    """Signal, weak decoy and (nearly) vacuum, all of which give key, in finite blocks.

    Parameters
    ----------
    signal_photon_number, weak_photon_number, vacuum_photon_number
        mu_1 > mu_2 + mu_3 and mu_2 > mu_3 >= 0, mean photons of the three intensities.
    signal_probability, weak_probability
        Of the first two intensities; the third has the rest.

    References
    ----------
    .. [1] C. C. W. Lim, M. Curty, N. Walenta, F. Xu and H. Zbinden, "Concise security bounds for
       practical decoy-state quantum key distribution", Phys. Rev. A 89, 022307 (2014).
    """

    signal_photon_number: float = 0.48
    weak_photon_number: float = 0.25
    vacuum_photon_number: float = 2e-4
    signal_probability: float = 0.45
    weak_probability: float = 0.4

    @property
    def name(self) -> str:
        """Name for tables and files."""
        return "decoy-bb84-finite"

    @property
    def failure(self) -> float:
        """Probability that one bound fails."""
        return self.secrecy / TERMS

    def intensities(self) -> tuple[FloatArray, FloatArray]:
        """Return intensities ``(3,)``, falling, and the probability of each."""
        first, second = self.signal_probability, self.weak_probability
        return (
            np.array(
                [self.signal_photon_number, self.weak_photon_number, self.vacuum_photon_number]
            ),
            np.array([first, second, 1.0 - first - second]),
        )

    def faults(self) -> list[str]:
        """Return each broken rule of the parameters."""
        rest = self.signal_photon_number - self.weak_photon_number - self.vacuum_photon_number
        rule = {"mu_1 - mu_2 - mu_3": (rest, rest > 0.0, "more than 0")}
        return [
            *FiniteKeyBB84.faults(self),
            *parameter_faults(self.name, rule),
        ]

    def key_length(self, block: Block) -> FloatArray:
        r"""Return the length of the key of a block [bit].

        .. math:: \ell = s_{X,0} + s_{X,1} [1 - h(\phi_X)] - \lambda_{EC}
            - 6 \log_2 \frac{21}{\epsilon_{sec}} - \log_2 \frac{2}{\epsilon_{cor}}

        References
        ----------
        .. [1] C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), eq. (1).
        """
        vacuum, single = self._photons(block.key)
        _, test = self._photons(block.test)
        phase = phase_error(
            self.single_errors(block.test, 1, 2), test, single, secrecy=self.secrecy, terms=TERMS
        )
        overhead = 6.0 * math.log2(TERMS / self.secrecy) + math.log2(2.0 / self.correctness)
        secret = vacuum + single * (1.0 - binary_entropy(phase))
        return np.asarray(secret - self.leakage(block) - overhead)

    def _photons(self, counts: Counts) -> tuple[FloatArray, FloatArray]:
        r"""Bound detections of vacuum and of single photons below, at 0 or more.

        .. math::
            s_0 \ge \tau_0 \frac{\mu_2 n_3^- - \mu_3 n_2^+}{\mu_2 - \mu_3}, \qquad
            s_1 \ge \frac{\tau_1 \mu_1 [n_2^- - n_3^+ - \frac{\mu_2^2 - \mu_3^2}{\mu_1^2}
            (n_1^+ - s_0 / \tau_0)]}{\mu_1 (\mu_2 - \mu_3) - \mu_2^2 + \mu_3^2}

        References
        ----------
        .. [1] C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), eqs. (2) and (3).
        """
        (mu1, mu2, mu3), failure = self.intensities()[0], self.failure
        n = counts.detections
        tau0, tau1 = self.photon_probability(0), self.photon_probability(1)
        high = [self.bounded(n, failure, 1, k) for k in range(3)]
        low = [self.bounded(n, failure, -1, k) for k in range(3)]
        vacuum = np.maximum(0.0, tau0 * (mu2 * low[2] - mu3 * high[1]) / (mu2 - mu3))
        rest = (mu2**2 - mu3**2) / mu1**2 * (high[0] - vacuum / tau0)
        single = tau1 * mu1 * (low[1] - high[2] - rest)
        single = single / (mu1 * (mu2 - mu3) - mu2**2 + mu3**2)
        return vacuum, np.maximum(0.0, single)
