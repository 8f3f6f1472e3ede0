"""Search over channel sets of the whole network: families, greedy growth, exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import ROUNDS, Comparator, race
from qkdopt.errors import UsageError

# Families whose best sets are improved by exchange, besides the greedy one.
STARTS = 2
MAX_EXCHANGES = 40
RANDOM_SETS = 24


class NoCapacityError(UsageError):
    """No set of a size leaves every link a channel for classical light."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"channels = {size}: no such set leaves every link a channel for classical light; "
            "expected fewer, or a narrower guard band"
        )


@dataclass
class Search:
    """Searches the best set of a size.

    Parameters
    ----------
    judge
        Compares placements.
    pool
        Number of channels of the pool.
    grid
        Number of them on the grid, from 0 on.
    is_fit
        Tells whether a set leaves every link a channel for classical light.
    seed
        Of random sets.
    origin
        Method that first proposed each placement.
    """

    comparator: Comparator
    pool: int
    grid: int
    is_fit: Callable[[Placement], bool]
    seed: int
    origin: dict[Placement, str] = field(default_factory=dict)
    _grown: list[Placement] = field(default_factory=list)

    def exhaustive(self, size: int) -> list[Placement]:
        """Race all sets; return those left, the best first.

        Raises
        ------
        NoCapacityError
            No set leaves every link a channel for classical light.
        """
        fit = self._fit(every(self.pool, size), "exhaustive")
        if not fit:
            raise NoCapacityError(size)
        return race(self.comparator, fit, "all sets")

    def families(self, size: int) -> list[Placement]:
        """Race each family; return the best of each, the best first."""
        best = [
            race(self.comparator, fit, f"family {name}")[0]
            for name, sets in families(self.grid, size, self.seed).items()
            if (fit := self._fit(sets, name))
        ]
        return sorted(best, key=lambda placement: -self.comparator.value(placement, ROUNDS[-1]))

    def grow(self, size: int) -> Placement:
        """Add the channel of largest gain, one after the other; sets of several sizes nest.

        Raises
        ------
        NoCapacityError
            No channel can be added that leaves every link a channel for classical light.
        """
        while len(self._grown) < size:
            channels = self._grown[-1].sets[0] if self._grown else ()
            wider = [
                Placement.everywhere([*channels, channel])
                for channel in range(self.pool)
                if channel not in channels
            ]
            fit = self._fit(wider, "greedy")
            if not fit:
                raise NoCapacityError(size)
            title = f"greedy, channel {len(channels) + 1}"
            self._grown.append(race(self.comparator, fit, title)[0])
        return self._grown[size - 1]

    def exchange(self, start: Placement) -> Placement:
        """Exchange one channel for another as long as that improves the set."""
        current, seen = start, {start}
        for _ in range(MAX_EXCHANGES):
            variants = self._fit(neighbours(current, self.pool), "exchange")
            best = race(
                self.comparator, [current, *variants], f"exchange from {_spelled(current)}"
            )[0]
            if best in seen:
                return best
            current = best
            seen.add(current)
        return current

    def heuristic(self, size: int) -> list[Placement]:
        """Search by families, greedy growth and exchange; return the sets, the best first."""
        first = self.families(size)
        starts = first[:STARTS]
        try:
            starts = [self.grow(size), *starts]
        except NoCapacityError:
            if not starts:
                raise
        improved = [self.exchange(start) for start in dict.fromkeys(starts)]
        placements = dict.fromkeys([*improved, *first])
        return sorted(
            placements, key=lambda placement: -self.comparator.value(placement, ROUNDS[-1])
        )

    def _fit(self, sets: Iterable[Placement], origin: str) -> list[Placement]:
        """Return the sets that leave every link classical light, and record their origin."""
        fit = [
            placement for placement in sets if placement in self.origin or self.is_fit(placement)
        ]
        for placement in fit:
            self.origin.setdefault(placement, origin)
        return fit


def neighbours(placement: Placement, pool: int) -> list[Placement]:
    """Return every set that differs by one channel."""
    channels: Sequence[int] = placement.sets[0]
    return [
        Placement.everywhere([*(c for c in channels if c != old), new])
        for old in channels
        for new in range(pool)
        if new not in channels
    ]


def _spelled(placement: Placement) -> str:
    return ",".join(str(channel) for channel in placement.sets[0])


def compact(channels: int, size: int) -> list[Placement]:
    """Return sets of neighbours: one window of all receivers, the rest of the grid in one piece."""
    return [
        Placement.everywhere(range(first, first + size)) for first in range(channels - size + 1)
    ]


def uniform(channels: int, size: int) -> list[Placement]:
    """Return sets of equal strides: a candidate is near every window of low noise."""
    if size == 1:
        return []
    return [
        Placement.everywhere([first + k * stride for k in range(size)])
        for stride in range(2, (channels - 1) // (size - 1) + 1)
        for first in range(channels - stride * (size - 1))
    ]


def interleaved(channels: int, size: int) -> list[Placement]:
    """Return sets of every second channel: the gaps between candidates still carry light."""
    return [
        Placement.everywhere([first + 2 * k for k in range(size)])
        for first in range(channels - 2 * (size - 1))
    ]


def band_edge(channels: int, size: int) -> list[Placement]:
    """Return sets at the two edges of the grid: all light lies on one side of a candidate."""
    return [
        Placement.everywhere([*range(low), *range(channels - size + low, channels)])
        for low in range(size + 1)
    ]


def random(channels: int, size: int, seed: int, count: int = RANDOM_SETS) -> list[Placement]:
    """Return random sets.

    Parameters
    ----------
    channels
        Channels of the grid.
    size
        Channels of a set.
    seed
        Of the draws.
    count
        Number of sets.
    """
    rng = np.random.default_rng([seed, size])
    return [
        Placement.everywhere(sorted(int(c) for c in rng.choice(channels, size, replace=False)))
        for _ in range(count)
    ]


def families(channels: int, size: int, seed: int) -> dict[str, list[Placement]]:
    """Return every family by name; a set that is in several stays in the first.

    Parameters
    ----------
    channels
        Channels of the grid.
    size
        Channels of a set; above ``channels`` there is no family.
    seed
        Of the random sets.
    """
    if size > channels:
        return {}
    by_family: dict[str, list[Placement]] = {}
    taken: set[Placement] = set()
    for name, sets in (
        ("compact", compact(channels, size)),
        ("interleaved", interleaved(channels, size)),
        ("band edge", band_edge(channels, size)),
        ("uniform", uniform(channels, size)),
        ("random", random(channels, size, seed)),
    ):
        by_family[name] = [placement for placement in dict.fromkeys(sets) if placement not in taken]
        taken |= set(by_family[name])
    return by_family


def every(pool: int, size: int) -> list[Placement]:
    """Return all sets of ``size`` channels of the pool."""
    return [Placement.everywhere(chosen) for chosen in combinations(range(pool), size)]
