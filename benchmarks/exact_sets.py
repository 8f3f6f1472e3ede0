"""The proved best set beside the set that a search finds: ``python benchmarks/exact_sets.py``.

Static demand lists are snapshots of simulated networks. The search is that of ``qkdopt design
rank --on demands --method exchange``; its set counts with the best of four short assignment
searches.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import qkdopt
from qkdopt.channel_sets import rank_channel_sets
from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.exact.exact import prove_channel_set
from qkdopt.channel_sets.exact.snapshots import snapshot_instances
from qkdopt.channel_sets.exact.static import static_value
from qkdopt.instance import Instance
from qkdopt.simulation import SimulationOptions

FOLDER = Path(__file__).parent.parent / "instances"
# Instance, channels of the grid, length factor, erlang, size of the set, snapshots.
CASES = (
    ("small/mesh6", 8, 1.0, 6.0, 2, 3),
    ("small/mesh6", 10, 1.0, 5.0, 3, 2),
    ("small/ring", 8, 1.0, 6.0, 2, 3),
    ("small/nsfnet_8ch", 8, 1.0, 10.0, 2, 3),
    ("small/nsfnet_8ch", 12, 1.0, 10.0, 2, 2),
)
# Sets within this of each other count as equally good: the proof closes it.
GAP = 5e-3
TARGET = 0.01
BLOCKS = 4


def widened(instance: Instance, channels: int, factor: float) -> Instance:
    """Give an instance another grid and other lengths, and let every channel be a candidate."""
    return instance.replace(
        grid={"channels": channels},
        qkd={"candidates": "all"},
        network={
            "links": {
                link.id: {"length_km": link.length_km * factor} for link in instance.network.links
            }
        },
    )


def compare(name: str, snapshot: Instance, size: int, limit: float) -> bool:
    """Print one row; return whether the search is near the bound that was proved for all sets."""
    started = time.monotonic()
    exact = prove_channel_set(snapshot, size, time_limit=limit, gap=GAP)
    proved = time.monotonic()
    found = rank_channel_sets(
        snapshot, size, on="demands", reserve="all", method="exchange", assignments=BLOCKS,
        workers=1, baseline=list(range(size)),
    ).best.sets[0]  # fmt: skip
    best = max(static_value(with_channel_set(snapshot, found), seed=seed) for seed in range(BLOCKS))
    served, total = best.served, best.skr_sum_bps
    searched = time.monotonic()
    value = total / served if served else 0.0
    behind = 1.0 - value / exact.value_bps if exact.value_bps else 0.0
    at_most = 1.0 - value / exact.bound_bps if exact.bound_bps else 1.0
    checked = qkdopt.check(with_channel_set(snapshot, exact.channels), exact.result).faults == ()
    print(
        f"{name:18} {snapshot.grid.channels:3} {size} {len(snapshot.demands):4} "
        f"{exact.served:4} {exact.status:9} {exact.channels!s:12} {exact.value_bps:9.1f} "
        f"{exact.bound_bps or float('nan'):9.1f} {proved - started:6.1f}  "
        f"{served:4} {tuple(sorted(found))!s:12} {value:9.1f} {searched - proved:6.1f} "
        f"{100 * behind:7.3f} {100 * at_most:7.3f}",
        flush=True,
    )
    good = served == exact.served and at_most <= TARGET
    return checked and exact.result.served_proved and good


def main() -> None:
    """Print a row a snapshot; exit 1 when the search is too far behind a bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-limit", type=float, default=300.0)
    options = parser.parse_args()
    print(
        "instance            W  N demands served status set, mean SKR [bit/s], bound, seconds | "
        "search: served, set, mean SKR, seconds, behind the set, and the bound [%]"
    )
    good = True
    for name, channels, factor, load, size, count in CASES:
        instance = widened(qkdopt.read_instance(FOLDER / f"{name}.json"), channels, factor)
        simulated = with_channel_set(instance, range(0, channels, -(-channels // size)))
        snapshots = snapshot_instances(
            simulated, SimulationOptions(), load_erlang=load, seed=1, count=count
        )
        for snapshot in snapshots:
            good &= compare(Path(name).name, snapshot, size, options.time_limit)
    sys.exit(not good)


if __name__ == "__main__":
    main()
