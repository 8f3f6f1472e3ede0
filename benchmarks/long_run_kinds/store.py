"""Measure what listing, comparing and reporting take as results in a folder become many."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from qkdopt.errors import QkdoptError
from qkdopt.experiments.comparison import BenchmarkRun, benchmark_runs, summarise
from qkdopt.experiments.study.job import Job
from qkdopt.experiments.study.study_run import with_gains
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.jobs import Row, Store
from qkdopt.report import write_report
from qkdopt.report.comparison import write_comparison
from qkdopt.simulation import SimulationOptions, simulate

INSTANCE = Path(__file__).parents[2] / "instances" / "small" / "mesh6.json"
COUNTS = (100, 1_000, 10_000)
# Reference: what one row may take [ms] at the largest count, whatever the count.
LIMITS_MS = {"write": 20.0, "list": 0.5, "read": 5.0, "gains": 2.0, "summary": 2.0, "page": 10.0}


def run(counts: tuple[int, ...]) -> int:
    """Print one line a count and kind; return the exit status."""
    instance = read_instance(INSTANCE)
    study, race = _study_row(instance), _comparison_row(instance)
    print("     rows  what          seconds   ms a row  reference")
    held = True
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            for what, seconds in _measured(Path(name), count, study, race).items():
                each = 1e3 * seconds / count
                # Imports and first calls are in the small counts.
                good = each <= LIMITS_MS[what] or count < counts[-1]
                held = held and good
                print(
                    f"{count:9d}  {what:10} {seconds:10.3f} {each:10.4f} {LIMITS_MS[what]:10g} "
                    f"{'' if good else 'MISSED'}",
                    flush=True,
                )
    _pages(instance, counts)
    return 0 if held else 1


def _measured(folder: Path, count: int, study: Row, race: Row) -> dict[str, float]:
    seconds: dict[str, float] = {}

    def timed(what: str, function: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        answer = function()
        seconds[what] = time.perf_counter() - began
        return answer

    store = Store(folder / "rows.parquet")
    rows = [study | {"key": f"{k:024x}", "seed": k} for k in range(count)]

    def write() -> None:
        store.open()
        for row in rows:
            store.put(row)

    timed("write", write)
    timed("list", store.keys)
    table = timed("read", lambda: store.read([row["key"] for row in rows]))
    assert len(table) == count
    timed("gains", lambda: with_gains(table, study["label"]))
    races = pd.DataFrame([race | {"instance": f"i{k:05d}"} for k in range(count)])
    timed("summary", lambda: summarise(races))
    try:
        timed("page", lambda: write_comparison(folder / "page.html", races))
    except QkdoptError as error:
        seconds.pop("page", None)
        print(f"{count:9d}  page: {type(error).__name__}: {str(error)[:200]}")
    return seconds


def _study_row(instance: Instance) -> Row:
    job = Job(
        instance=instance, set_name="instance", label="ds-qkd", options=SimulationOptions(),
        load_erlang=4.0, seed=0, requests=4000, warmup=100,
    )  # fmt: skip
    return job.run()


def _comparison_row(instance: Instance) -> Row:
    tasks: list[BenchmarkRun] = list(
        benchmark_runs(
            [instance], ["highs"], ["auto"], objective=None, seconds=2.0, gap=0.01,
            linearisation=1e-4, threads=1, seed=0, profile="long runs",
        )
    )  # fmt: skip
    return tasks[0].run()


def _pages(instance: Instance, counts: tuple[int, ...]) -> None:
    """Report many simulations on one page: fast, or refused with one error."""
    outcome = simulate(instance, requests=2000, warmup=100)
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            began = time.perf_counter()
            try:
                write_report(Path(name) / "page.html", [outcome] * count, instances=instance)
                what = "written"
            except QkdoptError as error:
                what = f"refused: {str(error)[:120]}"
            print(f"report of {count} simulations: {time.perf_counter() - began:.2f} s, {what}")
