"""The compiled search, as Python calls it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from qkdopt.plan import Plan
from qkdopt.problem import Problem
from qkdopt.state.annealing import anneal
from qkdopt.state.compiled import SOURCES, entry
from qkdopt.state.moving import refresh, remember_best
from qkdopt.state.network import Network, build_network
from qkdopt.state.prng import SeedArray, seeded
from qkdopt.state.search_state import (
    BEST_SCORE,
    BEST_SERVED,
    SCALE,
    TRIED,
    UNSERVED,
    Move,
    State,
    best_plan,
    empty_move,
    empty_state,
    load_plan,
)
from qkdopt.state.serving import serve
from qkdopt.units import FloatArray

_Kernel = Callable[
    [Network, State, Move, SeedArray, FloatArray, int, int, float, float], None
]


def _kernel(sources: str) -> _Kernel:
    @entry
    def run(
        network: Network, state: State, move: Move, random: SeedArray, stubborn: FloatArray,
        attempts: int, moves: int, hot: float, cold: float,
    ) -> None:  # fmt: skip
        _ = sources  # part of the cache key, see `compiled`
        refresh(network, state, move)
        remember_best(state)
        serve(network, state, move, random, stubborn, attempts, hot)
        anneal(network, state, move, random, moves, hot, cold)

    return run


_run = _kernel(SOURCES)


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search: a problem's arrays, the state that moves, its own random numbers."""

    problem: Problem
    network: Network
    state: State
    move: Move
    random: SeedArray
    stubborn: FloatArray = field(repr=False)

    @classmethod
    def start(cls, problem: Problem, *, seed: int, plan: Plan | None = None) -> Self:
        """Set up a search from a plan, or from a dark network."""
        network = build_network(problem)
        state = empty_state(network)
        if plan is not None:
            load_plan(network, state, plan)
        return cls(
            problem=problem,
            network=network,
            state=state,
            move=empty_move(network),
            random=seeded(seed),
            stubborn=np.ones(len(network.width)),
        )

    def run(self, *, attempts: int = 0, moves: int = 0, hot: float = 1.0, cold: float = 1.0) -> None:
        """Try to serve more demands, then anneal from hot to cold [bit/s]."""
        _run(
            self.network, self.state, self.move, self.random, self.stubborn,
            attempts, moves, float(hot), float(cold),
        )  # fmt: skip

    def back_to_best(self) -> None:
        """Go on from the best lightpaths seen."""
        self.state.path[:] = self.state.best_path
        self.state.channel[:] = self.state.best_channel
        self.run()
