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
from qkdopt.tables import BoolArray, IntArray, Tables
from qkdopt.units import FloatArray

SAMPLES = 33
LIFT = 1.0 + 1e-6
DEEPEST_SPLIT = 12
# Least and largest noise clicks per gate.
Range = tuple[float, float]
BISECTIONS = 60


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


def linearise_links(
    problem: Problem, tolerance_bps: float, ranges: dict[tuple[int, int], Range] | None = None
) -> dict[tuple[int, int], Linearised]:
    """Place breakpoints until every chord is within the tolerance of the exact rate.

    Returns the pieces of every candidate of every link, by (link, candidate). All of them are
    split side by side, one evaluation of the key rate a depth. ``ranges`` are the least and the
    largest noise of each; by default from no light to all that may be lit.
    """
    tables = problem.tables
    keys = [(e, c) for e in range(len(tables.candidates)) for c in range(len(tables.candidates[e]))]
    if not keys:
        return {}
    curves = _Curves(tables, keys)
    ends = ranges or {key: (float(tables.floor[key]), largest_noise(tables, *key)) for key in keys}
    first, last = np.array([ends[key] for key in keys]).T.copy()
    last = np.maximum(last, first + 1e-12)
    zero = curves.end_of_key(first, last)
    owner = np.tile(np.arange(len(keys)), 2)
    left, right = np.concatenate([first, zero]), np.concatenate([zero, last])
    some = right > left
    pieces = curves.split(owner[some], left[some], right[some], tolerance_bps)
    return {key: pieces.of(k) for k, key in enumerate(keys)}


@dataclass(frozen=True)
class _Pieces:
    """Pieces of many curves: owner, edges, ends of upper and lower piece, and error."""

    owner: IntArray
    left: FloatArray
    right: FloatArray
    upper: FloatArray
    lower: FloatArray
    error: FloatArray

    def of(self, owner: int) -> Linearised:
        """Return the pieces of one curve, by rising noise."""
        mine = np.flatnonzero(self.owner == owner)
        mine = mine[np.argsort(self.left[mine])]
        return Linearised(
            edges=np.append(self.left[mine], self.right[mine[-1]]),
            upper=self.upper[mine],
            lower=self.lower[mine],
            error_bps=float(self.error[mine].max()),
        )

    def chosen(self, some: BoolArray) -> _Pieces:
        """Return some of the pieces."""
        return _Pieces(*(getattr(self, name)[some] for name in self.__dataclass_fields__))


class _Curves:
    """Key rates of many candidates, evaluated together."""

    def __init__(self, tables: Tables, keys: list[tuple[int, int]]) -> None:
        self._tables = tables
        self._transmittance = np.array([tables.transmittance[key] for key in keys])

    def rate(self, owner: IntArray, noise: FloatArray) -> FloatArray:
        """Key rate [bit/s] at ``(n, ...)`` noise of ``(n,)`` curves."""
        eta = self._transmittance[owner].reshape(-1, *(1 for _ in noise.shape[1:]))
        return np.asarray(self._tables.skr_bps(noise, np.broadcast_to(eta, noise.shape)))

    def end_of_key(self, first: FloatArray, last: FloatArray) -> FloatArray:
        """Smallest noise without key, by bisection; ``last`` when there is key everywhere."""
        everyone = np.arange(len(first))
        low, high = first.copy(), last.copy()
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            alive = self.rate(everyone, middle) > 0.0
            low, high = np.where(alive, middle, low), np.where(alive, high, middle)
        return np.where(self.rate(everyone, last) > 0.0, last, high)

    def split(
        self, owner: IntArray, left: FloatArray, right: FloatArray, tolerance_bps: float
    ) -> _Pieces:
        """Halve intervals until each piece is within the tolerance, or very short."""
        done = []
        for depth in range(DEEPEST_SPLIT + 1):
            pieces = self._pieces(owner, left, right)
            coarse = (pieces.error > tolerance_bps) & (depth < DEEPEST_SPLIT)
            done.append(pieces.chosen(~coarse))
            middle = 0.5 * (left + right)[coarse]
            owner = np.tile(owner[coarse], 2)
            left = np.concatenate([left[coarse], middle])
            right = np.concatenate([middle, right[coarse]])
            if not len(owner):
                break
        return _Pieces(
            *(
                np.concatenate([getattr(part, name) for part in done])
                for name in _Pieces.__dataclass_fields__
            )
        )

    def _pieces(self, owner: IntArray, left: FloatArray, right: FloatArray) -> _Pieces:
        """Upper ends, lower ends, and error of each piece, certified on a dense sample.

        Between samples a curve leaves its own chord by at most an eighth of its second difference
        where it is smooth, by a quarter at a kink: the quarter is added everywhere.
        """
        exact = self.rate(owner, np.linspace(left, right, SAMPLES, axis=1))
        chord = np.linspace(exact[:, 0], exact[:, -1], SAMPLES, axis=1)
        bend = np.diff(exact, 2, axis=1)
        over = (exact - chord).max(axis=1) + np.maximum(0.0, -0.25 * bend.min(axis=1))
        under = (chord - exact).max(axis=1) + np.maximum(0.0, 0.25 * bend.max(axis=1))
        lift, sag = LIFT * np.maximum(0.0, over), LIFT * np.maximum(0.0, under)
        ends = exact[:, [0, -1]]
        # The chord lowered by its largest error is parallel to the tangent at that point.
        return _Pieces(owner, left, right, ends + lift[:, None], ends - sag[:, None], lift + sag)
