r"""Secret key rate over loss and noise, as a grid that never rises in either.

Between the points of the grid the rate is linear in the noise, and linear in the transmittance
:math:`10^{-\text{loss}/10}`: at one loss it is a piecewise-linear curve of the noise with a bend
at each noise of the grid and nowhere else, and it never rises with loss or noise where the grid
does not. Below the first loss and the first noise the first ones hold; beyond the last ones there
is no key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.errors import FaultsError
from qkdopt.units import FloatArray, loss_db_to_ratio

if TYPE_CHECKING:
    from qkdopt.physics.protocols.base import KeyRateProtocol

# A transmittance this much below that of the last loss, as a share of it, is still the last.
SAME_LOSS = 1e-9
# A protocol's rate that rises by less than this share of itself has risen by rounding.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KeyRateSurface:
    """Rates on a grid of losses and noises, certified never to rise.

    Parameters
    ----------
    losses_db
        ``(L,)`` loss of fibre and receiver [dB], rising; two or more.
    noises_per_gate
        ``(N,)`` noise clicks per gate, rising; two or more.
    skr_bps
        ``(L, N)`` rate [bit/s], zero at the last noise.

    Raises
    ------
    FaultsError
        The grid breaks a rule; where a rate rises, the fault says between which points.
    """

    losses_db: FloatArray
    noises_per_gate: FloatArray
    skr_bps: FloatArray

    def __post_init__(self) -> None:
        for field in ("losses_db", "noises_per_gate", "skr_bps"):
            object.__setattr__(self, field, np.array(getattr(self, field), dtype=np.float64))
        faults = list(surface_faults(self.losses_db, self.noises_per_gate, self.skr_bps))
        if faults:
            raise FaultsError("key rate surface", faults)

    def __call__(self, loss_db: ArrayLike, noise_per_gate: ArrayLike) -> FloatArray:
        """Interpolate the rate [bit/s] at losses and noises, broadcast together."""
        return self.at_transmittance(loss_db_to_ratio(np.asarray(loss_db)), noise_per_gate)

    def at_transmittance(self, ratio: ArrayLike, noise_per_gate: ArrayLike) -> FloatArray:
        """Interpolate the rate [bit/s].

        Parameters
        ----------
        ratio
            Transmittance of fibre and receiver, without the detector's efficiency.
        noise_per_gate
            Noise clicks per gate.
        """
        ratio, noise = np.broadcast_arrays(
            np.asarray(ratio, dtype=np.float64), np.asarray(noise_per_gate, dtype=np.float64)
        )
        rows = self.transmittances()
        i = np.clip(np.searchsorted(-rows, -ratio) - 1, 0, len(rows) - 2)
        share = np.clip((rows[i] - ratio) / (rows[i] - rows[i + 1]), 0.0, 1.0)
        grid = self.noises_per_gate
        j = np.clip(np.searchsorted(grid, noise) - 1, 0, len(grid) - 2)
        along = np.clip((noise - grid[j]) / (grid[j + 1] - grid[j]), 0.0, 1.0)
        left = self.skr_bps[i, j] + share * (self.skr_bps[i + 1, j] - self.skr_bps[i, j])
        right = self.skr_bps[i, j + 1] + share * (
            self.skr_bps[i + 1, j + 1] - self.skr_bps[i, j + 1]
        )
        known = ratio >= rows[-1] * (1.0 - SAME_LOSS)
        return np.where(known, left + along * (right - left), 0.0)

    def transmittances(self) -> FloatArray:
        """Return ``(L,)`` transmittance of each loss, falling."""
        return np.asarray(loss_db_to_ratio(self.losses_db))

    @classmethod
    def of(
        cls, protocol: KeyRateProtocol, losses_db: ArrayLike, noises_per_gate: ArrayLike
    ) -> KeyRateSurface:
        """Evaluate a protocol on a grid.

        Parameters
        ----------
        protocol
            The protocol.
        losses_db
            ``(L,)`` loss of fibre and receiver [dB], rising.
        noises_per_gate
            ``(N,)`` noise clicks per gate, rising, the last one so large that no key is left.

        Raises
        ------
        FaultsError
            The rate rises, or key is left at the last noise.
        """
        losses, noises = np.asarray(losses_db, float), np.asarray(noises_per_gate, float)
        rates = protocol.rates(losses[:, None], noises[None, :]).skr_bps
        return cls(losses_db=losses, noises_per_gate=noises, skr_bps=_without_rounding(rates))


def _without_rounding(rates: FloatArray) -> FloatArray:
    """Return rates with rises taken out that are rounding; larger ones stay."""
    lowest = np.minimum.accumulate(np.minimum.accumulate(rates, axis=0), axis=1)
    return np.asarray(np.where(rates - lowest <= ROUNDING * rates, lowest, rates))


def surface_faults(
    losses_db: FloatArray, noises_per_gate: FloatArray, skr_bps: FloatArray
) -> Iterator[str]:
    """Yield each rule that a grid breaks.

    Parameters
    ----------
    losses_db, noises_per_gate
        ``(L,)`` and ``(N,)`` axes of the grid.
    skr_bps
        ``(L, N)`` rate at each point [bit/s].
    """
    bad = [*_axis_faults("losses_db", losses_db), *_axis_faults("noises_per_gate", noises_per_gate)]
    yield from bad
    shape = (len(losses_db), len(noises_per_gate))
    if skr_bps.shape != shape:
        yield (
            f"skr_bps: {' x '.join(map(str, skr_bps.shape))} rates; expected {shape[0]} x "
            f"{shape[1]}, a row for each loss and in it a rate for each noise"
        )
    elif not np.isfinite(skr_bps).all() or (skr_bps < 0.0).any():
        yield "skr_bps: a rate is negative or not a number; expected 0 where there is no key"
    elif not bad:
        yield from _rising_faults(losses_db, noises_per_gate, skr_bps)
        yield from _end_faults(losses_db, noises_per_gate, skr_bps)


def _axis_faults(name: str, axis: FloatArray) -> Iterator[str]:
    if len(axis) < 2:
        yield f"{name}: {len(axis)} given; expected two or more"
    if not np.isfinite(axis).all() or (axis < 0.0).any():
        yield f"{name}: a value is negative or not a number; expected 0 or more"
    elif (np.diff(axis) <= 0.0).any():
        k = int(np.argmax(np.diff(axis) <= 0.0))
        yield f"{name}: {axis[k + 1]:g} follows {axis[k]:g}; expected rising values, each once"


def _rising_faults(
    losses_db: FloatArray, noises_per_gate: FloatArray, skr_bps: FloatArray
) -> Iterator[str]:
    for i, j in np.argwhere(np.diff(skr_bps, axis=0) > 0.0):
        yield (
            f"skr_bps: rises with loss at noise {noises_per_gate[j]:g}, from {skr_bps[i, j]:g} "
            f"bit/s at {losses_db[i]:g} dB to {skr_bps[i + 1, j]:g} at {losses_db[i + 1]:g} dB; "
            "expected a rate that never rises (scatter of a measurement? take the lower value)"
        )
    for i, j in np.argwhere(np.diff(skr_bps, axis=1) > 0.0):
        yield (
            f"skr_bps: rises with noise at {losses_db[i]:g} dB, from {skr_bps[i, j]:g} bit/s at "
            f"noise {noises_per_gate[j]:g} to {skr_bps[i, j + 1]:g} at {noises_per_gate[j + 1]:g}; "
            "expected a rate that never rises (scatter of a measurement? take the lower value)"
        )


def _end_faults(
    losses_db: FloatArray, noises_per_gate: FloatArray, skr_bps: FloatArray
) -> Iterator[str]:
    left = skr_bps[:, -1]
    if left.any():
        k = int(np.argmax(left > 0.0))
        yield (
            f"skr_bps: {left[k]:g} bit/s at {losses_db[k]:g} dB and the last noise "
            f"{noises_per_gate[-1]:g}; expected 0 there at every loss (beyond it the rate is "
            "unknown: add a noise at which no key is left)"
        )


__all__ = ["KeyRateSurface", "surface_faults"]
