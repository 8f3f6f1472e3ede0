"""Lightpaths that a link can carry: by its channels, and at a required key rate."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qkdopt.conflicts.feasibility_query import FeasibilityQuery
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import Tables
from qkdopt.units import FloatArray

# A limit is loosened by this, relatively: rounding must never forbid a plan that exists.
ROUND_OFF = 1e-9
# A fibre: link, and which of its fibres (always 0 in layout single).
Fibre = tuple[int, int]


@dataclass(frozen=True)
class Limits:
    """Largest noise at which each candidate still gives a key rate, of one whole problem.

    Parameters
    ----------
    problem
        The problem with all its rules and demands.
    """

    problem: Problem
    _max_noise_cache: dict[tuple[int, float], FloatArray] = field(default_factory=dict)

    def max_noise(self, link: int, rate_bps: float) -> FloatArray:
        """Return ``(Q,)`` the largest noise above background at which a candidate has this rate.

        Infinite when the noise of all lightpaths of this problem is not too much, -1 when the
        background noise alone is.
        """
        key = (link, rate_bps)
        if key not in self._max_noise_cache:
            lightpaths = sum(demand.channels for demand in self.problem.instance.demands)
            self._max_noise_cache[key] = _max_noise(self.problem.tables, link, rate_bps, lightpaths)
        return self._max_noise_cache[key]


def _max_noise(tables: Tables, link: int, rate_bps: float, lightpaths: int) -> FloatArray:
    count = int(tables.candidate_count[link])
    background_noise, transmittance = (
        tables.background_noise[link, :count],
        tables.transmittance[link, :count],
    )

    def gives_rate(noise: FloatArray) -> FloatArray:
        return np.asarray(tables.skr_bps(link, background_noise + noise, transmittance) >= rate_bps)

    max_added = lightpaths * tables.noise[link, :, :, :count].max(axis=(0, 1))
    low, high = np.zeros(count), max_added.copy()
    for _ in range(60):
        middle = 0.5 * (low + high)
        gives_middle = gives_rate(middle)
        low, high = np.where(gives_middle, middle, low), np.where(gives_middle, high, middle)
    limit = np.where(gives_rate(max_added), np.inf, high * (1.0 + ROUND_OFF))
    return np.where(gives_rate(np.zeros(count)), limit, -1.0)


def fibres_of(tables: Tables) -> list[Fibre]:
    """List every fibre of the network."""
    return [
        (e, f) for e in range(len(tables.candidates)) for f in sorted(set(tables.fibres.tolist()))
    ]


def is_quantum(tables: Tables, fibre: Fibre) -> bool:
    """Tell whether the quantum signal is in this fibre."""
    return any(
        tables.in_quantum_fibre[fibre[0], direction]
        for direction in (0, 1)
        if tables.fibres[direction] == fibre[1]
    )


def capacity(query: FeasibilityQuery, fibre: Fibre) -> int:
    """Return the most lightpaths that a fibre carries with a legal QKD channel left on its link."""
    max_lit = max_channels(query, fibre)
    return sum(query.lightpath_counts) if max_lit and fibre[0] in query.shared else max_lit


def max_channels(query: FeasibilityQuery, fibre: Fibre) -> int:
    """Return the most channels of a fibre that can be lit with a legal QKD channel left."""
    return int(_free_channels(query.problem.tables, fibre).sum(axis=0).max())


def capacity_at(query: FeasibilityQuery, limits: Limits, link: int, rate_bps: float) -> int:
    """Return the most lightpaths in the quantum fibre that leave a rate; -1 when not even 0 does.

    On the channels of least noise, in the direction of less noise, at the best candidate: no
    plan has more.

    Parameters
    ----------
    query
        Kept groups of rules.
    limits
        Noise limits of the whole problem.
    link
        Position of the link.
    rate_bps
        Required key rate [bit/s].
    """
    tables = query.problem.tables
    max_noise = limits.max_noise(link, rate_bps)
    quantum = next((f for f in (0, 1) if is_quantum(tables, (link, f))), None)
    if quantum is None or (max_noise < 0.0).all():
        return -1
    free = _free_channels(tables, (link, quantum))
    costs = np.where(free, _min_noise(tables, link), np.inf)
    if link in query.shared:
        total = sum(query.lightpath_counts)
        sums = np.arange(1, total + 1)[:, None] * costs.min(axis=0)
    else:
        sums = np.cumsum(np.sort(costs, axis=0), axis=0)
    fits = np.isfinite(sums) & (sums <= max_noise * (1.0 + ROUND_OFF))
    return int(np.where(max_noise >= 0.0, fits.sum(axis=0), -1).max())


def best_rate(query: FeasibilityQuery, link: int, lightpaths: int) -> float | None:
    """Return the best key rate of a link with this number of lightpaths in the quantum fibre.

    ``g_e(m)`` of ``docs/model.md``: channels and direction of least noise, best candidate.

    Parameters
    ----------
    query
        Kept groups of rules.
    link
        Position of the link.
    lightpaths
        Number of lightpaths.

    Returns
    -------
    float or None
        Key rate [bit/s]; None when the lightpaths exceed the capacity.
    """
    tables = query.problem.tables
    count = int(tables.candidate_count[link])
    quantum = next((f for f in (0, 1) if is_quantum(tables, (link, f))), None)
    if quantum is None or lightpaths > capacity(query, (link, quantum)):
        return None
    costs = np.where(_free_channels(tables, (link, quantum)), _min_noise(tables, link), np.inf)
    if link in query.shared:
        costs = np.repeat(costs.min(axis=0)[None], max(1, lightpaths), axis=0)
    added = np.sort(costs, axis=0)[:lightpaths].sum(axis=0) * (1.0 - ROUND_OFF)
    possible = np.isfinite(added)
    noise = tables.background_noise[link, :count] + np.where(possible, added, 0.0)
    rates = tables.skr_bps(link, noise, tables.transmittance[link, :count])
    return float(np.where(possible, rates, -1.0).max())


def _free_channels(tables: Tables, fibre: Fibre) -> FloatArray:
    """Return ``(W, Q)`` channels that may be lit beside a candidate; one column without QKD."""
    e, f = fibre
    directions = [direction for direction in (0, 1) if tables.fibres[direction] == f]
    usable = np.asarray(tables.usable[e, directions].all(axis=0))
    if not is_quantum(tables, fibre):
        return np.asarray(usable[:, None])
    count = int(tables.candidate_count[e])
    return np.asarray(usable[:, None] & ~tables.blocks[e, :count].T)


def _min_noise(tables: Tables, link: int) -> FloatArray:
    """Return ``(W, Q)`` noise of one lightpath in the direction of less noise."""
    directions = [direction for direction in (0, 1) if tables.in_quantum_fibre[link, direction]]
    count = int(tables.candidate_count[link])
    return np.asarray(tables.noise[link, directions, :, :count].min(axis=0))
