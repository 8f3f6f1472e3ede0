"""Corner instances against enumeration: ``python benchmarks/corners.py --instances 10000``.

Every way to solve (strategy, formulation, solver) on instances from the corners of what the
schema allows; ``tests/corners`` says what is compared. A run that its time limit ends is counted
as not closed. Exits 1 on any fault. A second run with ``--first N`` goes on where one stopped.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from qkdopt.io import write_json_whole  # noqa: E402
from tests.corners.brownfield import brownfield  # noqa: E402
from tests.corners.enumeration import Enumeration  # noqa: E402
from tests.corners.generator import Corner, draw  # noqa: E402
from tests.corners.judge import (  # noqa: E402
    KINDS,
    TIME_LIMIT,
    TRACEBACK,
    WAYS,
    Judgement,
    Way,
    quick_ways,
    run,
)
from tests.corners.networks import networks  # noqa: E402
from tests.corners.qkd_systems import qkd_systems  # noqa: E402
from tests.corners.shared_keys import shared_keys  # noqa: E402
from tests.corners.surfaces import surfaces  # noqa: E402

REPORT_EVERY = 50
# Tasks handed to the workers ahead of what they do, for each worker.
AHEAD = 2
# What is drawn, by its name here.
DRAWS: dict[str, Callable[[int], Corner]] = {
    "corners": draw, "in-place": brownfield, "networks": networks, "shared-keys": shared_keys,
    "surfaces": surfaces,
    "qkd-systems": qkd_systems,
}  # fmt: skip


@dataclass
class Tally:
    """What was counted so far."""

    done: int = 0
    runs: int = 0
    redraws: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    of_way: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        """How many, of every kind."""
        return sum(self.kinds.values())

    def add(self, way: Judgement) -> None:
        """Count one run."""
        self.runs += 1
        self.of_way[way.way] += 1
        self.seconds[way.way] += way.seconds
        self.open[way.way] += not way.closed
        self.refused[way.way] += way.refused
        self.kinds.update(fault.split(":", 1)[0] for fault in way.faults)


@dataclass
class Judged:
    """All ways on one instance."""

    seed: int
    redraws: int
    enumeration_seconds: float
    ways: list[Judgement]


def judge(seed: int, ways: str, time_limit: float, drawn_as: str) -> Judged:
    """Enumerate one instance once and judge the ways on it."""
    logging.disable(logging.CRITICAL)
    drawn = DRAWS[drawn_as](seed)
    started = time.monotonic()
    enumeration = Enumeration(drawn.instance, drawn.objective).run()
    seconds = time.monotonic() - started
    return Judged(
        seed, drawn.redraws, seconds,
        [
            run(drawn.instance, drawn.objective, way, enumeration, time_limit=time_limit)
            for way in chosen_ways(ways, seed)
        ],
    )  # fmt: skip


def chosen_ways(ways: str, seed: int) -> tuple[Way, ...]:
    """Return all ways, a few that change with the seed, or those whose names end in one asked."""
    if ways == "quick":
        return quick_ways(seed)
    ends = tuple(ways.split(","))
    return WAYS if ways == "all" else tuple(way for way in WAYS if way.name.endswith(ends))


def judged(options: argparse.Namespace) -> Iterator[Judged]:
    """Yield instances as they are done; a worker that dies is a fault of those it had."""
    seeds = iter(range(options.first, options.first + options.instances))
    started = time.monotonic()
    pending: dict[Future[Judged], int] = {}
    pool = new_pool(options.workers)
    while True:
        while len(pending) < AHEAD * options.workers:
            late = options.seconds is not None and time.monotonic() - started > options.seconds
            seed = None if late else next(seeds, None)
            if seed is None:
                break
            task = seed, options.ways, options.time_limit, options.drawn_as
            pending[pool.submit(judge, *task)] = seed
        if not pending:
            break
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        try:
            for future in done:
                yield future.result()
                del pending[future]
        except BrokenProcessPool:
            lost = sorted(pending.values())
            pending.clear()
            pool = new_pool(options.workers)
            yield from (judged_alone(seed, options) for seed in lost)
    pool.shutdown()


def judged_alone(seed: int, options: argparse.Namespace) -> Judged:
    """Judge an instance in a process of its own, after a worker died that had it or another."""
    with new_pool(1) as pool:
        try:
            task = seed, options.ways, options.time_limit, options.drawn_as
            return pool.submit(judge, *task).result()
        except BrokenProcessPool:
            fault = f"{TRACEBACK}: the process died"
            return Judged(seed, 0, 0.0, [Judgement("all ways", [fault])])


def new_pool(workers: int) -> ProcessPoolExecutor:
    """Make workers that start clean: threads of a solver do not survive a fork."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def report(tally: Tally, started: float) -> None:
    """Print where the run stands."""
    per_instance = (time.monotonic() - started) / max(1, tally.done)
    still_open = ", ".join(f"{name} {n}" for name, n in tally.open.most_common() if n)
    print(
        f"{tally.done} instances, {tally.runs} runs, {tally.faults} faults, "
        f"{per_instance:.2f} s an instance; not closed: {still_open or 'none'}",
        flush=True,
    )


