"""Sets by link under a budget of receivers: drop from a common set, then move and exchange."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import ROUNDS, race
from qkdopt.channel_sets.search import NoRoomError, Search
from qkdopt.instance import Instance

# Receivers dropped at a time: the tenth of what is still to go, those that are missed least.
DROPPED_SHARE = 0.1
MOVES = 120
# Moves of one round that are tried together, each on a link of its own.
TOGETHER = 4
MOST_ROUNDS, IDLE_ROUNDS = 20, 2


@dataclass
class LinkSearch:
    """Improves placements link by link.

    Parameters
    ----------
    search
        Of common sets; its judge and pool.
    instance
        Links of which have QKD.
    seed
        Of the moves that are tried.
    """

    search: Search
    instance: Instance
    seed: int

    def within(self, receivers: int) -> list[Placement]:
        """Return good placements with at most so many receivers, the best first."""
        with_key = sum(link.qkd for link in self.instance.network.links)
        size = min(math.ceil(receivers / with_key), self.search.pool)
        common = self.search.heuristic(size)[0]
        here = self._dropped(Placement(common.of_links(self.instance)), receivers)
        found = [Placement.of_each_link(one.sets) for one in (*self._moved(here), here)]
        if common.receivers(self.instance) <= receivers:
            found.append(common)
        elif size > 1:
            found.append(self.search.heuristic(size - 1)[0])
        return found

    def _dropped(self, here: Placement, receivers: int) -> Placement:
        """Take receivers away, those that are missed least first, down to the budget.

        Raises
        ------
        NoRoomError
            Every receiver that could go would take the last channel of light with it.
        """
        while (over := here.receivers(self.instance) - receivers) > 0:
            some = max(1, int(DROPPED_SHARE * over))
            fewer = [
                one
                for link, chosen in enumerate(here.sets)
                for channel in chosen
                if len(chosen) > 1
                and self.search.is_fit(one := _replaced(here, link, channel, None))
            ]
            if not fewer:
                raise NoRoomError(len(max(here.sets, key=len)))
            title = f"by link, {over} receivers to drop"
            best = race(self.search.judge, fewer, title, rounds=ROUNDS[:2], keep=3 * some)
            here = _combined(here, best, some)
        self.search.origin.setdefault(here, "by link, dropped")
        return here

    def _moved(self, here: Placement) -> Iterator[Placement]:
        """Exchange channels and move receivers while that helps; yield the last, then earlier."""
        rng = np.random.default_rng([self.seed, here.receivers(self.instance)])
        path: list[Placement] = []
        idle = 0
        for number in range(MOST_ROUNDS):
            fit = [one for one in self._moves(here, rng) if self.search.is_fit(one)]
            title = f"by link, moves {number + 1}"
            judge = self.search.judge
            best = race(judge, [here, *fit], title, rounds=ROUNDS[:2])
            better = best[: best.index(here)] if here in best else best
            combined = _combined(here, better, TOGETHER)
            now = race(judge, [here, *better[:2], combined], f"{title}, together")[0]
            idle = idle + 1 if now == here else 0
            if idle == IDLE_ROUNDS:
                break
            if now != here:
                here = now
                self.search.origin.setdefault(here, "by link, moved")
                path.append(here)
        yield from reversed(path[-2:])

    def _moves(self, here: Placement, rng: np.random.Generator) -> Iterator[Placement]:
        """Draw moves: another channel on a link, or a receiver from one link to another."""
        links = [e for e, chosen in enumerate(here.sets) if chosen]
        for _ in range(MOVES):
            link = int(rng.choice(links))
            old = int(rng.choice(here.sets[link]))
            new = int(rng.integers(self.search.pool))
            if rng.random() < 0.5 and len(here.sets[link]) > 1:
                other = int(rng.choice(links))
                without = _replaced(here, link, old, None)
                if new not in without.sets[other]:
                    yield _replaced(without, other, None, new)
            elif new not in here.sets[link]:
                yield _replaced(here, link, old, new)


def _replaced(here: Placement, link: int, old: int | None, new: int | None) -> Placement:
    """Return the placement with a channel of one link taken away, added, or exchanged."""
    kept = [channel for channel in here.sets[link] if channel != old]
    changed = tuple(sorted(kept if new is None else [*kept, new]))
    return Placement((*here.sets[:link], changed, *here.sets[link + 1 :]))


def _combined(here: Placement, best: list[Placement], most: int) -> Placement:
    """Apply the best moves together, as long as no two change one link."""
    sets: list[tuple[int, ...]] = list(here.sets)
    touched: set[int] = set()
    applied = 0
    for one in best:
        changed = {
            e for e, pair in enumerate(zip(one.sets, here.sets, strict=True)) if pair[0] != pair[1]
        }
        if changed & touched:
            continue
        if applied == most:
            break
        for link in changed:
            sets[link] = one.sets[link]
        touched |= changed
        applied += 1
    return Placement(tuple(sets))
