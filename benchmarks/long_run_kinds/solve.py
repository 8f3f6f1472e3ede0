"""Sample the memory of a solve every second: does it grow over hours."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import qkdopt
from benchmarks.long_run_kinds.memory import MB, family_bytes, slope
from qkdopt.bounds import branching, node_queue

ROOT = Path(__file__).parents[2]
# Reference: what eight hours may add, beside prices and cuts of the branching within their limit.
HOURS, LIMIT_MB_AN_HOUR = 8.0, 120.0
# What a node leaves behind for ever: its window and bound.
SHOWN_EVERY = 30.0


@dataclass(frozen=True)
class End:
    """What the run came to."""

    seconds: float
    gap: float | None
    faults: int


@dataclass(frozen=True)
class Tree:
    """Sizes of the branching at one moment."""

    nodes: int
    waiting: int
    rough: int
    state_mb: float


def _solve(path: Path, seconds: float, threads: int, state_mb: float, out: Queue[Any]) -> None:
    """Solve in this process, and send the sizes of the branching every second."""
    import threading

    trees: list[branching.LoadTree] = []
    begin = branching.LoadTree.__init__

    def noted(self: branching.LoadTree, *arguments: Any) -> None:
        begin(self, *arguments)
        trees[:] = [self]

    branching.LoadTree.__init__ = noted  # type: ignore[method-assign]
    node_queue.MOST_STATE_BYTES = int(state_mb * MB)
    instance = qkdopt.read_instance(path)
    qkdopt.solve(instance, time_limit=5.0, threads=threads)  # compiles
    done = threading.Event()

    def send() -> None:
        while not done.wait(1.0):
            if trees:
                queue = trees[0].waiting
                out.put(Tree(trees[0].nodes, len(queue), queue.rough, queue.state_bytes / MB))

    out.put("begin")
    threading.Thread(target=send, daemon=True).start()
    result = qkdopt.solve(instance, time_limit=seconds, threads=threads, gap=0.0)
    done.set()
    faults = len(qkdopt.check(instance, result).faults) + len(result.faults)
    out.put(End(result.seconds, result.gap, faults))


def run(path: Path, seconds: float, threads: int, state_mb: float) -> int:
    """Solve in another process and sample it; return the exit status."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    process = context.Process(target=_solve, args=(path, seconds, threads, state_mb, out))
    process.start()
    print(
        f"solve {path.stem}, {seconds:g} s, {threads} threads, prices and cuts of the branching "
        f"within {state_mb:g} MB\n  seconds    MB  nodes  waiting  without prices  of these MB",
        flush=True,
    )
    samples, end, tree = _sampled(process, out)
    process.join()
    if end is None:
        print("the run ended without a result: MISSED")
        return 1
    warmup = 0.4 * seconds
    kept = [(t, m) for t, m in samples if warmup <= t < seconds]
    growth = slope([t / 3600.0 for t, _ in kept], [m / MB for _, m in kept])
    nodes = 0 if tree is None else tree.nodes
    most = max((m for _, m in samples), default=0) / MB
    # Half of the nodes wait, each with a window and a bound.
    over = end.seconds - seconds
    held = growth.value - 2.0 * growth.error <= LIMIT_MB_AN_HOUR and not end.faults
    held = held and over <= max(1.0, 0.05 * seconds)
    print(
        f"  took {end.seconds:.1f} s ({over:+.2f}), gap {100 * (end.gap or 0):.3f} %, faults "
        f"{end.faults}; {nodes} nodes, {nodes / seconds:.2f} a second; peak {most:.0f} MB\n"
        f"  after {warmup:.0f} s: {growth.value:.1f} +- {growth.error:.1f} MB an hour over "
        f"{growth.samples} samples, reference {LIMIT_MB_AN_HOUR:g}: "
        f"{'held' if held else 'MISSED'}",
        flush=True,
    )
    return 0 if held else 1


def _sampled(process: Any, out: Queue[Any]) -> tuple[list[tuple[float, int]], End | None, Any]:
    samples: list[tuple[float, int]] = []
    began: float | None = None
    end, tree, shown = None, None, 0.0
    while end is None and (process.is_alive() or not out.empty()):
        while not out.empty():
            message = out.get()
            if isinstance(message, End):
                end = message
            elif isinstance(message, Tree):
                tree = message
            else:
                began = time.monotonic()
        if began is not None and process.is_alive():
            now = time.monotonic() - began
            samples.append((now, family_bytes(process.pid)))
            if now >= shown:
                shown += SHOWN_EVERY
                sizes = "" if tree is None else (
                    f"{tree.nodes:7d} {tree.waiting:8d} {tree.rough:15d} {tree.state_mb:12.1f}"
                )  # fmt: skip
                print(f"  {now:7.0f} {samples[-1][1] / MB:5.0f}{sizes}", flush=True)
        time.sleep(1.0)
    return samples, end, tree
