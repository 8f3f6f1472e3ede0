"""Solve shipped instances and improve their best-known values.

``python benchmarks/best_known.py --seconds 60 --seeds 0 1``. Every result is checked before
it is taken, and a run that finds nothing better changes nothing; the table is written after
every run, so the script can be stopped at any time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import qkdopt
from qkdopt.best_known import Change, Library, update

LIBRARY = Path(__file__).parent.parent / "instances"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instances", nargs="*", help="such as bench/usnet_60erl; all by default")
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--objective", default="mean", choices=["mean", "max-min", "link-sum"])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--onward", action="store_true", help="start from the best-known plan")
    return parser.parse_args()


def runs(options: argparse.Namespace, library: Library) -> Iterator[Change]:
    """Solve every instance with every seed; yield what each run improved."""
    for seed in options.seeds:
        for name in options.instances or library.instances:
            plan = library.plan_file(name, options.objective)
            result = qkdopt.solve(
                library.instances[name],
                objective=options.objective,
                time_limit=options.seconds,
                gap=options.gap,
                threads=options.threads,
                seed=seed,
                start=qkdopt.read_plan(plan) if options.onward and plan.exists() else None,
            )
            yield from update(library, {f"{name}, seed {seed}": result})


def main() -> None:
    """Print one line a run: what it improved, and where the instance stands."""
    options = arguments()
    for change in runs(options, Library(options.library)):
        best = change.after
        word = "better" if change.is_improved else "-"
        gap = "-" if best.gap is None else f"{100.0 * best.gap:.3f} %"
        print(
            f"{change.source:40} {word:7} {best.served} of {best.served_bound} served  "
            f"{best.value_bps / 1e3:.4f} kbit/s  gap {gap}  {best.status}",
            flush=True,
        )


if __name__ == "__main__":
    main()
