"""Racing: many contenders are evaluated on few blocks, few on many."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.paired import bonferroni, jackknife
from qkdopt.channel_sets.placement import Placement
from qkdopt.simulation import Estimate
from qkdopt.units import FloatArray

# Blocks of each round, and the share of contenders that the next round's time is for.
ROUNDS = (2, 6, 18)
SHARE = 1 / 3
MIN_KEPT = 4


@dataclass
class Comparator:
    """Compares placements on the same blocks.

    Parameters
    ----------
    evaluations
        Tallies of the placements.
    criterion, weights
        Value of a placement, and weights of the scenarios in it, sum 1.
    baseline
        Reference of the criterion.
    """

    evaluations: Evaluations
    criterion: Criterion
    weights: FloatArray
    baseline: Placement

    def value(self, placement: Placement, blocks: int, stream: str = "search") -> float:
        """Return the criterion over the first blocks of a stream.

        Parameters
        ----------
        placement
            Evaluated on at least ``blocks`` blocks.
        blocks
            Number of blocks.
        stream
            Key of :data:`qkdopt.channel_sets.sums.STREAMS`.
        """
        sums, base = (
            self.evaluations.sums(candidate, blocks, stream).sum(axis=0)
            for candidate in (placement, self.baseline)
        )
        return float(self.criterion.value(sums, base, self.weights))

    def estimate(self, placement: Placement, blocks: int, *, stream: str = "search") -> Estimate:
        """Return the criterion with its interval.

        Parameters
        ----------
        placement, blocks, stream
            See :meth:`value`.
        """

        def statistic(sums: FloatArray, base: FloatArray) -> FloatArray:
            return self.criterion.value(sums, base, self.weights)

        sums = (
            self.evaluations.sums(candidate, blocks, stream)
            for candidate in (placement, self.baseline)
        )
        return jackknife(statistic, *sums)

    def gain(
        self,
        placement: Placement,
        reference: Placement,
        blocks: int,
        *,
        stream: str = "search",
    ) -> Estimate:
        """Return the relative gain over another placement, paired by block.

        Parameters
        ----------
        placement, reference
            Evaluated on at least ``blocks`` blocks; no gain over a reference without key.
        blocks, stream
            See :meth:`value`.
        """
        if self.value(reference, blocks, stream) <= 0.0:
            return Estimate(None, None)

        def statistic(sums: FloatArray, reference_sums: FloatArray, base: FloatArray) -> FloatArray:
            value = self.criterion.value(sums, base, self.weights)
            reference_value = self.criterion.value(reference_sums, base, self.weights)
            return (
                np.divide(
                    value, reference_value, out=np.ones_like(value), where=reference_value > 0.0
                )
                - 1.0
            )

        sums = (
            self.evaluations.sums(candidate, blocks, stream)
            for candidate in (placement, reference, self.baseline)
        )
        return jackknife(statistic, *sums)


def race(
    comparator: Comparator,
    contenders: Iterable[Placement],
    title: str,
    *,
    rounds: tuple[int, ...] = ROUNDS,
    keep: int = MIN_KEPT,
) -> list[Placement]:
    """Return the contenders left after the last round, the best first.

    After each round contenders significantly below the leader are eliminated (paired, all
    comparisons of the round together 95 %); of the rest, a third of the round's contenders and
    at least ``keep`` go on.

    Parameters
    ----------
    comparator
        Compares contenders.
    contenders
        Sets to race.
    title
        Of the race, for progress.
    rounds
        Number of blocks of each round, ascending.
    keep
        Number of contenders that may go on in any case.
    """
    left = list(dict.fromkeys(contenders))
    for number, blocks in enumerate(rounds):
        comparator.evaluations.extend(
            [*left, comparator.baseline], blocks, f"{title}: {len(left)} sets, round {number + 1}"
        )
        left.sort(key=lambda candidate: -comparator.value(candidate, blocks))
        if number + 1 < len(rounds):
            limit = max(keep, math.ceil(SHARE * len(left)))
            left = left[:1] + [
                candidate
                for candidate in left[1:limit]
                if not _is_below(comparator, candidate, left[0], blocks, len(left))
            ]
    return left


def _is_below(
    comparator: Comparator, candidate: Placement, leader: Placement, blocks: int, contenders: int
) -> bool:
    gain = bonferroni(comparator.gain(candidate, leader, blocks), blocks, contenders - 1)
    if gain.value is None or gain.ci95 is None:
        return False
    return gain.value + gain.ci95 < 0.0
