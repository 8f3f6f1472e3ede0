"""How do time and memory grow with the network? ``python benchmarks/growth.py --plot growth.png``.

Grows a network in nodes, then in demands, then in channels, and solves each size for the same
time in a process of its own. One row a size: seconds to the first plan and to the first bound,
peak memory, number served, gap. Below each table the exponents: by which power each figure grows,
fitted over its rows, with standard errors. Every plan is checked, and a bound below one ends the
script with status 1.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import linregress

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from growth_networks import grown_instance  # noqa: E402

import qkdopt  # noqa: E402

# (nodes, demands, channels): one of the three grows in each table.
TABLES = {
    "nodes": [(50, 150, 40), (100, 300, 40), (200, 600, 40), (500, 1500, 40), (1000, 3000, 40)],
    "demands": [(200, 200, 40), (200, 400, 40), (200, 600, 40), (200, 800, 40)],
    "channels": [(200, 600, 20), (200, 600, 40), (200, 600, 80), (200, 600, 120)],
}
FIGURES = ("first_plan_s", "first_bound_s", "memory_gib")


@dataclass(frozen=True)
class Size:
    """What one size took.

    Parameters
    ----------
    nodes, links, demands, channels
        The size.
    first_plan_s, first_bound_s
        Seconds from the start of ``solve`` to the first plan, and to the first bound.
    memory_gib
        Peak memory of the process [GiB].
    served, value_bps, bound_bps, gap_percent
        What was reached at the time limit.
    faults
        Rules broken by the plan, and bounds below it.
    """

    nodes: int
    links: int
    demands: int
    channels: int
    first_plan_s: float
    first_bound_s: float
    memory_gib: float
    served: int
    value_bps: float
    bound_bps: float
    gap_percent: float
    faults: int


def measured(nodes: int, demands: int, channels: int, seconds: float) -> Size:
    """Solve one size for some seconds, in this process."""
    instance = grown_instance(nodes, demands, channels=channels)
    first: dict[str, float] = {}
    started = time.monotonic()

    def note(progress: qkdopt.Progress) -> None:
        now = time.monotonic() - started
        if progress.incumbent_bps is not None:
            first.setdefault("plan", now)
        if progress.bound_bps is not None:
            first.setdefault("bound", now)

    result = qkdopt.solve(instance, time_limit=seconds, progress=note)
    report = qkdopt.check(instance, result)
    value, bound = result.value, result.bound
    assert value is not None
    limit = float("nan") if bound is None or bound.objective_bps is None else bound.objective_bps
    return Size(
        nodes=nodes,
        links=len(instance.network.links),
        demands=demands,
        channels=channels,
        first_plan_s=first.get("plan", float("nan")),
        first_bound_s=first.get("bound", float("nan")),
        memory_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        served=value.served,
        value_bps=value.objective_bps,
        bound_bps=limit,
        gap_percent=100.0 * (result.gap if result.gap is not None else float("nan")),
        faults=len(report.faults) + len(result.faults),
    )


@dataclass(frozen=True)
class Exponent:
    """Power of the size by which a figure grows, with its standard error.

    NaN where fewer than three sizes have the figure: two points have no error.
    """

    power: float
    error: float

    def __str__(self) -> str:
        return f"{self.power:.2f} +- {self.error:.2f}"


def exponent(sizes: list[Size], grows: str, figure: str) -> Exponent:
    """Fit the power by which a figure grows, by least squares of the logarithms.

    Sizes without the figure, such as a bound that the time limit came before, are left out.
    """
    across, along = (
        np.array([getattr(size, name) for size in sizes], dtype=float) for name in (grows, figure)
    )
    has = np.isfinite(along)
    if np.count_nonzero(has) < 3:
        return Exponent(float("nan"), float("nan"))
    line = linregress(np.log(across[has]), np.log(along[has]))
    return Exponent(float(line.slope), float(line.stderr))


def table(grows: str, seconds: float) -> list[Size]:
    """Measure the sizes of one table, print a row each and the exponents."""
    print(
        f"\n{'nodes':>6} {'links':>6} {'demands':>7} {'channels':>8} {'plan s':>7} {'bound s':>7} "
        f"{'GiB':>5} {'served':>6} {'kbit/s':>8} {'gap %':>6}"
    )
    sizes = []
    # A process each: memory is that of one size, and what one size leaves behind helps no other.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for size in TABLES[grows]:
            row = pool.apply(measured, (*size, seconds))
            sizes.append(row)
            print(
                f"{row.nodes:6d} {row.links:6d} {row.demands:7d} {row.channels:8d} "
                f"{row.first_plan_s:7.2f} {row.first_bound_s:7.2f} {row.memory_gib:5.2f} "
                f"{row.served:6d} {row.value_bps / 1e3:8.3f} {row.gap_percent:6.2f}",
                flush=True,
            )
    powers = ", ".join(f"{figure} {exponent(sizes, grows, figure)}" for figure in FIGURES)
    print(f"exponents in {grows}: {powers}", flush=True)
    return sizes


def plot(tables: dict[str, list[Size]], path: Path) -> None:
    """Draw seconds and memory against each size, on logarithmic axes."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(tables), figsize=(4.2 * len(tables), 3.6), squeeze=False)
    labels = ("first plan [s]", "first bound [s]", "memory [GiB]")
    for ax, (grows, sizes) in zip(axes[0], tables.items(), strict=True):
        across = [getattr(size, grows) for size in sizes]
        for name, label, marker in zip(FIGURES, labels, "osd", strict=True):
            power = exponent(sizes, grows, name)
            along = [getattr(size, name) for size in sizes]
            ax.loglog(across, along, marker=marker, label=f"{label}, power {power}")
        ax.set_xlabel(grows)
        ax.set_xticks(across, [str(size) for size in across])
        ax.minorticks_off()
        ax.grid(visible=True, alpha=0.3)
        ax.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> int:
    """Measure the tables asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tables", nargs="*", help=f"of {', '.join(TABLES)}; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="limit of every run")
    parser.add_argument("--plot", type=Path, help="picture to write")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    # Compiled before the first row is timed.
    qkdopt.solve(grown_instance(20, 20, channels=8), time_limit=1.0)
    tables = {grows: table(grows, options.seconds) for grows in options.tables or TABLES}
    if options.json:
        rows = {grows: [asdict(size) for size in sizes] for grows, sizes in tables.items()}
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if options.plot:
        plot(tables, options.plot)
    return 1 if any(size.faults for sizes in tables.values() for size in sizes) else 0


if __name__ == "__main__":
    sys.exit(main())
