"""Measure whether memory grows with the number of requests of dynamic traffic."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.long_run_kinds.memory import MB, Slope, peak_bytes, resident_bytes, slope
from qkdopt.io import read_instance
from qkdopt.simulation import SimulationProgress, simulate

INSTANCE = Path(__file__).parents[2] / "instances" / "nsfnet_100erl_4ch.json"
SIZES = (10**6, 10**7, 10**8)
LOAD_ERLANG = 100.0
# Constant memory: what one request may leave behind. A stored request would be 40 bytes.
LIMIT_BYTES = 0.05
# Of the run, while arrays and kernels come into memory.
WARMUP_SHARE = 0.1


@dataclass(frozen=True)
class Row:
    """One size of run.

    Parameters
    ----------
    requests, seconds
        Counted requests, and what the call took by the wall.
    peak_mb
        Most resident memory of the process [MB].
    growth
        Of resident memory inside the run after its first tenth [bytes a request].
    mean_skr_bps, ci95_bps, blocking
        What was measured.
    """

    requests: int
    seconds: float
    peak_mb: float
    growth: Slope
    mean_skr_bps: float
    ci95_bps: float
    blocking: float


def measured(requests: int) -> Row:
    """Simulate one size in this process, sampling its memory twice a second."""
    instance = read_instance(INSTANCE)
    samples: list[tuple[int, int]] = []

    def sample(progress: SimulationProgress) -> None:
        samples.append((progress.requests, resident_bytes()))

    # Kernels are compiled before the clock starts.
    simulate(instance, load_erlang=LOAD_ERLANG, requests=1000)
    began = time.monotonic()
    outcome = simulate(instance, load_erlang=LOAD_ERLANG, requests=requests, progress=sample)
    seconds = time.monotonic() - began
    kept = [(x, y) for x, y in samples if x >= WARMUP_SHARE * requests]
    growth = slope([x for x, _ in kept], [y for _, y in kept])
    mean, blocking = outcome.mean_skr_bps, outcome.blocking.value
    return Row(
        requests, seconds, peak_bytes() / MB, growth, mean.value or 0.0, mean.ci95 or 0.0,
        blocking or 0.0,
    )  # fmt: skip


def run(billion: bool) -> int:
    """Measure each size in a process of its own, print a row each; return the exit status."""
    print(f"dynamic traffic, nsfnet_100erl_4ch, {LOAD_ERLANG:g} erlang, ds-qkd")
    print(
        "   requests  seconds  million/s  peak MB  bytes/request in the run  kbit/s      blocking"
    )
    rows = []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        # Where nothing is compiled yet, this process does it: compiling takes memory of its own.
        pool.apply(measured, (1000,))
        for requests in (*SIZES, *((10**9,) if billion else ())):
            row = pool.apply(measured, (requests,))
            rows.append(row)
            print(
                f"{row.requests:11d} {row.seconds:8.1f} {row.requests / row.seconds / 1e6:10.2f} "
                f"{row.peak_mb:8.1f} {row.growth.value:13.5f} +- {row.growth.error:<9.5f} "
                f"{row.mean_skr_bps / 1e3:8.4f} +- {row.ci95_bps / 1e3:.4f}  {row.blocking:.5f}",
                flush=True,
            )
    first, last = rows[0], rows[-1]
    grown = (last.peak_mb - first.peak_mb) * MB / (last.requests - first.requests)
    held = grown <= LIMIT_BYTES
    print(
        f"from {first.requests:.0e} to {last.requests:.0e} requests the peak grows by "
        f"{last.peak_mb - first.peak_mb:+.1f} MB: {grown:.5f} bytes a request, reference "
        f"{LIMIT_BYTES:g}: {'held' if held else 'MISSED'}"
    )
    return 0 if held else 1
