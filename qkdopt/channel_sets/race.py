"""Sequential elimination: many contenders meet few blocks, few meet many."""

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
AT_LEAST = 4


@dataclass
class Comparator:
    """Compares placements on blocks that all of them have met.

    Parameters
    ----------
    evaluations
        What is known.
    criterion, weights
        What counts.
    baseline
        Reference of the criterion.
    """

    evaluations: Evaluations
    criterion: Criterion
    weights: FloatArray
    baseline: Placement

    def value(self, placement: Placement, blocks: int, stream: str = "search") -> float:
        """Return the criterion over the first blocks."""
        sums, base = (
            self.evaluations.sums(one, blocks, stream).sum(axis=0)
            for one in (placement, self.baseline)
        )
        return float(self.criterion.value(sums, base, self.weights))

    def estimate(self, placement: Placement, blocks: int, *, stream: str = "search") -> Estimate:
        """Return the criterion with its interval."""

        def statistic(mine: FloatArray, base: FloatArray) -> FloatArray:
            return self.criterion.value(mine, base, self.weights)

        sums = (self.evaluations.sums(one, blocks, stream) for one in (placement, self.baseline))
        return jackknife(statistic, *sums)

    def gain(
        self,
        placement: Placement,
        over: Placement,
        blocks: int,
        *,
        stream: str = "search",
    ) -> Estimate:
        """Relative gain over another placement, paired by block; none over one without key."""
        if self.value(over, blocks, stream) <= 0.0:
            return Estimate(None, None)

        def statistic(mine: FloatArray, other: FloatArray, base: FloatArray) -> FloatArray:
            here = self.criterion.value(mine, base, self.weights)
            there = self.criterion.value(other, base, self.weights)
            return np.divide(here, there, out=np.ones_like(here), where=there > 0.0) - 1.0

        sums = (
            self.evaluations.sums(one, blocks, stream) for one in (placement, over, self.baseline)
        )
        return jackknife(statistic, *sums)


def race(
    judge: Comparator,
    contenders: Iterable[Placement],
    title: str,
    *,
    rounds: tuple[int, ...] = ROUNDS,
    keep: int = AT_LEAST,
) -> list[Placement]:
    """Return those left after the last round, the best first.

    After each round a contender goes that is significantly below the leader (paired, all
    comparisons of the round together 95 %); of the rest, a third of the round's contenders and
    at least ``keep`` go on.
    """
    left = list(dict.fromkeys(contenders))
    for number, blocks in enumerate(rounds):
        judge.evaluations.extend(
            [*left, judge.baseline], blocks, f"{title}: {len(left)} sets, round {number + 1}"
        )
        left.sort(key=lambda one: -judge.value(one, blocks))
        if number + 1 < len(rounds):
            some = max(keep, math.ceil(SHARE * len(left)))
            left = left[:1] + [
                one
                for one in left[1:some]
                if not _is_beaten(judge, one, left[0], blocks, len(left))
            ]
    return left


def _is_beaten(
    judge: Comparator, one: Placement, leader: Placement, blocks: int, contenders: int
) -> bool:
    loss = bonferroni(judge.gain(one, leader, blocks), blocks, contenders - 1)
    if loss.value is None or loss.ci95 is None:
        return False
    return loss.value + loss.ci95 < 0.0
