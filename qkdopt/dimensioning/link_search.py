"""Look for cheaper links: drop one, exchange one or two for another."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping

from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.installation import Lightpaths, Links
from qkdopt.dimensioning.plan_search import PlanSearch

# Rounds of search for the first plan: a few on all links and on those that the relaxation equips,
# which leaves more channels to the light, then more.
FIRST_ROUNDS, MORE_ROUNDS = 3, 40


class LinkSearch:
    """Search over links with QKD equipment, from all of them.

    Parameters
    ----------
    best
        The best links so far, and where better ones go.
    search
        Looks for a plan on given links.
    relaxed
        Links to begin with where no plan on all links is found; None for none.
    """

    def __init__(self, best: Best, search: PlanSearch, relaxed: Links | None = None) -> None:
        self._best, self._search, self._relaxed = best, search, relaxed
        self._installation = best.installation
        self._failed: set[Links] = set()

    def run(self) -> None:
        """Drop links while all needs are met, then exchange some; ends where nothing is better."""
        if self._best.links is None and not self._begin():
            return
        self._drop()
        while not self._over() and self._exchange():
            self._drop()

    def _over(self) -> bool:
        return self._search.over() or self._best.closed

    def _begin(self) -> bool:
        """Look for a first plan; whether there is one."""
        every = self._installation.links
        starts = [every] if self._relaxed in (None, every) else [every, self._relaxed]
        for rounds in (FIRST_ROUNDS, MORE_ROUNDS):
            for links in starts:
                found = None if links is None else self._search.plan_on(links, rounds=rounds)
                if links is not None and found is not None and self._best.offer(links, found):
                    return True
        return False

    def _drop(self) -> None:
        """Drop links one by one, those first that save most for the key drawn of them."""
        improved = True
        while improved and not self._over():
            improved = False
            for e in self._by_worth():
                links = self._present
                if e in links and not self._over() and self._try(links - {e}):
                    improved = True

    @property
    def _present(self) -> Links:
        assert self._best.links is not None
        return self._best.links

    def _by_worth(self) -> list[int]:
        """Return the present links by key drawn for what dropping them saves."""
        present, drawn = self._present, self._drawn()
        price = self._installation.price(present)

        def worth(e: int) -> tuple[float, int]:
            saved = price - self._installation.price(present - {e})
            return (drawn[e] / saved if saved > 0.0 else float("inf")), e

        return sorted(present, key=worth)

    def _drawn(self) -> Mapping[int, float]:
        """Return the key that demands ask for along their routes, by link."""
        drawn: dict[int, float] = defaultdict(float)
        lightpaths = self._best.lightpaths
        assert lightpaths is not None
        needs = self._installation.problem.needs.rate_bps
        for r, route in enumerate(lightpaths.routes):
            for e in () if route is None else route.links:
                drawn[e] += float(needs[r])
        return drawn

    def _exchange(self) -> bool:
        """Take one link in for one or two others, if that is cheaper; whether it was."""
        present = self._present
        price = self._installation.price(present)
        order = self._by_worth()
        for fresh in sorted(self._installation.links - present):
            for count in (1, 2):
                for gone in itertools.combinations(order, count):
                    if self._over():
                        return False
                    links = present - set(gone) | {fresh}
                    if self._installation.price(links) < price and self._try(links):
                        return True
        return False

    def _try(self, links: Links) -> bool:
        """Whether a plan on cheaper links was found."""
        price = self._installation.price(links)
        if links in self._failed or not price < self._best.price:
            return False
        start: Lightpaths | None = self._best.lightpaths
        found = self._search.plan_on(links, start)
        if found is not None and self._best.offer(links, found):
            return True
        self._failed.add(links)
        return False
