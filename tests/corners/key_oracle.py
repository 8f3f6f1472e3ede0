"""What demands get of shared keys, by an own simplex method over paths.

For networks of a handful of links and demands. The programs under test have arcs in place of paths,
and a solver; the checker has neither of them in common with this.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from qkdopt.instance import Instance
from tests.corners.paths import all_paths

TINY = 1e-11
# A need is met by this share of it, as the documentation says.
MET = 1.0 - 1e-6


def simplex(cost: np.ndarray, rows: np.ndarray, limit: np.ndarray) -> tuple[float, np.ndarray]:
    """Maximise ``cost x`` over ``rows x <= limit``, ``x >= 0``, limits not negative: Bland's rule.

    Returns the value and ``x``; infinite where there is no maximum.
    """
    m, n = rows.shape
    table = np.zeros((m + 1, n + m + 1))
    table[:m, :n], table[:m, n : n + m], table[:m, -1] = rows, np.eye(m), limit
    table[m, :n] = -cost
    basis = list(range(n, n + m))
    while True:
        entering = next((j for j in range(n + m) if table[m, j] < -TINY), None)
        if entering is None:
            x = np.zeros(n + m)
            x[basis] = table[:m, -1]
            return float(table[m, -1]), x[:n]
        ratios = [
            (table[i, -1] / table[i, entering], basis[i], i)
            for i in range(m)
            if table[i, entering] > TINY
        ]
        if not ratios:
            return math.inf, np.full(n, math.inf)
        _, _, leaving = min(ratios)
        table[leaving] /= table[leaving, entering]
        for i in range(m + 1):
            if i != leaving:
                table[i] -= table[i, entering] * table[leaving]
        basis[leaving] = entering


class KeyOracle:
    """Shared keys of one instance, for any routes and key rates of links.

    Parameters
    ----------
    instance
        The instance.
    objective
        What counts.
    """

    def __init__(self, instance: Instance, objective: str) -> None:
        self.instance, self.objective = instance, objective
        demands = instance.demands
        self.needs = []
        for demand in demands:
            need = 0.0
            if demand.key is not None:
                need = demand.key.rate_bps or demand.key.bits / demand.key.every_s
                need *= demand.channels if demand.key.per == "lightpath" else 1
            self.needs.append(need)
        self.weights = [0.0 if d.key is None else d.key.weight for d in demands]
        self.asked = math.fsum(self.needs)
        with_qkd = [link.qkd for link in instance.network.links]
        self._free = [
            [
                tuple(e for e, _ in hops)
                for hops in all_paths(instance, demand.source, demand.target)
                if all(with_qkd[e] for e, _ in hops)
            ]
            for demand in demands
        ]

    def most(self, served: list[bool]) -> float:
        """What no plan that serves these demands can exceed, whatever its links have."""
        if self.objective == "key-factor":
            return math.inf
        asked = [r for r in range(len(served)) if served[r]]
        if self.objective == "key-delivered":
            return math.fsum(self.needs[r] for r in asked)
        return self._worth(asked)

    def value(self, chosen: list, rates: list[float]) -> float:
        """Objective [bit/s] of the choices of all demands, with these key rates of the links.

        Parameters
        ----------
        chosen
            By demand its hops and channels; None where it is blocked.
        rates
            Key rate of each link [bit/s].
        """
        asking = [r for r, choice in enumerate(chosen) if choice is not None and self.needs[r]]
        if not asking:
            return 0.0
        paths = self._paths(chosen, asking)
        if self.objective == "key-factor":
            return self.asked * self._factor(asking, paths, rates)
        if self.objective == "key-delivered":
            return self._delivered(asking, paths, rates)
        return self._met(asking, paths, rates)

    def _paths(self, chosen: list, asking: list[int]) -> list[tuple[int, tuple[int, ...]]]:
        """Demand and links of every path that a key may take."""
        if self.instance.qkd.relay == "flow":
            return [(r, path) for r in asking for path in self._free[r]]
        return [(r, tuple(e for e, _ in chosen[r][0])) for r in asking]

    def _factor(self, asking: list[int], paths: list, rates: list[float]) -> float:
        scale = max(rates) or 1.0
        top = max(self.needs[r] for r in asking)
        rows, limit = self._links(paths, rates, scale)
        rows = np.hstack([rows, np.zeros((len(rows), 1))])
        asked = np.zeros((len(asking), len(paths) + 1))
        for i, r in enumerate(asking):
            for j, (owner, _) in enumerate(paths):
                asked[i, j] = -float(owner == r)
            asked[i, -1] = self.needs[r] / top
        cost = np.zeros(len(paths) + 1)
        cost[-1] = 1.0
        value, _ = simplex(
            cost, np.vstack([rows, asked]), np.concatenate([limit, np.zeros(len(asking))])
        )
        return value * scale / top

    def _delivered(self, asking: list[int], paths: list, rates: list[float]) -> float:
        scale = max(rates) or 1.0
        rows, limit = self._links(paths, rates, scale)
        asked = np.array([[float(owner == r) for owner, _ in paths] for r in asking])
        needs = np.array([self.needs[r] / scale for r in asking])
        if not paths:
            return 0.0
        value, _ = simplex(
            np.ones(len(paths)), np.vstack([rows, asked]), np.concatenate([limit, needs])
        )
        return value * scale

    def _met(self, asking: list[int], paths: list, rates: list[float]) -> float:
        """Try every set of demands to be met, the most valuable first."""
        sets = [chosen for size in range(len(asking) + 1) for chosen in combinations(asking, size)]
        for chosen in sorted(sets, key=self._worth, reverse=True):
            own = [(r, path) for r, path in paths if r in chosen]
            if not chosen or self._factor(list(chosen), own, rates) >= MET:
                return self._worth(chosen)
        return 0.0

    def _worth(self, chosen) -> float:
        return self.asked * math.fsum(self.weights[r] for r in chosen) / math.fsum(self.weights)

    def _links(
        self, paths: list, rates: list[float], scale: float
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = np.array([[float(e in path) for _, path in paths] for e in range(len(rates))])
        return rows.reshape(len(rates), len(paths)), np.array(rates) / scale
