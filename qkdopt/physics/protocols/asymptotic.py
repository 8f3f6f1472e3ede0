"""Decoy-state BB84 with infinitely long keys: the equations of :mod:`qkdopt.physics.keyrate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.errors import FaultsError
from qkdopt.physics import keyrate
from qkdopt.physics.protocols.base import KeyRates, broadcast, parameter_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class AsymptoticDecoyBB84:
    """Decoy-state BB84 with infinitely many decoys, or vacuum and one weak decoy.

    Parameters
    ----------
    mean_photon_number
        mu, mean photons of a signal pulse.
    weak_photon_number
        nu of the weak decoy (vacuum + weak); 0 for infinitely many decoys.
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
    repetition_mhz
        Pulses per second [MHz].
    yields
        Where coincidences of background and signal count once.

    References
    ----------
    .. [1] X. Ma, B. Qi, Y. Zhao and H.-K. Lo, Phys. Rev. A 72, 012326 (2005).
    """

    mean_photon_number: float = 0.48
    weak_photon_number: float = 0.0
    misalignment: float = 0.015
    detector_efficiency: float = 0.2
    dark_count_per_gate: float = 1e-8
    error_correction_efficiency: float = 1.22
    sifting: float = 0.5
    repetition_mhz: float = 2.0
    yields: Literal["paper", "exact", "approximate"] = "exact"

    def __post_init__(self) -> None:
        mu, nu, eta = self.mean_photon_number, self.weak_photon_number, self.detector_efficiency
        faults = parameter_faults(
            self.name,
            {
                "mean_photon_number": (mu, mu > 0.0, "more than 0"),
                "weak_photon_number": (nu, 0.0 <= nu < mu, "less than the signal's, 0 for none"),
                "detector_efficiency": (eta, 0.0 < eta <= 1.0, "more than 0, at most 1"),
                "misalignment": (self.misalignment, 0.0 <= self.misalignment < 0.5, "0 to 0.5"),
                "sifting": (self.sifting, 0.0 < self.sifting <= 1.0, "more than 0, at most 1"),
            },
        )
        if self.yields not in ("paper", "exact", "approximate"):
            faults.append(
                f"{self.name}: yields = {self.yields!r}; expected paper, exact or approximate"
            )
        if faults:
            raise FaultsError(self.name, faults)

    @property
    def name(self) -> str:
        """Name for tables and files."""
        return "decoy-bb84"

    def rates(self, loss_db: ArrayLike, noise_per_gate: ArrayLike) -> KeyRates:
        """Return key rate [bit/s] and QBER; see :class:`KeyRateProtocol`.

        Parameters
        ----------
        loss_db
            Loss of fibre and receiver [dB].
        noise_per_gate
            Noise clicks per gate, both detectors together.

        References
        ----------
        .. [1] X. Ma et al., Phys. Rev. A 72, 012326 (2005), eqs. (1) and (11).
        """
        loss, noise = broadcast(loss_db, noise_per_gate)
        eta = keyrate.channel_transmittance(
            loss, insertion_loss_db=0.0, detector_efficiency=self.detector_efficiency
        )
        protocol = self._equations()
        qber = keyrate.quantum_bit_error_rate(noise, eta, protocol=protocol)
        rate = keyrate.secret_key_rate_bps(noise, eta, protocol=protocol)
        return KeyRates(rate, np.asarray(np.minimum(0.5, qber)))

    def _equations(self) -> keyrate.DecoyBB84:
        return keyrate.DecoyBB84(
            mean_photon_number=self.mean_photon_number,
            misalignment=self.misalignment,
            detector_efficiency=self.detector_efficiency,
            dark_count_per_gate=self.dark_count_per_gate,
            error_correction_efficiency=self.error_correction_efficiency,
            sifting=self.sifting,
            repetition_hz=1e6 * self.repetition_mhz,
            weak_photon_number=self.weak_photon_number or None,
            yields=self.yields,
        )
