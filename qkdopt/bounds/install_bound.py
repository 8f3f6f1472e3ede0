"""The lower bound on the price of QKD equipment: linear programs, branching on links.

Each node of the tree settles for some links whether they have equipment. Its bound is that of
:class:`qkdopt.bounds.install_program.InstallProgram` at the prices that its linear program
proposes, and no less than its parent's.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qkdopt.bounds.install_columns import solve_for_prices
from qkdopt.bounds.install_program import Fixed, InstallPrices, InstallProgram
from qkdopt.problem import Problem
from qkdopt.result.dimensioning import EquipmentPrices

# Shares of a link that differ from 0 and 1 by less are whole.
WHOLE = 1e-6


@dataclass(frozen=True)
class InstallNode:
    """Some links settled, and what the program of them came to.

    Parameters
    ----------
    fixed
        Whether they have equipment, by position of the link.
    value
        Bound on this part, in the program's unit of price.
    prices
        Its prices; None where the solver failed.
    """

    fixed: Fixed
    value: float
    prices: InstallPrices | None


class InstallBound:
    """The bound on one problem, tightened node by node.

    Parameters
    ----------
    problem, prices
        As for :class:`qkdopt.bounds.install_program.InstallProgram`.
    """

    def __init__(self, problem: Problem, prices: EquipmentPrices) -> None:
        self._program = InstallProgram(problem, prices)
        self._links = np.flatnonzero(self._program.with_qkd).tolist()
        self._order = itertools.count()
        self._heap: list[tuple[float, int, InstallNode]] = []
        # Nodes with all links settled: nothing of theirs can be split.
        self._settled = np.inf
        self.nodes = 0
        self._push({}, 0.0)

    @property
    def bound(self) -> float:
        """What no choice of links costs less than; infinite where it is certain there is none."""
        open_value = self._heap[0][0] if self._heap else np.inf
        return float(min(open_value, self._settled)) * self._program.price_unit

    @property
    def closed(self) -> bool:
        """Whether no node that could be split has a value below those that cannot."""
        return not self._heap or self._heap[0][0] >= self._settled

    @property
    def method(self) -> str:
        """How the bound was proved, in words."""
        return f"load states with equipment or without, safe duals ({self.nodes} nodes)"

    def proposed(self) -> frozenset[int] | None:
        """Return the links of the lowest node, where its relaxed solution equips them whole."""
        if not self._heap or self._heap[0][2].prices is None:
            return None
        shares = self._heap[0][2].prices.installed
        if (np.minimum(shares, 1.0 - shares) > WHOLE).any():
            return None
        return frozenset(np.flatnonzero(shares > WHOLE).tolist())

    def equipped(self) -> frozenset[int]:
        """Return the links that the relaxed solution of the lowest node equips at all."""
        if not self._heap or self._heap[0][2].prices is None:
            return frozenset(self._links)
        return frozenset(np.flatnonzero(self._heap[0][2].prices.installed > WHOLE).tolist())

    def tighten(self, limit: float, should_stop: Callable[[], bool]) -> None:
        """Split the lowest node, unless no node can be below a price.

        Parameters
        ----------
        limit
            Price of the best links so far: nodes from there on are left out.
        should_stop
            Returns whether the time is up.
        """
        if self.closed or should_stop():
            return
        value, _, node = heapq.heappop(self._heap)
        link = self._link_to_split(node)
        if link is None:
            self._settled = min(self._settled, value)
            return
        for installed in (True, False):
            self._push({**node.fixed, link: installed}, value, limit)

    def _push(self, fixed: Fixed, least: float, limit: float = np.inf) -> None:
        self.nodes += 1
        program = self._program
        prices = solve_for_prices(program, fixed)
        value = least if prices is None else max(least, program.value(prices, fixed))
        if value == np.inf:
            return
        if value * program.price_unit >= limit:
            # No better than what there is, and no part of the bound below it.
            self._settled = min(self._settled, value)
            return
        heapq.heappush(self._heap, (value, next(self._order), InstallNode(fixed, value, prices)))

    def _link_to_split(self, node: InstallNode) -> int | None:
        """Return the link that the relaxed solution divides most, by its price; None without."""
        left = [e for e in self._links if e not in node.fixed]
        if not left:
            return None
        price = self._program.link_price + self._program.site_price
        if node.prices is None:
            return max(left, key=lambda e: float(price[e]))
        share = node.prices.installed

        def divided(e: int) -> tuple[float, float]:
            between = min(float(share[e]), 1.0 - float(share[e]))
            return (between * float(price[e]) if between > WHOLE else 0.0), float(share[e])

        return max(left, key=divided)


__all__ = ["InstallBound"]
