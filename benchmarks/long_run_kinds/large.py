"""Solve 200 nodes, 80 channels and 1,000 demands within a limit of time."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.queues import Queue
from typing import Any

import qkdopt
from benchmarks.growth_networks import grown_instance
from benchmarks.long_run_kinds.memory import MB, family_bytes

# References: memory [MB] and what a run may take beyond its limit.
LIMIT_MB, ALLOWED_S, ALLOWED_SHARE = 4000.0, 1.0, 0.05


def _solve(size: tuple[int, int, int], seconds: float, threads: int, out: Queue[Any]) -> None:
    nodes, demands, channels = size
    qkdopt.solve(grown_instance(20, 20, channels=8), time_limit=1.0)  # compiles
    instance = grown_instance(nodes, demands, channels=channels)
    began = time.monotonic()
    result = qkdopt.solve(instance, time_limit=seconds, threads=threads)
    wall = time.monotonic() - began
    faults = len(qkdopt.check(instance, result).faults) + len(result.faults)
    value, bound = result.value, result.bound
    out.put(
        {
            "wall": wall, "faults": faults, "gap": result.gap, "status": result.status,
            "served": None if value is None else value.served,
            "bound_served": None if bound is None else bound.served,
            "bound": None if bound is None else bound.objective_bps,
            "value": None if value is None else value.objective_bps,
        }
    )  # fmt: skip


def run(size: tuple[int, int, int], seconds: float, threads: int) -> int:
    """Solve in a process of its own and sample its memory; return the exit status."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    process = context.Process(target=_solve, args=(size, seconds, threads, out))
    process.start()
    most = 0
    while process.is_alive() and out.empty():
        most = max(most, family_bytes(process.pid or 0))
        time.sleep(0.2)
    if process.exitcode not in (None, 0):
        print("the run ended without a result: MISSED")
        return 1
    end = out.get()
    process.join()
    over = end["wall"] - seconds
    gap = "no bound" if end["gap"] is None else f"{100 * end['gap']:.2f} %"
    held = (
        not end["faults"] and over <= max(ALLOWED_S, ALLOWED_SHARE * seconds)
        and most / MB <= LIMIT_MB and end["value"] is not None
    )  # fmt: skip
    print(
        f"{size[0]} nodes, {size[2]} channels, {size[1]} demands, {seconds:g} s, {threads} "
        f"threads: {end['status']}, served {end['served']} of at most {end['bound_served']}, gap "
        f"{gap}, faults of the check {end['faults']}\n  peak {most / MB:.0f} MB (reference "
        f"{LIMIT_MB:g}), {over:+.2f} s beyond the limit: {'held' if held else 'MISSED'}"
    )
    return 0 if held else 1
