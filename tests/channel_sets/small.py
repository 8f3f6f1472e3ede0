"""Small cases of a design, and a evaluator whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import Comparator
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import SUMS
from qkdopt.channel_sets.traffic_evaluator import TrafficEvaluator
from qkdopt.instance import Instance
from qkdopt.instance.generation import new_instance
from qkdopt.jobs import Store, Workers

CHANNELS = 12


@cache
def small_instance(channels: int = CHANNELS) -> Instance:
    """NSFNET on a grid of few channels."""
    return new_instance("small", topology="nsfnet", demands=0, seed=1, channels=channels)


def small_ground(
    *,
    reserve: str = "all",
    loads: Sequence[float] = (20.0,),
    requests: int = 400,
    instance: Instance | None = None,
) -> TrafficEvaluator:
    return TrafficEvaluator(
        instance=instance or small_instance(), reserve=reserve,
        scenarios=tuple(Scenario(load) for load in loads), requests=requests,
    )  # fmt: skip


@dataclass(frozen=True)
class KnownGround:
    """Each placement has a mean key rate that is known, and noise that is paired in part."""

    truth: Callable[[Placement], float]
    spread: float = 0.0
    own_spread: float = 0.0
    calls: list[tuple[int, int]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"known {self.spread} {self.own_spread}"

    def seconds(self, blocks: int) -> float:
        return 0.01 * blocks

    def tallies(self, placements, stream, first, count):
        self.calls.append((len(placements), count))
        tallies = np.zeros((len(placements), count, 1, SUMS))
        for p, placement in enumerate(placements):
            for k in range(count):
                code = [first + k, {"search": 0, "ranking": 1}[stream]]
                shared = np.random.default_rng(code).normal()
                own = np.random.default_rng(
                    [*code, *(c for s in placement.sets for c in s)]
                ).normal()
                rate = self.truth(placement) + self.spread * shared + self.own_spread * own
                tallies[p, k, 0] = (100.0, 90.0, 100.0 * rate, 0.0)
        return tallies


@contextmanager
def evaluations_of(evaluator, folder: Path):
    with ThreadPoolExecutor(1) as pool:
        yield Evaluations(evaluator, Store(folder), Workers(pool, lambda: 1))


def judge_of(evaluations: Evaluations, baseline: Placement, criterion: str = "mean") -> Comparator:
    return Comparator(evaluations, Criterion(criterion), np.ones(1), baseline)
