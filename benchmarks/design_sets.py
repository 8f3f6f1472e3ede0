"""Design of channel sets: how good, how fast, and how near to the best of all sets.

``python benchmarks/design_sets.py [best|loads|exhaustive]``; without a word, all three.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.options import SearchOptions
from qkdopt.channel_sets.paired import bonferroni
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.race import Comparator
from qkdopt.channel_sets.rank import design
from qkdopt.channel_sets.ranking import comparison
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.search import every
from qkdopt.channel_sets.traffic_evaluator import TrafficEvaluator
from qkdopt.instance.generation import new_instance
from qkdopt.io import read_instance
from qkdopt.jobs import Store, open_workers

INSTANCES = Path(__file__).parent.parent / "instances"
PAPER = Placement.everywhere((3, 13, 23, 33))
LOADS = (60.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0, 220.0, 240.0, 260.0)
BLOCKS = 100
SECONDS = 120.0


def best() -> None:
    """Run the command as a user does: seconds against 2 minutes, gain over the study."""
    print("best set of 4, NSFNET, 100 erlang")
    for name in ("nsfnet_100erl_4ch", "nsfnet_100erl"):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "qkdopt", "design", INSTANCES / f"{name}.json"]
            started = time.perf_counter()
            subprocess.run(
                [*map(str, command), "--channels", "4", "-o", folder],
                check=True, capture_output=True,
            )  # fmt: skip
            seconds = time.perf_counter() - started
            row = pd.read_csv(Path(folder) / "design.csv").iloc[0]
        print(
            f"  {name}: {row['channels']} {row['paired_gain_percent']:+.3f} "
            f"+- {row['paired_ci95']:.3f} % over the study's, {row['verdict']}; "
            f"{seconds:.0f} s, {seconds / SECONDS:.2f} of the target"
        )


def loads() -> None:
    """One set for all loads, and one for each load, against the study's."""
    evaluator = _evaluator(LOADS)
    options = SearchOptions(criterion=Criterion("least-gain"), blocks=BLOCKS)
    with tempfile.TemporaryDirectory() as folder, open_workers(None, None) as team:
        found = design(evaluator, PAPER, options, Evaluations(evaluator, Store(Path(folder)), team))
        name = found.table["name"].iloc[0]
        print(f"one set for all loads, chosen by its least gain: {name}")
        mine = found.scenarios[found.scenarios["name"] == name]
        for row in mine.to_dict("records"):
            print(
                f"  {row['scenario']}: {row['paired_gain_percent']:+.3f} "
                f"+- {row['paired_ci95']:.3f} %, {row['verdict']}"
            )
        below = (mine["verdict"] == "below").sum()
        print(f"  significantly below {{3,13,23,33}} at {below} of {len(mine)} loads; target 0")
    print("one set for each load")
    for load in LOADS[::2]:
        evaluator = _evaluator((load,))
        with tempfile.TemporaryDirectory() as folder, open_workers(None, None) as team:
            known = Evaluations(evaluator, Store(Path(folder)), team)
            row = design(evaluator, PAPER, SearchOptions(blocks=BLOCKS), known).table.iloc[0]
        print(
            f"  {load:g} erlang: {row['name']} {row['paired_gain_percent']:+.3f} "
            f"+- {row['paired_ci95']:.3f} %, {row['verdict']}"
        )


def exhaustive() -> None:
    """All 220 sets of 3 of 12 channels at full length, against the search; one process each."""
    instance = new_instance("small_grid", topology="nsfnet", demands=0, seed=1, channels=12)
    base = Placement.everywhere((3, 7, 11))
    evaluator = TrafficEvaluator(
        instance=instance, reserve="all", scenarios=(Scenario(30.0),)
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, open_workers(None, 1) as team:
        warm = Evaluations(evaluator, Store(Path(folder) / "warm"), team)
        warm.extend([base], 1, "compilation")
        started = time.perf_counter()
        known = Evaluations(evaluator, Store(Path(folder) / "search"), team)
        options = SearchOptions(sizes=(3,), method="exchange", blocks=BLOCKS, shown=1)
        found = design(evaluator, base, options, known)
        searched = time.perf_counter() - started
        started = time.perf_counter()
        whole = Evaluations(evaluator, Store(Path(folder) / "whole"), team)
        whole.extend(every(12, 3), BLOCKS, "every set", "ranking")
        enumerated = time.perf_counter() - started
        comparator = Comparator(whole, Criterion(), np.ones(1), base)
        ranked = sorted(every(12, 3), key=lambda one: -comparator.value(one, BLOCKS, "ranking"))
        loss = bonferroni(
            comparator.gain(found.best, ranked[0], BLOCKS, stream="ranking"),
            BLOCKS,
            len(ranked) - 1,
        )
    print("exhaustive truth: 12 channels, 3 of them, 30 erlang, 220 sets of a million requests")
    print(f"  best of all {ranked[0].sets[0]}, search {found.best.sets[0]}: {comparison(loss)}")
    print(f"  place of the search's set among all: {1 + ranked.index(found.best)}")
    print(
        f"  {searched:.1f} s, ranking included, against {enumerated:.1f} s: "
        f"{searched / enumerated:.3f}; target 0.1"
    )


def _evaluator(loads: tuple[float, ...]) -> TrafficEvaluator:
    return TrafficEvaluator(
        instance=read_instance(INSTANCES / "nsfnet_100erl_4ch.json"), reserve="all",
        scenarios=tuple(Scenario(load) for load in loads),
    )  # fmt: skip


if __name__ == "__main__":
    parts = {"best": best, "loads": loads, "exhaustive": exhaustive}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=sorted(parts))
    chosen = parser.parse_args().part
    for one in [parts[chosen]] if chosen else parts.values():
        one()
