r"""Certified piecewise-linear key rates.

The key rate falls with noise, convexly until it meets zero. Chords over-estimate a convex
function and tangents under-estimate it, so maximising over chords bounds the true
problem from above. Where convexity fails (a measured table, finite decoys near zero) the
chord is lifted by the largest excess found on a dense sample, so that the upper pieces
never lie below the exact rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.problem import Problem
from qkdopt.tables import Tables
from qkdopt.units import FloatArray

SAMPLES = 33
LIFT = 1.0 + 1e-6
DEEPEST_SPLIT = 12


@dataclass(frozen=True)
class Linearised:
    """Pieces of the key rate of one candidate of one link.

    Parameters
    ----------
    edges
        ``(n + 1,)`` noise clicks per gate between pieces, rising.
    upper
        ``(n, 2)`` rate [bit/s] of the upper piece at its left and right edge: never below
        the exact rate in between.
    lower
        ``(n, 2)`` the same for the lower piece: never above the exact rate.
    error_bps
        Largest distance of upper piece and exact rate.
    """

    edges: FloatArray
    upper: FloatArray
    lower: FloatArray
    error_bps: float

    def upper_at(self, noise: float) -> float:
        """Upper estimate [bit/s] at a noise inside the edges."""
        return self._at(self.upper, noise)

    def lower_at(self, noise: float) -> float:
        """Lower estimate [bit/s] at a noise inside the edges."""
        return self._at(self.lower, noise)

    def _at(self, ends: FloatArray, noise: float) -> float:
        piece = int(np.clip(np.searchsorted(self.edges, noise) - 1, 0, len(ends) - 1))
        left, right = self.edges[piece], self.edges[piece + 1]
        share = (noise - left) / (right - left)
        return float(ends[piece, 0] + share * (ends[piece, 1] - ends[piece, 0]))


def largest_noise(tables: Tables, link: int, candidate: int) -> float:
    """Noise clicks per gate with every channel that may be lit, in its louder direction."""
    free = ~tables.blocks[link, candidate] & tables.usable[link].any(axis=0)
    loudest = tables.noise[link, :, :, candidate].max(axis=0)
    if tables.fibres[0] != tables.fibres[1]:
        loudest = tables.noise[link, :, :, candidate].sum(axis=0)
    return float(tables.floor[link, candidate] + loudest[free].sum())


def linearise(tables: Tables, link: int, candidate: int, tolerance_bps: float) -> Linearised:
    """Place breakpoints until every chord is within the tolerance of the exact rate."""
    first = float(tables.floor[link, candidate])
    last = max(largest_noise(tables, link, candidate), first + 1e-12)
    zero = _zero_of(tables, link, candidate, first, last)
    parts: list[tuple[float, float]] = []
    for left, right in ((first, zero), (zero, last)):
        if right > left:
            parts.extend(_split(tables, link, candidate, left, right, tolerance_bps, 0))
    pieces = [_piece(tables, link, candidate, left, right) for left, right in parts]
    return Linearised(
        edges=np.array([parts[0][0], *(right for _, right in parts)]),
        upper=np.array([piece[0] for piece in pieces]),
        lower=np.array([piece[1] for piece in pieces]),
        error_bps=max(piece[2] for piece in pieces),
    )


def linearise_links(problem: Problem, tolerance_bps: float) -> dict[tuple[int, int], Linearised]:
    """Linearise every candidate of every link, by (link, candidate)."""
    tables = problem.tables
    return {
        (e, c): linearise(tables, e, c, tolerance_bps)
        for e in range(len(tables.candidates))
        for c in range(len(tables.candidates[e]))
    }


def _rate(tables: Tables, link: int, candidate: int, noise: FloatArray) -> FloatArray:
    return tables.skr_bps(noise, np.asarray(tables.transmittance[link, candidate]))


def _zero_of(tables: Tables, link: int, candidate: int, first: float, last: float) -> float:
    """Smallest noise without key, by bisection; ``last`` when there is key everywhere."""
    if _rate(tables, link, candidate, np.array([last]))[0] > 0.0:
        return last
    low, high = first, last
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _rate(tables, link, candidate, np.array([middle]))[0] > 0.0:
            low = middle
        else:
            high = middle
    return high


def _split(
    tables: Tables,
    link: int,
    candidate: int,
    left: float,
    right: float,
    tolerance_bps: float,
    depth: int,
) -> list[tuple[float, float]]:
    error = _piece(tables, link, candidate, left, right)[2]
    if error <= tolerance_bps or depth == DEEPEST_SPLIT:
        return [(left, right)]
    middle = 0.5 * (left + right)
    return [
        part
        for low, high in ((left, middle), (middle, right))
        for part in _split(tables, link, candidate, low, high, tolerance_bps, depth + 1)
    ]


def _piece(
    tables: Tables, link: int, candidate: int, left: float, right: float
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Upper ends, lower ends, and error of one piece, certified on a dense sample.

    Between samples a curve leaves its own chord by at most an eighth of its second difference
    where it is smooth, by a quarter at a kink: the quarter is added everywhere.
    """
    noise = np.linspace(left, right, SAMPLES)
    exact = _rate(tables, link, candidate, noise)
    chord = np.linspace(exact[0], exact[-1], SAMPLES)
    bend = np.diff(exact, 2)
    over = float((exact - chord).max()) + max(0.0, -0.25 * float(bend.min()))
    under = float((chord - exact).max()) + max(0.0, 0.25 * float(bend.max()))
    lift, sag = LIFT * max(0.0, over), LIFT * max(0.0, under)
    upper = (float(exact[0]) + lift, float(exact[-1]) + lift)
    # The chord lowered by its largest error is parallel to the tangent at that point.
    lower = (float(exact[0]) - sag, float(exact[-1]) - sag)
    return upper, lower, lift + sag
