"""Does every run end with its limit? ``python benchmarks/time_limits.py --seconds 10``.

Solves all of `instances/bench`, six shipped topologies and an operator's grid as a user would, one
process a run, with one thread and with two. Prints limit, seconds by the result's own clock and by
the wall, what both are beyond the limit, and the worst. The wall has the start of Python and the
reading of the instance in it, which are no part of the limit; the first compilation is in neither,
a short run before the others does it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from qkdopt.instance.generation import new_instance  # noqa: E402
from qkdopt.io import write_json_whole  # noqa: E402

# What a run may take beyond its limit: the larger of seconds and a share of the limit.
ALLOWED_S, ALLOWED_SHARE = 1.0, 0.05
SHIPPED: dict[str, dict[str, Any]] = {
    "cambridge": {"demands": 12, "preset": "field", "length_scale": 1.0},
    "beijing_qman": {"demands": 60, "preset": "field", "length_scale": 1.0},
    "madqci": {"demands": 40, "preset": "field", "length_scale": 1.0},
    "nobel_germany": {"demands": 120, "length_scale": 0.1},
    "coronet_conus": {"demands": 200, "length_scale": 0.01},
    "nsfnet22": {"demands": 150, "length_scale": 0.01},
}
ROWS, COLUMNS = 4, 5
DIAGONALS = ((0, 6), (2, 8), (5, 11), (7, 13), (10, 16), (12, 18))


@dataclass(frozen=True)
class Run:
    """One solve and how long it took."""

    instance: str
    threads: int
    limit: float
    seconds: float
    wall: float
    bound: bool
    gap: float | None

    @property
    def over(self) -> float:
        """Seconds beyond the limit, by the result's own clock."""
        return self.seconds - self.limit

    @property
    def allowed(self) -> bool:
        """Whether that is within the target."""
        return self.over <= max(ALLOWED_S, ALLOWED_SHARE * self.limit)


def main() -> None:
    """Print one line a run, and the worst."""
    options = arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [path for path in instances(folder) if path.stem in (options.only or path.stem)]
        solve(ROOT / "instances" / "small" / "mesh6.json", folder, 5.0, 2, [])
        runs = []
        for path in paths:
            for threads in options.threads:
                runs.append(solve(path, folder, options.seconds, threads, options.options))
                print(line(runs[-1]), flush=True)
    worst = max(runs, key=lambda run: run.over)
    print(f"worst: {line(worst)}")
    print(f"{sum(run.allowed for run in runs)} of {len(runs)} within {ALLOWED_S:g} s or "
          f"{100 * ALLOWED_SHARE:g} % of the limit; "
          f"{sum(not run.bound for run in runs)} without a bound")  # fmt: skip


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="time limit of a run")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", help="names of instances; all by default")
    parser.add_argument("options", nargs="*", help="of qkdopt solve, after --")
    return parser.parse_args()


def instances(folder: Path) -> Iterator[Path]:
    """List the shipped files, and write the others."""
    yield from sorted((ROOT / "instances" / "bench").glob("*.json"))
    for topology, values in SHIPPED.items():
        data = new_instance(topology, topology=topology, seed=1, **values).model_dump(
            mode="json", by_alias=True
        )
        write_json_whole(folder / f"{topology}.json", data)
        yield folder / f"{topology}.json"
    write_json_whole(folder / "operator_grid.json", operator_grid())
    yield folder / "operator_grid.json"


def operator_grid() -> dict[str, Any]:
    """Return a grid of 20 nodes and 37 links with 80 channels and 300 demands."""
    nodes = range(ROWS * COLUMNS)
    ends = [(n, n + 1) for n in nodes if n % COLUMNS != COLUMNS - 1]
    ends += [(n, n + COLUMNS) for n in nodes if n + COLUMNS in nodes]
    ends += DIAGONALS
    pairs = [(a, b) for a in nodes for b in nodes if a < b]
    chosen = [pairs[(37 * k) % len(pairs)] for k in range(300)]
    links = [
        {"id": f"{a}-{b}", "a": a, "b": b, "length_km": 10.0 + (7 * a + 13 * b) % 25}
        for a, b in ends
    ]
    demands = [{"id": k, "source": a, "target": b} for k, (a, b) in enumerate(chosen)]
    return {
        "schema": "qkdopt/instance/1",
        "name": "operator_grid",
        "network": {"nodes": [{"id": n} for n in nodes], "links": links},
        "grid": {"channels": 80, "first_thz": 192.1, "spacing_ghz": 50.0},
        "classical": {"launch_dbm": -15.0},
        "qkd": {"guard_ghz": 100.0, "filter_ghz": 50.0},
        "demands": demands,
    }


def solve(path: Path, folder: Path, limit: float, threads: int, options: list[str]) -> Run:
    """Solve once, in a process of its own."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "qkdopt", "solve", str(path), "-o", str(result)]
    command += ["--time-limit", str(limit), "--threads", str(threads), *options]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    if not result.exists():
        raise SystemExit(f"{path.stem}, {threads} threads: {done.stderr}")
    data = json.loads(result.read_text(encoding="utf-8"))
    bound = data["bound"] is not None and data["bound"]["objective_bps"] is not None
    return Run(path.stem, threads, limit, data["seconds"], wall, bound, data["gap"])


def line(run: Run) -> str:
    """Return a run in one line."""
    gap = "no gap" if run.gap is None else f"gap {100 * run.gap:.2f} %"
    return (
        f"{run.instance:16} threads {run.threads}  limit {run.limit:5.1f} s  "
        f"took {run.seconds:7.2f} s ({run.over:+6.2f})  wall {run.wall:7.2f} s "
        f"({run.wall - run.limit:+6.2f})  {'bound' if run.bound else 'NO BOUND'}, {gap}"
    )


if __name__ == "__main__":
    main()
