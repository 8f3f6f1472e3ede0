"""What every protocol is: a name, parameters, and rates against loss and noise."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.units import FloatArray


class KeyRates(NamedTuple):
    """Rates of a protocol, in the broadcast shape of loss and noise.

    Parameters
    ----------
    skr_bps
        Secret key rate [bit/s]; zero where there is no key.
    qber
        Quantum bit error rate, at most 1/2; NaN where a protocol does not know it.
    """

    skr_bps: FloatArray
    qber: FloatArray


@runtime_checkable
class KeyRateProtocol(Protocol):
    """A protocol with its parameters: a frozen object, the same rates at every call."""

    @property
    def name(self) -> str:
        """Name for tables and files."""

    def rates(self, loss_db: ArrayLike, noise_per_gate: ArrayLike) -> KeyRates:
        """Return key rate and QBER at losses and noises, broadcast together.

        Parameters
        ----------
        loss_db
            Loss of the fibre and insertion loss of the receiver [dB]; the detector's efficiency is
            no part of it.
        noise_per_gate
            Noise clicks per gate, both detectors together, as
            :func:`qkdopt.physics.noise.noise_clicks_per_gate` counts them: behind the insertion
            loss, detector efficiency included, dark counts not.
        """


def broadcast(loss_db: ArrayLike, noise_per_gate: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return losses and noises in their broadcast shape, as floats."""
    loss, noise = np.broadcast_arrays(
        np.asarray(loss_db, dtype=np.float64), np.asarray(noise_per_gate, dtype=np.float64)
    )
    return loss, noise


def parameter_faults(owner: str, rules: dict[str, tuple[float, bool, str]]) -> list[str]:
    """Return a fault for each parameter that breaks its rule.

    Parameters
    ----------
    owner
        Name of the protocol.
    rules
        By parameter: what was read, whether it holds, and what was expected.
    """
    return [
        f"{owner}: {name} = {read:g}; expected {expected}"
        for name, (read, holds, expected) in rules.items()
        if not holds
    ]
