"""What a formulation is worth: `python benchmarks/formulations.py [SECONDS]`.

Every instance of `instances/small` by HiGHS on one core, with the textbook's big-M and with load
states and wavelength assignment: solved instances, shifted geometric mean time, and the ratio on
the instances that both solve. Target: at least 10 times faster on those.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from qkdopt.experiments.comparison import benchmark_runs, summarise
from qkdopt.experiments.comparison.summary import is_solved, shifted_mean
from qkdopt.io import read_instance
from qkdopt.jobs import Store, open_workers, run_missing

SMALL = Path(__file__).parent.parent / "instances" / "small"
WAYS = ("textbook", "joint", "load-state")


def main() -> None:
    """Race, print the summary and the ratios to the textbook."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    instances = [read_instance(path) for path in sorted(SMALL.glob("*.json"))]
    tasks = list(benchmark_runs(instances, ["highs"], WAYS, seconds=seconds))
    with tempfile.TemporaryDirectory() as folder, open_workers(None, 2) as workers:
        store = Store(Path(folder))
        run_missing(tasks, store, workers)
        rows = store.read([task.key for task in tasks])
    print(summarise(rows).to_string(index=False))
    times = rows.pivot_table(index="instance", columns="formulation", values="seconds")
    solved = rows.assign(done=is_solved(rows)).pivot_table(
        index="instance", columns="formulation", values="done", aggfunc="first"
    )
    for way in WAYS[1:]:
        both = solved["textbook"].astype(bool) & solved[way].astype(bool)
        slow, quick = (
            shifted_mean(times.loc[both, one].to_numpy(float)) for one in ("textbook", way)
        )
        plain = (times.loc[both, "textbook"] / times.loc[both, way]).median()
        print(
            f"{way}: solved {int(solved[way].sum())} of {len(times)}, textbook "
            f"{int(solved['textbook'].sum())}; on the {int(both.sum())} that both solve "
            f"{quick:.2f} s against {slow:.2f} s (shifted geometric means), ratio "
            f"{slow / quick:.1f}, median of ratios {plain:.1f}, target 10"
        )
        everyone = {
            one: shifted_mean(times[one].where(solved[one].astype(bool), seconds).to_numpy(float))
            for one in ("textbook", way)
        }
        print(
            f"{way}: all instances, unsolved at the limit: ratio "
            f"{everyone['textbook'] / everyone[way]:.1f}"
        )


if __name__ == "__main__":
    main()
