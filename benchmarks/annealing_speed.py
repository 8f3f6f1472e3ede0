"""Moves a second of the local search with shared keys: ``python benchmarks/annealing_speed.py``.

Prints, for the main instance and a full one, the moves a CPU second of each objective about shared
keys beside those of ``mean`` in the same run, from the same plan. Target: a third of them.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.problem import build_problem

INSTANCES = Path(__file__).parent.parent / "instances"
NAMES = ("nsfnet_100erl.json", "bench/nsfnet_180erl.json")
OBJECTIVES = ("mean", "key-factor", "key-delivered", "key-served")
MOVES = 200_000
ROUNDS = 5
NEED_BPS = 1000.0
HEAT_BPS = 20.0
TARGET = 1 / 3


def main() -> None:
    """Print a line per instance and objective."""
    for name in NAMES:
        instance = qkdopt.share_keys(qkdopt.read_instance(INSTANCES / name), rate_bps=NEED_BPS)
        speeds = dict.fromkeys(OBJECTIVES, 0.0)
        for objective in OBJECTIVES:
            speeds[objective] = speed(instance, objective)
        for objective, value in speeds.items():
            ratio = value / speeds["mean"]
            print(
                f"{instance.name:<15} {objective:<14} {value / 1e3:8.0f} thousand moves a second, "
                f"{ratio:.2f} of mean, target {TARGET:.2f}",
                flush=True,
            )


def speed(instance: qkdopt.Instance, objective: str) -> float:
    """Return the moves a CPU second, the median of some rounds after one to compile and warm up."""
    if objective == "mean":
        instance = instance.replace(qkd={"key_accounting": "per-demand"}, demands=without(instance))
    problem = build_problem(instance, objective)
    search = Search.begin(problem, ds_qkd(problem), seed=1)
    search.anneal(MOVES // 10, HEAT_BPS, HEAT_BPS)
    found = []
    for _ in range(ROUNDS):
        started = time.process_time()
        search.anneal(MOVES, HEAT_BPS, HEAT_BPS)
        found.append(MOVES / (time.process_time() - started))
    return median(found)


def without(instance: qkdopt.Instance) -> list[object]:
    """Return the demands without their needs."""
    return [demand.model_copy(update={"key": None}) for demand in instance.demands]


if __name__ == "__main__":
    main()
