"""The annealing of routes as Python calls it: in chunks, so that clock and stop flag are seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qkdopt.heuristics.annealing.arrays import random_state
from qkdopt.heuristics.route_annealing.arrays import RoutingArrays, paths_of, routing_arrays
from qkdopt.heuristics.route_annealing.kernel import anneal_routes, set_up
from qkdopt.heuristics.route_annealing.triples import Triples, crowded
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.plan import Plan
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class RouteSearch:
    """One search over the routes of as many demands as a plan serves.

    Parameters
    ----------
    arrays
        The problem as arrays.
    path
        ``(R,)`` path of each demand; -1 when blocked.
    load
        ``(E, 2)`` lightpaths with and against the quantum signal.
    rate, excess
        ``(E,)`` best key rate of each link at its load [bit/s], and lightpaths beyond what fits.
    triples
        Triples of fibres that the search has crowded so far, and their loads.
    drawn
        ``(E,)`` key that is drawn of each link [bit/s], for objectives about shared keys.
    value
        ``(R,)`` what each demand counts [bit/s].
    members, count, place
        ``(E, R)``, ``(E,)`` and ``(R, longest path)``: who crosses each link, how many, and where
        among them each demand is.
    best_path
        ``(R,)`` best paths so far that fit on every link and crowd no triple of fibres known.
    figures
        ``(3,)`` current score, its excess, and the best score.
    random
        ``(1,)`` state of the random number generator.
    """

    arrays: RoutingArrays
    triples: Triples
    path: IntArray
    load: IntArray
    rate: FloatArray
    excess: IntArray
    drawn: FloatArray
    value: FloatArray
    members: IntArray
    count: IntArray
    place: IntArray
    best_path: IntArray
    figures: FloatArray
    random: np.ndarray[tuple[int], np.dtype[np.uint64]]

    @classmethod
    def begin(
        cls, problem: Problem, plan: Plan, seed: int, *, all_demands: bool = False
    ) -> RouteSearch:
        """Set up a search from the routes of a plan; where they fit, they are its first best.

        Parameters
        ----------
        problem
            The problem.
        plan
            Plan of the problem; as many demands as it serves stay served.
        seed
            Random seed of the moves.
        all_demands
            Whether blocked demands are served too, on their first routes, fit or not.
        """
        arrays = routing_arrays(problem)
        path = paths_of(plan, arrays)
        if all_demands:
            first, end, *_ = arrays.demands.T
            path = np.where((path < 0) & (first < end), first, path)
        links, demands = len(arrays.rate_of_load), len(path)
        longest = int(np.diff(arrays.path_start).max(initial=1))
        search = cls(
            arrays=arrays,
            triples=Triples.of(np.zeros((0, 3), dtype=np.int64), arrays.room, arrays.crosses),
            path=path,
            load=np.zeros((links, 2), dtype=np.int64),
            rate=np.zeros(links),
            excess=np.zeros(links, dtype=np.int64),
            drawn=np.zeros(links),
            value=np.zeros(demands),
            members=np.zeros((links, demands), dtype=np.int64),
            count=np.zeros(links, dtype=np.int64),
            place=np.zeros((demands, longest), dtype=np.int64),
            best_path=path.copy(),
            figures=np.zeros(3),
            random=random_state(seed),
        )
        search.set_up()
        search.figures[2] = search.figures[0] if search.figures[1] == 0 else -np.inf
        return search

    @property
    def fits(self) -> bool:
        """Whether any paths were seen that fit on every link and crowd no triple known."""
        return bool(self.figures[2] > -np.inf)

    def set_up(self) -> None:
        """Compute loads, rates and score from the paths."""
        a, t = self.arrays, self.triples
        set_up(
            a.objective, a.demands, a.min_skr, a.path_start, a.hops, a.rate_of_load,
            a.excess_of_load, a.needs, a.order, t.start, t.of_path, t.room, t.load, self.path,
            self.load, self.rate, self.excess,
            self.drawn, self.value, self.members, self.count, self.place, self.figures,
        )  # fmt: skip

    def anneal(self, moves: int, heat_bps: float, penalty_bps: float) -> None:
        """Try moves at one temperature; drift is removed afterwards.

        Parameters
        ----------
        moves
            Number of moves.
        heat_bps
            Temperature [bit/s of the score], above 0.
        penalty_bps
            What a lightpath beyond what fits on a link, or on a triple of fibres, costs [bit/s of
            the score].
        """
        a, t = self.arrays, self.triples
        anneal_routes(
            moves, heat_bps, penalty_bps, a.objective, a.demands, a.min_skr, a.path_start, a.hops,
            a.rate_of_load, a.excess_of_load, a.needs, a.order, t.start, t.of_path, t.room, t.load,
            self.path, self.load, self.rate,
            self.excess, self.drawn, self.value, self.members, self.count, self.place,
            self.best_path, self.figures, self.random,
        )  # fmt: skip
        self.set_up()

    def without_crowds(self) -> RouteSearch:
        """Return the search with a penalty on triples of fibres that its paths crowd.

        Its best paths count no longer where they crowd one.
        """
        found = [self._crowded(path) for path in (self.best_path, self.path)]
        known = {tuple(triple) for triple in self.triples.fibres.tolist()}
        new = sorted({tuple(t) for part in found for t in part.tolist()} - known)
        if not new:
            return self
        fibres = np.array([*self.triples.fibres.tolist(), *new], dtype=np.int64)
        triples = Triples.of(fibres, self.arrays.room, self.arrays.crosses)
        search = replace(self, triples=triples)
        search.set_up()
        if len(found[0]):
            search.figures[2] = -np.inf
        return search

    def _crowded(self, path: IntArray) -> IntArray:
        """``(T, 3)`` triples of fibres that paths crowd."""
        served = path >= 0
        arrays = self.arrays
        return crowded(arrays.crosses[path[served]], arrays.demands[served, 2], arrays.room)
