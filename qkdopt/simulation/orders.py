"""Static orders in which channels are tried."""

from __future__ import annotations

import numpy as np

from qkdopt.problem.coefficients import IntArray, Tables


def channel_order(tables: Tables, order: str) -> IntArray:
    """Return the channel at each position, ``(W,)``.

    Orders that depend on the state (random, most used, least used) start from first fit.
    """
    channels = np.arange(tables.usable.shape[2])
    if order == "last-fit":
        return channels[::-1].copy()
    if order == "raman-aware":
        return np.argsort(_average_noise(tables), kind="stable")
    return channels


def _average_noise(tables: Tables) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """``(W,)`` noise clicks per gate of a channel, averaged over links with the same weight."""
    positions = np.arange(tables.background_noise.shape[1])[None, :]
    known = (positions < tables.candidate_count[:, None])[:, None, None, :]
    candidate_noise = np.where(known, tables.noise, np.inf)
    # A link works on its quietest candidate.
    min_noise = np.where(
        (tables.candidate_count > 0)[:, None, None], candidate_noise.min(axis=3), 0.0
    )
    scale = min_noise.max(axis=(1, 2), keepdims=True)
    relative = np.divide(min_noise, scale, out=np.zeros_like(min_noise), where=scale > 0.0)
    return np.asarray(relative.mean(axis=(0, 1)))
