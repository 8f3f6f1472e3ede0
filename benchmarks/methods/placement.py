"""Legal plans from wishes: routes and channels that a method wants, else first fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qkdopt.heuristics.spectrum import Spectrum, drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, Plan


class Placement:
    """Places demands one by one, so that every link keeps a legal QKD channel.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._spectrum = Spectrum(problem)

    def plan(
        self,
        order: Sequence[int],
        routes: Sequence[int],
        channels: Sequence[Sequence[int]] | None = None,
    ) -> Plan:
        """Return the plan of these wishes, every link at its best QKD channel by exact rates.

        Parameters
        ----------
        order
            Demands in the order in which they are placed; those left out stay blocked.
        routes
            ``(R,)`` number of the candidate route that each demand tries first.
        channels
            ``(R,)`` channels that each demand takes where they are free; None for first fit.
        """
        demands = len(self._problem.routes)
        chosen, lit = [BLOCKED] * demands, [()] * demands
        for r in order:
            wanted = () if channels is None else channels[r]
            for p in self._routes_from(r, routes[r]):
                # Wished channels are meant for the wished route alone.
                found = self._light(r, p, wanted if p == routes[r] else ())
                if found is not None:
                    chosen[r], lit[r] = p, found
                    break
        self._release(chosen, lit)
        return drop_below_min_rate(self._problem, chosen, lit)

    def _routes_from(self, r: int, first: int) -> list[int]:
        """Candidate routes of a demand, the wished one first."""
        others = [p for p in range(len(self._problem.routes[r])) if p != first]
        return [first, *others] if first < len(self._problem.routes[r]) else others

    def _light(self, r: int, p: int, wanted: Sequence[int]) -> tuple[int, ...] | None:
        """Light all channels of a demand on a route; None, and nothing lit, without room."""
        route, left = self._spectrum.route_number(r, p), list(wanted)
        lit: list[int] = []
        while len(lit) < self._problem.instance.demands[r].channels:
            free = np.flatnonzero(self._spectrum.free(route))
            if not len(free):
                for channel in lit:
                    self._spectrum.release(route, channel)
                return None
            wish = next((channel for channel in left if channel in free), int(free[0]))
            left = [channel for channel in left if channel != wish]
            self._spectrum.light(route, wish)
            lit.append(wish)
        return tuple(sorted(lit))

    def _release(self, routes: Sequence[int], channels: Sequence[tuple[int, ...]]) -> None:
        """Put out all light, so that the next plan starts from a dark network."""
        for r, (p, lit) in enumerate(zip(routes, channels, strict=True)):
            for channel in lit:
                self._spectrum.release(self._spectrum.route_number(r, p), channel)