def summarise(tally: Tally) -> None:
    """Print the ways, and one line with the faults by kind."""
    print(f"{'way':22} {'runs':>6} {'refused':>8} {'open':>6} {'seconds':>8}")
    for name, runs in tally.of_way.items():
        print(
            f"{name:22} {runs:6d} {tally.refused[name]:8d} {tally.open[name]:6d} "
            f"{tally.seconds[name] / runs:8.3f}"
        )
    share = tally.redraws / max(1, tally.redraws + tally.done)
    print(f"draws that were refused: {100.0 * share:.1f} %")
    names = dict(zip(KINDS, ("wrong bounds", "false optimal", "tracebacks", "other"), strict=True))
    counts = ", ".join(f"{names[kind]} {tally.kinds[kind]}" for kind in KINDS)
    print(f"{tally.done} instances, {tally.runs} runs: {counts}", flush=True)


def main() -> None:
    """Print a line per fault, progress, and a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument(
        "--ways", default="all", help="all, quick, or ends of names, such as joint/highs,cbc"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="start no instance later than this")
    parser.add_argument("--time-limit", type=float, default=TIME_LIMIT, help="of a MILP run [s]")
    kinds = parser.add_mutually_exclusive_group()
    kinds.set_defaults(drawn_as="corners")
    for kind, help_text in (
        ("in-place", "with light in place and unavailable channels"),
        ("shared-keys", "with keys that demands share, every cell of the table in turn"),
        ("surfaces", "with key rates from a surface over loss and noise, on each of the others"),
        ("qkd-systems", "with QKD systems of their own on some links"),
        ("networks", "with fibre types, another band, values of preset dwdm, and other routes"),
    ):
        kinds.add_argument(
            f"--{kind}", action="store_const", const=kind, dest="drawn_as", help=help_text
        )
    parser.add_argument("--keep", type=Path, help="folder for the instances with faults")
    options = parser.parse_args()
    if not chosen_ways(options.ways, 0):
        parser.error(f"--ways {options.ways}: the name of no way ends so")
    tally, started = Tally(), time.monotonic()
    for one in judged(options):
        tally.done += 1
        tally.redraws += one.redraws
        for way in one.ways:
            tally.add(way)
            for fault in way.faults:
                print(f"seed {one.seed} {way.way}: {fault}", flush=True)
        if options.keep is not None and any(way.faults for way in one.ways):
            keep(options.keep, one.seed, options.drawn_as)
        if tally.done % REPORT_EVERY == 0:
            report(tally, started)
    summarise(tally)
    sys.exit(bool(tally.faults))


def keep(folder: Path, seed: int, drawn_as: str) -> None:
    """Write an instance with a fault; the objective is in the file's name."""
    drawn = DRAWS[drawn_as](seed)
    instance, objective = drawn.instance, drawn.objective
    folder.mkdir(parents=True, exist_ok=True)
    write_json_whole(folder / f"{instance.name}_{objective}.json", instance.to_json_dict())


if __name__ == "__main__":
    main()
