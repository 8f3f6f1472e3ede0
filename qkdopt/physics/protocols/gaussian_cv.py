r"""CV-QKD with Gaussian-modulated coherent states and reverse reconciliation.

Asymptotic rate against collective attacks with a trusted detector. Everything is in shot-noise
units; excess noise :math:`\xi` is referred to the input of the channel of transmittance
:math:`T`, receiver's insertion loss included:

.. math:: K = \beta I_{AB} - \chi_{BE}, \qquad \chi_{line} = \frac1T - 1 + \xi, \qquad
    \chi_{tot} = \chi_{line} + \frac{\chi_{det}}{T}

Homodyne (J. Lodewyck et al., Phys. Rev. A 76, 042305 (2007)) and heterodyne detection (S. Fossier
et al., J. Phys. B 42, 114014 (2009)) differ in :math:`\chi_{det}`, :math:`I_{AB}` and in the
symplectic eigenvalues after Bob's measurement.

Raman and other noise photons are excess noise: :math:`N` of them in the one mode that the local
oscillator selects raise the variance at the detector's input by :math:`2N` (R. Kumar, H. Qin and
R. Alleaume, New J. Phys. 17, 043027 (2015), eqs. (6) and (7)). Of noise clicks per gate
:math:`p`, counted with detector efficiency :math:`\eta` in a filter of width :math:`B` over a gate
:math:`T_d` in both polarisations, that are :math:`M = 2 B T_d` modes:

.. math:: N = \frac{p}{\eta M}, \qquad \xi = \xi_0 + \frac{2 N}{T}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.errors import FaultsError
from qkdopt.physics.protocols.base import KeyRates, broadcast, parameter_faults
from qkdopt.units import FloatArray, loss_db_to_ratio

# Least key [bit/symbol]: below it, the difference of two entropies is rounding.
RESOLUTION = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianCV:
    """Gaussian-modulated coherent states, reverse reconciliation, trusted detector.

    Parameters
    ----------
    modulation_variance
        V_A, variance of Alice's modulation [shot-noise units].
    detection
        ``homodyne`` (one quadrature) or ``heterodyne`` (both).
    excess_noise
        xi_0, excess noise without noise photons, at the channel's input [shot-noise units].
    detector_efficiency
        eta of the detector, trusted; noise clicks are counted with the same one.
    electronic_noise
        v_el of the detector, trusted [shot-noise units].
    reconciliation_efficiency
        beta, share of the mutual information that reconciliation keeps.
    symbol_rate_mhz
        Symbols per second [MHz].
    key_share
        Share of the symbols that give key; the others estimate the channel.
    filter_ghz, gate_ps
        Width of the filter [GHz] and gate [ps] that noise clicks are counted in.
    """

    modulation_variance: float = 4.0
    detection: Literal["homodyne", "heterodyne"] = "homodyne"
    excess_noise: float = 0.005
    detector_efficiency: float = 0.6
    electronic_noise: float = 0.01
    reconciliation_efficiency: float = 0.95
    symbol_rate_mhz: float = 100.0
    key_share: float = 1.0
    filter_ghz: float = 100.0
    gate_ps: float = 100.0

    def __post_init__(self) -> None:
        eta, beta = self.detector_efficiency, self.reconciliation_efficiency
        faults = parameter_faults(
            self.name,
            {
                "modulation_variance": (
                    self.modulation_variance, self.modulation_variance > 0.0, "more than 0",
                ),
                "excess_noise": (self.excess_noise, self.excess_noise >= 0.0, "at least 0"),
                "detector_efficiency": (eta, 0.0 < eta <= 1.0, "more than 0, at most 1"),
                "electronic_noise": (
                    self.electronic_noise, self.electronic_noise >= 0.0, "at least 0",
                ),
                "reconciliation_efficiency": (beta, 0.0 <= beta <= 1.0, "0 to 1"),
            },
        )  # fmt: skip
        if self.detection not in ("homodyne", "heterodyne"):
            faults.append(
                f"{self.name}: detection = {self.detection!r}; expected homodyne or heterodyne"
            )
        if faults:
            raise FaultsError(self.name, faults)

    @property
    def name(self) -> str:
        """Name for tables and files."""
        return "cv-gaussian"

    @property
    def modes(self) -> float:
        """Modes that noise clicks per gate are counted in, 2 B T_d."""
        return 2.0 * self.filter_ghz * self.gate_ps * 1e-3

    def rates(self, loss_db: ArrayLike, noise_per_gate: ArrayLike) -> KeyRates:
        """Return key rate [bit/s] and, as QBER, the share of quadratures of the wrong sign.

        Parameters
        ----------
        loss_db
            Loss of fibre and receiver [dB], the detector's efficiency not counted.
        noise_per_gate
            Noise clicks per gate in ``filter_ghz`` and ``gate_ps``, both polarisations.
        """
        loss, noise = broadcast(loss_db, noise_per_gate)
        transmittance = np.asarray(loss_db_to_ratio(loss))
        excess = self.excess(transmittance, noise)
        bits = self.bits_per_symbol(transmittance, excess)
        bits = np.where(bits > RESOLUTION, bits, 0.0)
        rate = 1e6 * self.symbol_rate_mhz * self.key_share * bits
        signal, unwanted = self._variances(transmittance, excess)
        correlation = np.sqrt(signal / (signal + unwanted))
        return KeyRates(np.asarray(rate), np.asarray(np.arccos(correlation) / np.pi))

    def excess(self, transmittance: FloatArray, noise_per_gate: FloatArray) -> FloatArray:
        r"""Return excess noise at the channel's input, :math:`\xi_0 + 2 p / (\eta M T)`.

        References
        ----------
        .. [1] R. Kumar, H. Qin and R. Alleaume, New J. Phys. 17, 043027 (2015), eqs. (6), (7).
        """
        photons = noise_per_gate / (self.detector_efficiency * self.modes)
        return np.asarray(self.excess_noise + 2.0 * photons / transmittance)

    def bits_per_symbol(self, transmittance: FloatArray, excess: FloatArray) -> FloatArray:
        r"""Return :math:`\beta I_{AB} - \chi_{BE}` [bit/symbol]; negative means no key.

        Parameters
        ----------
        transmittance
            T of the channel.
        excess
            xi at its input [shot-noise units].
        """
        signal, unwanted = self._variances(transmittance, excess)
        quadratures = 1.0 if self.detection == "homodyne" else 2.0
        mutual = quadratures * 0.5 * np.log2(1.0 + signal / unwanted)
        return np.asarray(
            self.reconciliation_efficiency * mutual - self.holevo(transmittance, excess)
        )

    def _variances(
        self, transmittance: FloatArray, excess: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return variances of signal and of all noise in what Bob measures, in one quadrature."""
        detected = self.detector_efficiency * transmittance
        vacuum = 1.0 if self.detection == "homodyne" else 2.0
        unwanted = vacuum + self.electronic_noise * vacuum + detected * excess
        return detected * self.modulation_variance, np.asarray(unwanted)

    def holevo(self, transmittance: FloatArray, excess: FloatArray) -> FloatArray:
        r"""Bound what Eve knows of Bob's outcomes, :math:`\chi_{BE}` [bit/symbol].

        .. math:: \chi_{BE} = \sum_{i=1}^2 G\Bigl(\frac{\lambda_i - 1}2\Bigr) - \sum_{i=3}^4
            G\Bigl(\frac{\lambda_i - 1}2\Bigr), \quad G(x) = (x + 1) \log_2 (x + 1) - x \log_2 x

        with :math:`\lambda_{1,2}^2 = \frac12 [A \pm \sqrt{A^2 - 4B}]`,
        :math:`\lambda_{3,4}^2 = \frac12 [C \pm \sqrt{C^2 - 4D}]`,
        :math:`A = V^2 (1 - 2T) + 2T + T^2 (V + \chi_{line})^2` and
        :math:`B = T^2 (V \chi_{line} + 1)^2`.

        Parameters
        ----------
        transmittance
            T of the channel.
        excess
            xi at its input [shot-noise units].

        References
        ----------
        .. [1] J. Lodewyck et al., Phys. Rev. A 76, 042305 (2007), eqs. (7) to (10).
        .. [2] S. Fossier et al., J. Phys. B 42, 114014 (2009), section 2.
        """
        t, v = transmittance, self.modulation_variance + 1.0
        line = 1.0 / t - 1.0 + excess
        a = v**2 * (1.0 - 2.0 * t) + 2.0 * t + (t * (v + line)) ** 2
        root = t * (v * line + 1.0)
        c, d = self._after_measurement(t, line, a, root)
        before, after = _eigenvalues(a, root**2), _eigenvalues(c, d)
        return np.asarray(sum(map(_entropy, before)) - sum(map(_entropy, after)))

    def _after_measurement(
        self, t: FloatArray, line: FloatArray, a: FloatArray, root: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        r"""Return C and D of the state that is left when Bob has measured; ``root`` is sqrt(B).

        Homodyne, with :math:`\chi = (1 - \eta + v_{el}) / \eta`:
        :math:`C = [A \chi + V \sqrt B + T (V + \chi_{line})] / [T (V + \chi_{tot})]`,
        :math:`D = \sqrt B (V + \sqrt B \chi) / [T (V + \chi_{tot})]`. Heterodyne, with
        :math:`\chi = (2 - \eta + 2 v_{el}) / \eta`:
        :math:`C = [A \chi^2 + B + 1 + 2 \chi (V \sqrt B + T (V + \chi_{line})) + 2 T (V^2 - 1)] /
        [T (V + \chi_{tot})]^2`, :math:`D = (V + \sqrt B \chi)^2 / [T (V + \chi_{tot})]^2`.
        """
        eta, v = self.detector_efficiency, self.modulation_variance + 1.0
        both = v * root + t * (v + line)
        if self.detection == "homodyne":
            chi = (1.0 - eta + self.electronic_noise) / eta
            total = t * (v + line) + chi
            return (a * chi + both) / total, root * (v + root * chi) / total
        chi = (2.0 - eta + 2.0 * self.electronic_noise) / eta
        total = t * (v + line) + chi
        c = a * chi**2 + root**2 + 1.0 + 2.0 * chi * both + 2.0 * t * (v**2 - 1.0)
        return c / total**2, ((v + root * chi) / total) ** 2


def _eigenvalues(total: FloatArray, product: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return both symplectic eigenvalues, given the sum of their squares and its product."""
    spread = np.sqrt(np.maximum(0.0, total**2 - 4.0 * product))
    large = np.sqrt(0.5 * (total + spread))
    # The small one from the product: the difference would cancel.
    return np.maximum(1.0, large), np.maximum(1.0, np.sqrt(product) / large)


def _entropy(eigenvalue: FloatArray) -> FloatArray:
    """Return G((lambda - 1) / 2) [bit] of a symplectic eigenvalue."""
    x = 0.5 * (eigenvalue - 1.0)
    safe = np.maximum(x, 1e-300)
    return np.asarray((x + 1.0) * np.log2(x + 1.0) - np.where(x > 0.0, x * np.log2(safe), 0.0))
