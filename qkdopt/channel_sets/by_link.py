"""Sets by link under a budget of receivers: drop from a common set, then move and exchange."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import ROUNDS, race
from qkdopt.channel_sets.search import NoCapacityError, Search
from qkdopt.instance import Instance

# Share of the excess receivers dropped at a time, those of least loss first.
DROPPED_SHARE = 0.1
MOVES = 120
# Largest number of moves of one round that are combined, each on a link of its own.
MAX_COMBINED = 4
MAX_ROUNDS, IDLE_ROUNDS = 20, 2


@dataclass
class LinkSearch:
    """Improves placements link by link.

    Parameters
    ----------
    search
        Search over common sets; its comparator and pool.
    instance
        Network with links with QKD.
    seed
        Of the random moves.
    """

    search: Search
    instance: Instance
    seed: int

    def within(self, receivers: int) -> list[Placement]:
        """Return good placements with at most ``receivers`` receivers, the best first."""
        with_key = sum(link.qkd for link in self.instance.network.links)
        size = min(math.ceil(receivers / with_key), self.search.pool)
        common = self.search.heuristic(size)[0]
        current = self._dropped(Placement(common.of_links(self.instance)), receivers)
        placements = [
            Placement.of_each_link(placement.sets) for placement in (*self._moved(current), current)
        ]
        if common.receivers(self.instance) <= receivers:
            placements.append(common)
        elif size > 1:
            placements.append(self.search.heuristic(size - 1)[0])
        return placements

    def _dropped(self, current: Placement, receivers: int) -> Placement:
        """Drop receivers, those of least loss first, down to the budget.

        Raises
        ------
        NoCapacityError
            No receiver can be dropped so that every link keeps a channel for classical light.
        """
        while (over := current.receivers(self.instance) - receivers) > 0:
            drop_count = max(1, int(DROPPED_SHARE * over))
            fewer = [
                placement
                for link, chosen in enumerate(current.sets)
                for channel in chosen
                if len(chosen) > 1
                and self.search.is_fit(placement := _replaced(current, link, channel, None))
            ]
            if not fewer:
                raise NoCapacityError(len(max(current.sets, key=len)))
            title = f"by link, {over} receivers to drop"
            best = race(
                self.search.comparator, fewer, title, rounds=ROUNDS[:2], keep=3 * drop_count
            )
            current = _combined(current, best, drop_count)
        self.search.origin.setdefault(current, "by link, dropped")
        return current

    def _moved(self, current: Placement) -> Iterator[Placement]:
        """Exchange channels and move receivers while that improves; yield the last first."""
        rng = np.random.default_rng([self.seed, current.receivers(self.instance)])
        path: list[Placement] = []
        idle_rounds = 0
        for number in range(MAX_ROUNDS):
            fit = [
                placement
                for placement in self._moves(current, rng)
                if self.search.is_fit(placement)
            ]
            title = f"by link, moves {number + 1}"
            comparator = self.search.comparator
            best = race(comparator, [current, *fit], title, rounds=ROUNDS[:2])
            better = best[: best.index(current)] if current in best else best
            combined = _combined(current, better, MAX_COMBINED)
            improved = race(comparator, [current, *better[:2], combined], f"{title}, together")[0]
            idle_rounds = idle_rounds + 1 if improved == current else 0
            if idle_rounds == IDLE_ROUNDS:
                break
            if improved != current:
                current = improved
                self.search.origin.setdefault(current, "by link, moved")
                path.append(current)
        yield from reversed(path[-2:])

    def _moves(self, current: Placement, rng: np.random.Generator) -> Iterator[Placement]:
        """Draw moves: another channel on a link, or a receiver from one link to another."""
        links = [e for e, chosen in enumerate(current.sets) if chosen]
        for _ in range(MOVES):
            link = int(rng.choice(links))
            old = int(rng.choice(current.sets[link]))
            new = int(rng.integers(self.search.pool))
            if rng.random() < 0.5 and len(current.sets[link]) > 1:
                other = int(rng.choice(links))
                without = _replaced(current, link, old, None)
                if new not in without.sets[other]:
                    yield _replaced(without, other, None, new)
            elif new not in current.sets[link]:
                yield _replaced(current, link, old, new)


def _replaced(current: Placement, link: int, old: int | None, new: int | None) -> Placement:
    """Return the placement with a channel of one link dropped, added, or exchanged."""
    kept = [channel for channel in current.sets[link] if channel != old]
    changed = tuple(sorted(kept if new is None else [*kept, new]))
    return Placement((*current.sets[:link], changed, *current.sets[link + 1 :]))


def _combined(current: Placement, best: list[Placement], max_count: int) -> Placement:
    """Apply up to ``max_count`` of the best moves together, no two of which change one link."""
    sets: list[tuple[int, ...]] = list(current.sets)
    touched: set[int] = set()
    applied = 0
    for placement in best:
        changed = {
            e
            for e, pair in enumerate(zip(placement.sets, current.sets, strict=True))
            if pair[0] != pair[1]
        }
        if changed & touched:
            continue
        if applied == max_count:
            break
        for link in changed:
            sets[link] = placement.sets[link]
        touched |= changed
        applied += 1
    return Placement(tuple(sets))
