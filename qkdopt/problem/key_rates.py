"""Key rate and error rate of one QKD system: by its equations, or by what stands in their place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qkdopt.instance import KeyRateTable, Qkd, SurfaceGrid
from qkdopt.physics import keyrate
from qkdopt.physics.surface import KeyRateSurface
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class KeyRates:
    """What the key rate of a link depends on beside noise and transmittance.

    Parameters
    ----------
    protocol
        Parameters of the equations; the error rate is theirs everywhere.
    table
        Measured key rate against noise in their place; None without one.
    surface_grid
        Key rate over loss and noise in their place; None without one.
    """

    protocol: keyrate.DecoyBB84
    table: KeyRateTable | None
    surface_grid: SurfaceGrid | None

    @classmethod
    def of(cls, qkd: Qkd) -> KeyRates:
        """Return the key rates of a QKD block."""
        return cls(protocol_of(qkd), qkd.skr_table, qkd.surface)

    @cached_property
    def surface(self) -> KeyRateSurface | None:
        """Surface of key rates that takes the place of the equations; None without one."""
        grid = self.surface_grid
        if grid is None:
            return None
        return KeyRateSurface(
            losses_db=np.array(grid.losses_db),
            noises_per_gate=np.array(grid.noises_per_gate),
            skr_bps=np.array(grid.skr_bps),
        )

    @property
    def bends(self) -> tuple[float, ...] | None:
        """Noise clicks per gate where a rate in place of the equations bends; None with them."""
        if self.surface_grid is not None:
            return self.surface_grid.noises_per_gate
        return None if self.table is None else self.table.noise_per_gate

    def skr_bps(self, noise_per_gate: FloatArray, transmittance: FloatArray) -> FloatArray:
        """Exact key rate [bit/s] at a noise and a transmittance, broadcast together."""
        if self.surface is not None:
            ratio = np.asarray(transmittance) / self.protocol.detector_efficiency
            return self.surface.at_transmittance(ratio, noise_per_gate)
        if self.table is not None:
            measured = keyrate.MeasuredKeyRate(
                noise_per_gate=np.array(self.table.noise_per_gate),
                skr_bps=np.array(self.table.skr_bps),
            )
            rates = keyrate.measured_key_rate_bps(noise_per_gate, table=measured)
            return np.broadcast_to(rates, np.broadcast(noise_per_gate, transmittance).shape)
        return keyrate.secret_key_rate_bps(noise_per_gate, transmittance, protocol=self.protocol)

    def qber(self, noise_per_gate: FloatArray, transmittance: FloatArray) -> FloatArray:
        """Quantum bit error rate at a noise and a transmittance."""
        return keyrate.quantum_bit_error_rate(noise_per_gate, transmittance, protocol=self.protocol)

    def grid(self) -> FloatArray:
        """Return ``(1 + L, 1 + N)`` rates in place of the equations; ``(2, 0)`` without them.

        The first row has the noise clicks per gate from its second column; the others a
        transmittance, detector included, then the rate [bit/s] at each noise.
        """
        if self.surface is not None:
            eta = self.protocol.detector_efficiency * self.surface.transmittances()
            known = np.column_stack([eta, self.surface.skr_bps])
            return np.vstack([[0.0, *self.surface.noises_per_gate], known])
        if self.table is None:
            return np.zeros((2, 0))
        return np.array([[0.0, *self.table.noise_per_gate], [0.0, *self.table.skr_bps]])


def protocol_of(qkd: Qkd) -> keyrate.DecoyBB84:
    """Translate a QKD block into the physics module's protocol."""
    return keyrate.DecoyBB84(
        mean_photon_number=qkd.mean_photon_number,
        misalignment=qkd.misalignment,
        detector_efficiency=qkd.detector_efficiency,
        dark_count_per_gate=qkd.dark_count_per_gate,
        error_correction_efficiency=qkd.error_correction_efficiency,
        sifting=qkd.sifting,
        repetition_hz=qkd.repetition_mhz * 1e6,
        weak_photon_number=qkd.weak_photon_number if qkd.decoys == "vacuum+weak" else None,
        yields=qkd.yields,
    )


__all__ = ["KeyRates", "protocol_of"]
