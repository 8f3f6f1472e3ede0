r"""Certified piecewise-linear key rates.

The key rate falls with noise, convexly until it meets zero. Chords over-estimate a convex
function and tangents under-estimate it, so maximising over chords bounds the true
problem from above. Where convexity fails (finite decoys near zero) the chord is lifted by
the largest excess found on a dense sample, so that the upper segments never lie below the
exact rate. A measured table and the curve of a surface at one loss are piecewise linear, and
need not be convex: segments of a table end at every bend, those of a surface join bends within
the tolerance, and each is certified at its ends and at all bends, which for such a curve is a
proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qkdopt.errors import UnsupportedError
from qkdopt.milp.joined import join
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray, Tables
from qkdopt.problem.key_rates import KeyRates
from qkdopt.units import FloatArray

SAMPLES = 33
LIFT = 1.0 + 1e-6
MAX_SPLIT_DEPTH = 12
# Least and largest noise clicks per gate.
Range = tuple[float, float]
# Enough to reach the neighbouring float from any range that is not astronomically wide.
BISECTIONS = 100
# A certified line is on the wrong side by less than this share of a rate and 1 bit/s.
CERTIFIED = 1e-9
# Least width of a curve, in clicks per gate, and as a share of the noise where it begins.
MIN_WIDTH, MIN_WIDTH_SHARE = 1e-12, 1e-9
# Edges closer than this share of themselves are one.
SAME_EDGE = 1e-12
# Minimum rates of demands that get an edge of their own, at most.
MAX_MIN_RATES = 8


@dataclass(frozen=True)
class Linearised:
    """Piecewise-linear key rate of one candidate of one link.

    Parameters
    ----------
    background
        Noise clicks per gate with no channel lit; at most the first edge.
    edges
        ``(n + 1,)`` noise clicks per gate between segments, rising.
    upper
        ``(n, 2)`` rate [bit/s] of the upper segment at its left and right edge: never below
        the exact rate in between.
    lower
        ``(n, 2)`` the same for the lower segment: never above the exact rate.
    error_bps
        Largest distance of upper segment and exact rate.
    """

    background: float
    edges: FloatArray
    upper: FloatArray
    lower: FloatArray
    error_bps: float

    def upper_at(self, noise: float) -> float:
        """Return the upper estimate [bit/s] at a noise inside the edges."""
        return self._at(self.upper, noise)

    def lower_at(self, noise: float) -> float:
        """Return the lower estimate [bit/s] at a noise inside the edges."""
        return self._at(self.lower, noise)

    def _at(self, ends: FloatArray, noise: float) -> float:
        segment = int(np.clip(np.searchsorted(self.edges, noise) - 1, 0, len(ends) - 1))
        left, right = self.edges[segment], self.edges[segment + 1]
        share = (noise - left) / (right - left)
        return float(ends[segment, 0] + share * (ends[segment, 1] - ends[segment, 0]))


def max_noise(tables: Tables, link: int, candidate: int) -> float:
    """Return noise clicks per gate with every channel lit that may be, in its noisier direction.

    Parameters
    ----------
    tables
        Coefficients of the problem.
    link, candidate
        Positions of link and candidate.
    """
    outside = ~tables.blocks[link, candidate] & tables.usable[link].any(axis=0)
    noise = tables.noise[link, :, :, candidate].max(axis=0)
    if tables.fibres[0] != tables.fibres[1]:
        noise = tables.noise[link, :, :, candidate].sum(axis=0)
    return float(tables.background_noise[link, candidate] + noise[outside].sum())


def linearise_links(
    problem: Problem, tolerance_bps: float, ranges: dict[tuple[int, int], Range] | None = None
) -> dict[tuple[int, int], Linearised]:
    """Place breakpoints until every chord is within the tolerance of the exact rate.

    Curves of links with the same key rates are split together, with one evaluation per depth.

    Segments end where the key ends, at every sample of a measured table (between its samples a
    table is its own chord), and where the rate falls below a demand's minimum rate, so that a
    segment keeps to one side of it.

    Parameters
    ----------
    problem
        The problem.
    tolerance_bps
        Largest distance of upper segment and exact rate [bit/s].
    ranges
        Minimum and maximum noise clicks per gate, by (link, candidate); None for the range from no
        channel lit to all that may be.

    Returns
    -------
    segments
        Linearised key rates, by (link, candidate).

    Raises
    ------
    UnsupportedError
        A segment of a piecewise-linear curve could not be certified.
    """
    tables = problem.tables
    keys = [(e, c) for e in range(len(tables.candidates)) for c in range(len(tables.candidates[e]))]
    ends = ranges or {
        key: (float(tables.background_noise[key]), max_noise(tables, *key)) for key in keys
    }
    segments: dict[tuple[int, int], Linearised] = {}
    for number, rates in enumerate(tables.key_rates):
        own = [key for key in keys if tables.key_rates_of[key[0]] == number]
        if own:
            segments |= _linearise(problem, rates, own, ends, tolerance_bps)
    return {key: segments[key] for key in keys}


def _linearise(
    problem: Problem,
    rates: KeyRates,
    keys: list[tuple[int, int]],
    ends: dict[tuple[int, int], Range],
    tolerance_bps: float,
) -> dict[tuple[int, int], Linearised]:
    """Linearise the candidates whose links have the same key rates."""
    tables = problem.tables
    curves = _Curves(tables, rates, keys)
    first, last = np.array([ends[key] for key in keys]).T.copy()
    last = np.maximum(last, first + np.maximum(MIN_WIDTH, MIN_WIDTH_SHARE * first))
    kept = [curves.end_of_key(first, last)]
    kept += [curves.end_of_rate(rate, first, last) for rate in min_rates(problem)]
    breakpoints = [first, *kept, *curves.samples_of_table(first, last), last]
    edges = [_distinct(row) for row in np.sort(np.stack(breakpoints, axis=1), axis=1)]
    owner = np.repeat(np.arange(len(keys)), [len(row) - 1 for row in edges])
    left, right = (
        np.concatenate([row[inner] for row in edges]) for inner in (np.s_[:-1], np.s_[1:])
    )
    if rates.surface is None:
        segments = curves.split(owner, left, right, tolerance_bps)
    else:
        segments = curves.joined(edges, np.stack(kept, axis=1), tolerance_bps)
    if rates.bends is not None:
        curves.certify(segments, np.array(rates.bends))
    return {key: segments.of(k, float(tables.background_noise[key])) for k, key in enumerate(keys)}


def min_rates(problem: Problem) -> list[float]:
    """Return the demands' minimum rates [bit/s], at most ``MAX_MIN_RATES`` of them.

    Of more, those spread evenly over all: rule C8 alone holds the others.
    """
    rates = sorted(
        {demand.min_skr_bps for demand in problem.instance.demands if demand.min_skr_bps}
    )
    if len(rates) <= MAX_MIN_RATES:
        return rates
    positions = np.linspace(0, len(rates) - 1, MAX_MIN_RATES).round().astype(int)
    return [rates[position] for position in positions]


def _distinct(edges: FloatArray) -> FloatArray:
    """Return sorted edges without those that differ from a neighbour by rounding alone."""
    apart = np.diff(edges) > SAME_EDGE * edges[1:]
    inner = edges[1:-1][apart[:-1]]
    inner = inner[edges[-1] - inner > SAME_EDGE * edges[-1]]
    return np.concatenate([edges[:1], inner, edges[-1:]])


@dataclass(frozen=True)
class _Segments:
    """Segments of many curves: owner, edges, ends of upper and lower segment, and error."""

    owner: IntArray
    left: FloatArray
    right: FloatArray
    upper: FloatArray
    lower: FloatArray
    error: FloatArray

    def of(self, owner: int, background: float) -> Linearised:
        """Return the segments of one curve, by rising noise."""
        selected = np.flatnonzero(self.owner == owner)
        selected = selected[np.argsort(self.left[selected])]
        return Linearised(
            background=background,
            edges=np.append(self.left[selected], self.right[selected[-1]]),
            upper=self.upper[selected],
            lower=self.lower[selected],
            error_bps=float(self.error[selected].max()),
        )

    def chosen(self, mask: BoolArray) -> _Segments:
        """Return the segments of a mask."""
        return _Segments(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


class _Curves:
    """Key rates of many candidates of one QKD system, evaluated together."""

    def __init__(self, tables: Tables, rates: KeyRates, keys: list[tuple[int, int]]) -> None:
        self._rates, self._keys = rates, keys
        self._links = tables.instance.network.links
        self._transmittance = np.array([tables.transmittance[key] for key in keys])

    def rate(self, owner: IntArray, noise: FloatArray) -> FloatArray:
        """Return the key rate [bit/s] at ``(n, ...)`` noise of ``(n,)`` curves."""
        eta = self._transmittance[owner].reshape(-1, *(1 for _ in noise.shape[1:]))
        return np.asarray(self._rates.skr_bps(noise, np.broadcast_to(eta, noise.shape)))

    def end_of_key(self, first: FloatArray, last: FloatArray) -> FloatArray:
        """Return the smallest noise without key; ``last`` when there is key everywhere."""
        return self._crossing(lambda rates: rates > 0.0, first, last)

    def end_of_rate(self, rate_bps: float, first: FloatArray, last: FloatArray) -> FloatArray:
        """Return the smallest noise with less than a rate; ``last`` when all have it."""
        return self._crossing(lambda rates: rates >= rate_bps, first, last)

    def samples_of_table(self, first: FloatArray, last: FloatArray) -> list[FloatArray]:
        """Return the noise of each sample of a measured table, clipped to the range."""
        return [np.clip(noise, first, last) for noise in self._rates.bends or ()]

    def _crossing(
        self, condition: Callable[[FloatArray], BoolArray], first: FloatArray, last: FloatArray
    ) -> FloatArray:
        """Return the smallest noise at which a condition on the rate fails, by bisection."""
        owners = np.arange(len(first))
        low, high = first.copy(), last.copy()
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            satisfied = condition(self.rate(owners, middle))
            low, high = np.where(satisfied, middle, low), np.where(satisfied, high, middle)
        high = np.where(condition(self.rate(owners, first)), high, first)
        return np.where(condition(self.rate(owners, last)), last, high)

    def split(
        self, owner: IntArray, left: FloatArray, right: FloatArray, tolerance_bps: float
    ) -> _Segments:
        """Halve intervals until each segment is within the tolerance, or very short.

        Parameters
        ----------
        owner
            ``(n,)`` curve of each interval.
        left, right
            ``(n,)`` noise clicks per gate at its ends.
        tolerance_bps
            Largest distance of upper segment and exact rate [bit/s].
        """
        parts = []
        for depth in range(MAX_SPLIT_DEPTH + 1):
            segments = self._segments(owner, left, right)
            coarse = (segments.error > tolerance_bps) & (depth < MAX_SPLIT_DEPTH)
            parts.append(segments.chosen(~coarse))
            middle = 0.5 * (left + right)[coarse]
            owner = np.tile(owner[coarse], 2)
            left = np.concatenate([left[coarse], middle])
            right = np.concatenate([middle, right[coarse]])
            if not len(owner):
                break
        return _Segments(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in _Segments.__dataclass_fields__
            )
        )

    def joined(self, edges: list[FloatArray], kept: FloatArray, tolerance_bps: float) -> _Segments:
        """Join pieces of curves that are linear between edges, within the tolerance.

        Parameters
        ----------
        edges
            For each curve the noise clicks per gate where it may bend, and its ends.
        kept
            ``(curves, m)`` noises that no segment crosses.
        tolerance_bps
            Largest distance of the two lines of a segment [bit/s].
        """
        parts = []
        for owner, noise in enumerate(edges):
            rate = self.rate(np.array([owner]), noise[None, :])[0]
            near = np.abs(noise[:, None] - kept[owner]) <= SAME_EDGE * noise[:, None]
            found = join(noise, rate, near.any(axis=1), tolerance_bps)
            parts.append(_Segments(np.full(len(found.left), owner), *found))
        names = _Segments.__dataclass_fields__
        return _Segments(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))

    def certify(self, segments: _Segments, bends: FloatArray) -> None:
        """Prove that segments enclose their curves, which are linear between bends.

        At the ends of a segment and at each bend inside, the upper line must not be below the
        rate, nor the lower line above it: then neither is anywhere between.

        Parameters
        ----------
        segments
            Segments of all curves.
        bends
            ``(N,)`` noise clicks per gate at which a curve may bend.

        Raises
        ------
        UnsupportedError
            A line is on the wrong side of its curve.
        """
        left, right = segments.left[:, None], segments.right[:, None]
        every = np.broadcast_to(bends, (len(left), len(bends)))
        noise = np.clip(np.concatenate([left, right, every], axis=1), left, right)
        share = (noise - left) / (right - left)
        exact = self.rate(segments.owner, noise)
        slack = CERTIFIED * (1.0 + exact)
        for ends, side in ((segments.upper, 1.0), (segments.lower, -1.0)):
            line = ends[:, :1] + share * (ends[:, 1:] - ends[:, :1])
            wrong = side * (exact - line) > slack
            if wrong.any():
                at = np.argwhere(wrong)[0]
                link = self._links[self._keys[int(segments.owner[at[0]])][0]]
                raise UnsupportedError(
                    f"key rate of link {link.id}: a segment is not certified "
                    f"at {noise[tuple(at)]:g} noise clicks per gate; expected noises of "
                    "`skr_table` or `surface` that are further apart"
                )

    def _segments(self, owner: IntArray, left: FloatArray, right: FloatArray) -> _Segments:
        """Return upper ends, lower ends and error of each segment, certified on a dense sample.

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
        return _Segments(owner, left, right, ends + lift[:, None], ends - sag[:, None], lift + sag)
