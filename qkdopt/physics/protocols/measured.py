"""A measured surface as a protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.physics.protocols.base import KeyRates
from qkdopt.physics.surface import KeyRateSurface


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredProtocol:
    """Rates that were measured on a grid of losses and noises; the QBER is not known.

    Parameters
    ----------
    surface
        The grid.
    """

    surface: KeyRateSurface

    @property
    def name(self) -> str:
        """Name for tables and files."""
        return "measured"

    def rates(self, loss_db: ArrayLike, noise_per_gate: ArrayLike) -> KeyRates:
        """Interpolate the key rate [bit/s]; see :class:`KeyRateProtocol`.

        Parameters
        ----------
        loss_db
            Loss of fibre and receiver [dB].
        noise_per_gate
            Noise clicks per gate, both detectors together.
        """
        rate = self.surface(loss_db, noise_per_gate)
        return KeyRates(rate, np.full(rate.shape, np.nan))
