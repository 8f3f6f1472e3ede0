"""Intensities, their probabilities and the basis choice that give a protocol most key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from qkdopt.errors import FaultsError, UnsupportedError
from qkdopt.physics.protocols.asymptotic import AsymptoticDecoyBB84
from qkdopt.physics.protocols.base import broadcast
from qkdopt.physics.protocols.gaussian_cv import GaussianCV
from qkdopt.physics.protocols.one_decoy import OneDecoyFiniteKey
from qkdopt.physics.protocols.two_decoys import TwoDecoyFiniteKey
from qkdopt.units import FloatArray

# What may be chosen, with the least and largest value.
FREE: dict[type, dict[str, tuple[float, float]]] = {
    TwoDecoyFiniteKey: {
        "signal_photon_number": (0.02, 1.2),
        "weak_photon_number": (0.005, 0.7),
        "signal_probability": (0.01, 0.98),
        "weak_probability": (0.01, 0.9),
        "key_basis_probability": (0.03, 0.999),
    },
    OneDecoyFiniteKey: {
        "signal_photon_number": (0.02, 1.2),
        "decoy_photon_number": (0.005, 0.7),
        "signal_probability": (0.01, 0.99),
        "key_basis_probability": (0.03, 0.999),
    },
    AsymptoticDecoyBB84: {"mean_photon_number": (0.02, 1.5)},
    GaussianCV: {"modulation_variance": (0.05, 100.0)},
}
# Starts where the protocol's own values give no key, as shares of each range.
STARTS = (0.3, 0.6)
EVALUATIONS = 800
NO_PROTOCOL = 1e9

P = TypeVar("P", TwoDecoyFiniteKey, OneDecoyFiniteKey, AsymptoticDecoyBB84, GaussianCV)


def optimised(protocol: P, loss_db: float, noise_per_gate: float = 0.0) -> P:
    """Return the protocol with the choices that give most key at a loss and a noise.

    By the simplex method of Nelder and Mead, from the protocol's own choices and, where these
    give no key, from a few others: a good choice, not proved the best. The protocol as it is
    where nothing better is found.

    Parameters
    ----------
    protocol
        The protocol; what is not chosen (see ``docs/protocols.md``) stays as it is.
    loss_db
        Loss of fibre and receiver [dB].
    noise_per_gate
        Noise clicks per gate, both detectors together.

    Raises
    ------
    UnsupportedError
        The protocol has nothing that is chosen.
    """
    from scipy.optimize import minimize

    free = FREE.get(type(protocol))
    if free is None:
        raise UnsupportedError(f"{protocol.name}: nothing to optimise; expected one of qkdopt's")
    low, high = np.array(list(free.values())).T
    own = np.array([getattr(protocol, name) for name in free])

    def fall(shares: FloatArray) -> float:
        changed = _changed(protocol, free, low + np.clip(shares, 0.0, 1.0) * (high - low))
        outside = float(np.abs(shares - np.clip(shares, 0.0, 1.0)).sum())
        return NO_PROTOCOL if changed is None else outside - _bits(changed, loss_db, noise_per_gate)

    starts = [(own - low) / (high - low)]
    if _bits(protocol, loss_db, noise_per_gate) <= 0.0:
        starts += [np.full(len(free), share) for share in STARTS]
    options = {"maxfev": EVALUATIONS, "xatol": 1e-7, "fatol": 1e-13, "adaptive": True}
    found = [minimize(fall, start, method="Nelder-Mead", options=options) for start in starts]
    # Once more from the best: a simplex may shrink before it is there.
    best = min(found, key=lambda outcome: float(outcome.fun))
    best = minimize(fall, best.x, method="Nelder-Mead", options=options)
    if -best.fun <= max(0.0, _bits(protocol, loss_db, noise_per_gate)):
        return protocol
    changed = _changed(protocol, free, low + np.clip(best.x, 0.0, 1.0) * (high - low))
    return protocol if changed is None else changed


def _changed(protocol: P, free: dict[str, tuple[float, float]], values: FloatArray) -> P | None:
    """Return the protocol with other values; None where they break its rules."""
    chosen: dict[str, Any] = dict(zip(free, map(float, values), strict=True))
    try:
        return replace(protocol, **chosen)
    except FaultsError:
        return None


def _bits(protocol: P, loss_db: float, noise_per_gate: float) -> float:
    """Return key per pulse or symbol [bit], negative where finite keys are far from any."""
    if isinstance(protocol, TwoDecoyFiniteKey | OneDecoyFiniteKey):
        block = protocol.block(*broadcast(loss_db, noise_per_gate))
        length = float(protocol.key_length(block))
        # Far from any key, per pulse a block that never fills would seem the best.
        return length / (float(block.pulses) if length > 0.0 else protocol.block_size)
    per_second = 1e6 * (
        protocol.symbol_rate_mhz if isinstance(protocol, GaussianCV) else protocol.repetition_mhz
    )
    return float(protocol.rates(loss_db, noise_per_gate).skr_bps) / per_second


__all__ = ["optimised"]
