"""A surface of a protocol: where its key ends, its choices at each loss, and how near it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.errors import FaultsError
from qkdopt.physics.protocols.base import KeyRateProtocol
from qkdopt.physics.protocols.catalogue import Made
from qkdopt.physics.protocols.intensities import optimised
from qkdopt.physics.surface import KeyRateSurface
from qkdopt.units import FloatArray

# Key that is left at more noise clicks per gate than this ends nowhere.
MOST_NOISE = 1e3
# Noises begin at this share of where key ends at the largest loss.
FIRST_NOISE = 1e-2
BISECTIONS = 60
# Noises that are placed before others are put between them.
FIRST_NOISES = 16


@dataclass(frozen=True, slots=True)
class Tabulated:
    """A surface and the protocol that each of its losses has.

    Parameters
    ----------
    surface
        The surface.
    protocols
        ``(L,)`` protocol at each loss: all the same without optimisation.
    lowered
        Largest share of a rate that was taken off so that none rises, 0 without optimisation.
    """

    surface: KeyRateSurface
    protocols: tuple[KeyRateProtocol, ...]
    lowered: float

    def excess_between_noises(self) -> float:
        """Return the largest excess of the surface over its protocol at one of its losses.

        As a share of the rate without noise, looked for midway between noises.
        """
        rows = zip(self.surface.losses_db, self.protocols, strict=True)
        return max(self._excess(float(loss), protocol) for loss, protocol in rows)

    def excess_between_losses(self) -> float | None:
        """Return the largest excess midway between losses; None where each has its own protocol."""
        if len(set(map(id, self.protocols))) > 1:
            return None
        losses = self.surface.losses_db
        between = 0.5 * (losses[1:] + losses[:-1])
        return max(self._excess(float(loss), self.protocols[0]) for loss in between)

    def _excess(self, loss_db: float, protocol: KeyRateProtocol) -> float:
        noises = self.surface.noises_per_gate
        middle = 0.5 * (noises[1:] + noises[:-1])
        exact = protocol.rates(loss_db, np.concatenate([[0.0], middle])).skr_bps
        excess = float((self.surface(loss_db, middle) - exact[1:]).max())
        return excess / float(exact[0]) if exact[0] > 0.0 else 0.0


def noise_axis(protocol: KeyRateProtocol, losses_db: FloatArray, count: int) -> FloatArray:
    """Return noises per gate for a surface: 0, and from little to where key ends.

    They are denser where the chord between two of them is further from the rate at some loss.

    Parameters
    ----------
    protocol
        The protocol.
    losses_db
        ``(L,)`` rising losses [dB].
    count
        Number of noises, 3 or more.

    Raises
    ------
    FaultsError
        There is no key at the smallest loss, or key that no noise ends.
    """
    end = end_of_key(protocol, float(losses_db[0]))
    if end == 0.0:
        fault = f"no key at {losses_db[0]:g} dB without noise; expected some (see --losses)"
        raise FaultsError(protocol.name, [fault])
    ends = [end_of_key(protocol, float(loss)) for loss in losses_db]
    least = min(value for value in ends if value > 0.0)
    first = min(count - 1, FIRST_NOISES)
    noises = np.concatenate([[0.0], np.geomspace(FIRST_NOISE * least, end, first)])
    while len(noises) < count:
        distance = _chord_distance(protocol, losses_db, noises)
        most = min(count - len(noises), 1 + len(noises) // 4)
        worst = np.argsort(-distance, kind="stable")[:most]
        noises = np.sort(np.append(noises, 0.5 * (noises[worst] + noises[worst + 1])))
    return noises


def _chord_distance(
    protocol: KeyRateProtocol, losses_db: FloatArray, noises: FloatArray
) -> FloatArray:
    """Return how far each chord is from the rate midway, at most over all losses.

    Parameters
    ----------
    protocol
        The protocol.
    losses_db, noises
        Rising losses [dB] and noise clicks per gate.

    Returns
    -------
    distance
        ``(N - 1,)`` as a share of the rate without noise at the same loss.
    """
    middle = 0.5 * (noises[1:] + noises[:-1])
    at = losses_db[:, None], np.concatenate([noises, middle])[None, :]
    rates = protocol.rates(*at).skr_bps
    ends, inside = rates[:, : len(noises)], rates[:, len(noises) :]
    distance = np.abs(0.5 * (ends[:, 1:] + ends[:, :-1]) - inside)
    return np.asarray((distance / np.maximum(ends[:, :1], 1e-300)).max(axis=0))


def end_of_key(protocol: KeyRateProtocol, loss_db: float) -> float:
    """Return the least noise per gate without key at a loss, a little above; 0 if there is none.

    Raises
    ------
    FaultsError
        No noise ends the key.
    """

    def alive(noise: float) -> bool:
        return bool(protocol.rates(loss_db, noise).skr_bps > 0.0)

    if not alive(0.0):
        return 0.0
    if alive(MOST_NOISE):
        raise FaultsError(protocol.name, [f"key at {MOST_NOISE:g} noise clicks per gate"])
    low, high = 1e-15, MOST_NOISE
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if alive(middle) else (low, middle)
    return high * (1.0 + 1e-9)


def tabulated(protocol: KeyRateProtocol, losses_db: FloatArray, noises: FloatArray) -> Tabulated:
    """Evaluate a protocol on a grid; see :meth:`KeyRateSurface.of`.

    Parameters
    ----------
    protocol
        The protocol.
    losses_db, noises
        Rising losses [dB] and noise clicks per gate.
    """
    surface = KeyRateSurface.of(protocol, losses_db, noises)
    return Tabulated(surface, (protocol,) * len(losses_db), 0.0)


def optimised_at(protocol: Made, losses_db: FloatArray, noise_per_gate: float) -> tuple[Made, ...]:
    """Return the protocol with the choices that give most key, for each loss.

    Parameters
    ----------
    protocol
        The protocol.
    losses_db
        ``(L,)`` rising losses [dB]; each search begins where the last one ended.
    noise_per_gate
        Noise clicks per gate that choices are made for.
    """
    found: list[Made] = []
    for loss in losses_db:
        protocol = optimised(protocol, float(loss), noise_per_gate)  # type: ignore[type-var]
        found.append(protocol)
    return tuple(found)


def tabulated_by_loss(
    protocols: tuple[Made, ...], losses_db: FloatArray, noises: FloatArray
) -> Tabulated:
    """Evaluate a protocol of its own for each loss, lowered where a rate would rise.

    Choices that were made for one noise may give more key at a larger loss under another: there
    the surface has the lower rate, which is on the safe side.

    Parameters
    ----------
    protocols
        ``(L,)`` protocol of each loss.
    losses_db, noises
        Rising losses [dB] and noise clicks per gate.
    """
    rows = [
        protocol.rates(float(loss), noises).skr_bps
        for protocol, loss in zip(protocols, losses_db, strict=True)
    ]
    rates = np.array(rows)
    lowest = np.minimum.accumulate(np.minimum.accumulate(rates, axis=0), axis=1)
    share = np.divide(rates - lowest, rates, out=np.zeros_like(rates), where=rates > 0.0)
    surface = KeyRateSurface(losses_db=losses_db, noises_per_gate=noises, skr_bps=lowest)
    return Tabulated(surface, protocols, float(share.max()))
