"""The search as Python calls it: in chunks, so that clock and stop flag are looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qkdopt.heuristics.annealing.arrays import (
    SearchArrays,
    SearchState,
    build_arrays,
    new_state,
    plan_of_state,
)
from qkdopt.heuristics.annealing.kernel import anneal, rebuild
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.plan import Plan
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class Search:
    """One search of one problem, from a plan."""

    problem: Problem
    arrays: SearchArrays
    state: SearchState

    @classmethod
    def begin(cls, problem: Problem, plan: Plan, seed: int) -> Search:
        """Set up a search; the plan is its first best.

        Parameters
        ----------
        problem
            The problem.
        plan
            Plan of the problem to begin with.
        seed
            Random seed of the moves.
        """
        arrays = build_arrays(problem)
        search = cls(problem, arrays, new_state(arrays, plan, seed))
        search.rebuild()
        search.state.figures[2:] = search.state.figures[:2]
        return search

    def rebuild(self) -> None:
        """Recompute noise, rates and score from the lightpaths."""
        a, s = self.arrays, self.state
        rebuild(
            a.objective, a.min_skr, a.path_start, a.hops, a.noise, a.blocks, a.groups,
            a.transmittance, a.background_noise, a.rate, a.table, a.needs, a.order, s.path,
            s.channel, s.occupant, s.noise, s.blockers, s.link_rate, s.drawn, s.figures,
        )  # fmt: skip

    def anneal(self, moves: int, hot_bps: float, cold_bps: float) -> None:
        """Try moves, cooling from ``hot_bps`` to ``cold_bps``; drift is removed afterwards.

        Parameters
        ----------
        moves
            Number of moves.
        hot_bps, cold_bps
            Temperature at the beginning and at the end [bit/s of the score], both above 0;
            between them it falls geometrically.
        """
        a, s = self.arrays, self.state
        anneal(
            moves, hot_bps, cold_bps, a.objective, a.demands, a.min_skr, a.path_start, a.hops,
            a.usable, a.noise, a.blocks, a.groups, a.transmittance, a.rate, a.table, a.needs,
            a.order, s.path, s.channel, s.occupant, s.noise, s.blockers, s.link_rate, s.drawn,
            s.best_path, s.best_channel, s.figures, s.random,
        )  # fmt: skip
        self.rebuild()

    def figures_of(self, path: IntArray, channel: IntArray) -> FloatArray:
        """``(2,)`` score and number served of other lightpaths; the search stays where it is.

        Parameters
        ----------
        path
            ``(R,)`` path of each demand; -1 when blocked.
        channel
            ``(R, B)`` channel of each slot; -1 where unused.
        """
        a, s = self.arrays, self.state
        figures = np.zeros(2)
        rebuild(
            a.objective, a.min_skr, a.path_start, a.hops, a.noise, a.blocks, a.groups,
            a.transmittance, a.background_noise, a.rate, a.table, a.needs, a.order, path, channel,
            s.occupant.copy(), s.noise.copy(), s.blockers.copy(), s.link_rate.copy(),
            s.drawn.copy(), figures,
        )  # fmt: skip
        return figures

    def begin_at(self, path: IntArray, channel: IntArray) -> None:
        """Go on from other lightpaths, which are the best so far whatever came before.

        Parameters
        ----------
        path
            ``(R,)`` path of each demand; -1 when blocked.
        channel
            ``(R, B)`` channel of each slot; -1 where unused.
        """
        s = self.state
        s.path[:], s.channel[:] = path, channel
        self.rebuild()
        s.best_path[:], s.best_channel[:] = path, channel
        s.figures[2:] = s.figures[:2]

    def on_paths(self, path: IntArray) -> Search:
        """Return a search of the channels alone, which shares this one's state.

        Parameters
        ----------
        path
            ``(R,)`` the only path of each demand, lit or blocked; -1 for one that stays blocked.
        """
        first = np.maximum(path, 0)
        end = np.where(path >= 0, first + 1, first)
        demands = np.column_stack([first, end, self.arrays.demands[:, 2:]])
        return Search(self.problem, replace(self.arrays, demands=demands), self.state)

    def back_to_best(self) -> None:
        """Go on from the best lightpaths."""
        self.state.path[:] = self.state.best_path
        self.state.channel[:] = self.state.best_channel
        self.rebuild()

    @property
    def served(self) -> int:
        """Number served by the best lightpaths."""
        return int(self.state.figures[3])

    def best(self) -> Plan:
        """Return the best plan."""
        return plan_of_state(self.problem, self.arrays, self.state)
