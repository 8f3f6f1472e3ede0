"""How many lightpaths a link bears: by its channels, and at a key rate that is asked for."""

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
    """Noise at which every candidate still gives a key rate, of one whole problem.

    Parameters
    ----------
    problem
        The problem with all its rules and demands.
    """

    problem: Problem
    _known: dict[tuple[int, float], FloatArray] = field(default_factory=dict)

    def max_noise(self, link: int, rate_bps: float) -> FloatArray:
        """``(Q,)`` most noise above the floor at which a candidate has at least this rate.

        Infinite when no light of this problem is too much, -1 when even darkness is.
        """
        key = (link, rate_bps)
        if key not in self._known:
            lightpaths = sum(demand.channels for demand in self.problem.instance.demands)
            self._known[key] = _bearable(self.problem.tables, link, rate_bps, lightpaths)
        return self._known[key]


def _bearable(tables: Tables, link: int, rate_bps: float, lightpaths: int) -> FloatArray:
    count = int(tables.candidate_count[link])
    floor, transmittance = tables.floor[link, :count], tables.transmittance[link, :count]

    def enough(noise: FloatArray) -> FloatArray:
        return np.asarray(tables.skr_bps(floor + noise, transmittance) >= rate_bps)

    most = lightpaths * tables.noise[link, :, :, :count].max(axis=(0, 1))
    low, high = np.zeros(count), most.copy()
    for _ in range(60):
        middle = 0.5 * (low + high)
        bears = enough(middle)
        low, high = np.where(bears, middle, low), np.where(bears, high, middle)
    limit = np.where(enough(most), np.inf, high * (1.0 + ROUND_OFF))
    return np.where(enough(np.zeros(count)), limit, -1.0)


def fibres_of(tables: Tables) -> list[Fibre]:
    """List every fibre of the network."""
    return [
        (e, f) for e in range(len(tables.candidates)) for f in sorted(set(tables.fibres.tolist()))
    ]


def is_quantum(tables: Tables, fibre: Fibre) -> bool:
    """Whether the quantum signal is in this fibre."""
    return any(tables.disturbs[fibre[0], d] for d in (0, 1) if tables.fibres[d] == fibre[1])


def room(question: FeasibilityQuery, fibre: Fibre) -> int:
    """Most lightpaths that a fibre carries with a legal QKD channel left on its link."""
    most = most_channels(question, fibre)
    return sum(question.widths) if most and fibre[0] in question.shared else most


def most_channels(question: FeasibilityQuery, fibre: Fibre) -> int:
    """Most channels of a fibre that can be lit with a legal QKD channel left on its link."""
    return int(_free_channels(question.problem.tables, fibre).sum(axis=0).max())


def room_at(question: FeasibilityQuery, limits: Limits, link: int, rate_bps: float) -> int:
    """Most lightpaths in the quantum signal's fibre that leave a rate; -1 if none does.

    On the quietest channels, in the quieter direction, at the best candidate: no plan has
    more.
    """
    tables = question.problem.tables
    max_noise = limits.max_noise(link, rate_bps)
    quantum = next((f for f in (0, 1) if is_quantum(tables, (link, f))), None)
    if quantum is None or (max_noise < 0.0).all():
        return -1
    free = _free_channels(tables, (link, quantum))
    costs = np.where(free, _quietest(tables, link), np.inf)
    if link in question.shared:
        total = sum(question.widths)
        sums = np.arange(1, total + 1)[:, None] * costs.min(axis=0)
    else:
        sums = np.cumsum(np.sort(costs, axis=0), axis=0)
    fits = np.isfinite(sums) & (sums <= max_noise * (1.0 + ROUND_OFF))
    return int(np.where(max_noise >= 0.0, fits.sum(axis=0), -1).max())


def best_rate(question: FeasibilityQuery, link: int, lightpaths: int) -> float | None:
    """Best key rate [bit/s] of a link with so many lightpaths in the quantum signal's fibre.

    ``g_e(m)`` of ``docs/model.md``: quietest channels and direction, best candidate. None
    when there is no room for as many.
    """
    tables = question.problem.tables
    count = int(tables.candidate_count[link])
    quantum = next((f for f in (0, 1) if is_quantum(tables, (link, f))), None)
    if quantum is None or lightpaths > room(question, (link, quantum)):
        return None
    costs = np.where(_free_channels(tables, (link, quantum)), _quietest(tables, link), np.inf)
    if link in question.shared:
        costs = np.repeat(costs.min(axis=0)[None], max(1, lightpaths), axis=0)
    added = np.sort(costs, axis=0)[:lightpaths].sum(axis=0) * (1.0 - ROUND_OFF)
    possible = np.isfinite(added)
    noise = tables.floor[link, :count] + np.where(possible, added, 0.0)
    rates = tables.skr_bps(noise, tables.transmittance[link, :count])
    return float(np.where(possible, rates, -1.0).max())


def _free_channels(tables: Tables, fibre: Fibre) -> FloatArray:
    """``(W, Q)`` channels that may be lit while a candidate works; one column without QKD."""
    e, f = fibre
    senses = [d for d in (0, 1) if tables.fibres[d] == f]
    usable = np.asarray(tables.usable[e, senses].all(axis=0))
    if not is_quantum(tables, fibre):
        return np.asarray(usable[:, None])
    count = int(tables.candidate_count[e])
    return np.asarray(usable[:, None] & ~tables.blocks[e, :count].T)


def _quietest(tables: Tables, link: int) -> FloatArray:
    """``(W, Q)`` noise of one lightpath in the quieter direction of the quantum fibre."""
    senses = [d for d in (0, 1) if tables.disturbs[link, d]]
    count = int(tables.candidate_count[link])
    return np.asarray(tables.noise[link, senses, :, :count].min(axis=0))
