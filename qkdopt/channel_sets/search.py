"""Search over channel sets of the whole network: families, greedy growth, exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from qkdopt.channel_sets.families import every, families
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import ROUNDS, Comparator, race
from qkdopt.errors import UsageError

# Families whose best sets are improved by exchange, besides the one that grew.
STARTS = 2
MOST_EXCHANGES = 40


class NoRoomError(UsageError):
    """No set of a size leaves every link a channel for classical light."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"channels = {size}: no such set leaves every link a channel for classical light; "
            "expected fewer, or a narrower guard band"
        )


@dataclass
class Search:
    """A search for the best set of a size.

    Parameters
    ----------
    judge
        Compares placements.
    pool
        Channels of the pool.
    grid
        Those of them on the grid, from 0 on.
    is_fit
        Whether a set leaves every link a channel for light.
    seed
        Of random sets.
    origin
        Where each placement was first met.
    """

    judge: Comparator
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
        NoRoomError
            No set leaves every link light.
        """
        fit = self._met(every(self.pool, size), "exhaustive")
        if not fit:
            raise NoRoomError(size)
        return race(self.judge, fit, "all sets")

    def families(self, size: int) -> list[Placement]:
        """Race each family; return the best of each, the best first."""
        best = [
            race(self.judge, fit, f"family {name}")[0]
            for name, sets in families(self.grid, size, self.seed).items()
            if (fit := self._met(sets, name))
        ]
        return sorted(best, key=lambda one: -self.judge.value(one, ROUNDS[-1]))

    def grown(self, size: int) -> Placement:
        """Add the channel that helps most, one after the other; sets of several sizes nest.

        Raises
        ------
        NoRoomError
            No channel can be added that leaves every link light.
        """
        while len(self._grown) < size:
            have = self._grown[-1].sets[0] if self._grown else ()
            wider = [
                Placement.everywhere([*have, channel])
                for channel in range(self.pool)
                if channel not in have
            ]
            fit = self._met(wider, "greedy")
            if not fit:
                raise NoRoomError(size)
            title = f"greedy, channel {len(have) + 1}"
            self._grown.append(race(self.judge, fit, title)[0])
        return self._grown[size - 1]

    def exchanged(self, start: Placement) -> Placement:
        """Exchange one channel for another as long as that helps."""
        here, seen = start, {start}
        for _ in range(MOST_EXCHANGES):
            around = self._met(neighbours(here, self.pool), "exchange")
            best = race(self.judge, [here, *around], f"exchange from {_told(here)}")[0]
            if best in seen:
                return best
            here = best
            seen.add(here)
        return here

    def heuristic(self, size: int) -> list[Placement]:
        """Families, greedy growth, and exchange from the best of them, the best first."""
        first = self.families(size)
        starts = first[:STARTS]
        try:
            starts = [self.grown(size), *starts]
        except NoRoomError:
            if not starts:
                raise
        improved = [self.exchanged(start) for start in dict.fromkeys(starts)]
        found = dict.fromkeys([*improved, *first])
        return sorted(found, key=lambda one: -self.judge.value(one, ROUNDS[-1]))

    def _met(self, sets: Iterable[Placement], origin: str) -> list[Placement]:
        """Leave out what darkens a link for classical light; remember where the rest is from."""
        fit = [one for one in sets if one in self.origin or self.is_fit(one)]
        for one in fit:
            self.origin.setdefault(one, origin)
        return fit


def neighbours(placement: Placement, pool: int) -> list[Placement]:
    """Return every set that differs by one channel."""
    have: Sequence[int] = placement.sets[0]
    return [
        Placement.everywhere([*(c for c in have if c != old), new])
        for old in have
        for new in range(pool)
        if new not in have
    ]


def _told(placement: Placement) -> str:
    return ",".join(str(channel) for channel in placement.sets[0])
