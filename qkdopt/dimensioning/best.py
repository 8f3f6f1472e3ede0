"""The cheapest links so far whose plan meets all needs, and the proved lower bound."""

from __future__ import annotations

from qkdopt.dimensioning.installation import Installation, Lightpaths, Links, meets_all
from qkdopt.problem.plan import Plan

# Prices that differ by less are one.
SAME = 1e-9


class Best:
    """Keeps the cheaper of every two choices of links, and the highest lower bound.

    Parameters
    ----------
    installation
        What there is to choose from.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.links: Links | None = None
        self.lightpaths: Lightpaths | None = None
        self.price = float("inf")
        self._most = installation.price(installation.links)
        self.bound = 0.0
        self.method = "no price is below 0"
        # Proved: no choice of links meets all needs.
        self.impossible = False

    def offer(self, links: Links, lightpaths: Lightpaths) -> bool:
        """Take links and lightpaths that are cheaper, if exact rates meet all needs."""
        price = self.installation.price(links)
        if price >= self.price - SAME * max(1.0, price) and self.links is not None:
            return False
        problem = self.installation.problem_on(links)
        if problem is None or not meets_all(problem, lightpaths.plan(problem)):
            return False
        self.links, self.lightpaths, self.price = links, lightpaths, price
        return True

    def raise_bound(self, bound: float, method: str) -> None:
        """Note a lower bound; one above the price of all links says that none meet all needs."""
        if bound > self._most * (1.0 + SAME) + SAME:
            if self.links is None:
                self.impossible, self.method = True, method
                return
            bound = self.price
        bound = self.installation.rounded_up(bound)
        if bound > self.bound:
            self.bound, self.method = bound, method

    @property
    def closed(self) -> bool:
        """Whether nothing is left to prove."""
        return self.impossible or self.bound >= self.price * (1.0 - SAME) - SAME

    def plan(self) -> Plan:
        """Return the plan of the best links; there must be one."""
        assert self.links is not None
        assert self.lightpaths is not None
        problem = self.installation.problem_on(self.links)
        assert problem is not None
        return self.lightpaths.plan(problem)
