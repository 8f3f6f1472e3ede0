"""Long and large runs: ``python benchmarks/long_runs.py simulation|study|store|solve|large``.

Does anything grow that should not? Each kind prints its figures beside a stated reference, and
ends with status 1 where one is missed. Memory is read from ``/proc``: Linux alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]


def main() -> int:
    """Run one kind; return the exit status."""
    options = arguments()
    # Each kind imports what it measures, and no more.
    if options.kind == "simulation":
        from benchmarks.long_run_kinds import simulation

        return simulation.run(options.billion)
    if options.kind == "study":
        from benchmarks.long_run_kinds import study

        return study.run(options.runs, options.requests, options.workers)
    if options.kind == "store":
        from benchmarks.long_run_kinds import store

        return store.run(tuple(options.counts))
    if options.kind == "solve":
        from benchmarks.long_run_kinds import solve

        return solve.run(options.instance, options.seconds, options.threads, options.state_mb)
    from benchmarks.long_run_kinds import large

    return large.run(tuple(options.size), options.seconds, options.threads)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("simulation", help="memory over 10^6 to 10^8 requests")
    one.add_argument("--billion", action="store_true", help="10^9 requests too")
    one = kinds.add_parser("study", help="a study of many tiny runs, resumed and read")
    one.add_argument("--runs", type=int, default=10_000)
    one.add_argument("--requests", type=int, default=200)
    one.add_argument("--workers", type=int, default=2)
    one = kinds.add_parser("store", help="listing, comparing, reporting many results")
    one.add_argument("--counts", type=int, nargs="+", default=[100, 1_000, 10_000])
    one = kinds.add_parser("solve", help="memory of one solve, sampled every second")
    shipped = ROOT / "instances" / "nsfnet_100erl.json"
    one.add_argument("--instance", type=Path, default=shipped)
    one.add_argument("--seconds", type=float, default=600.0)
    one.add_argument("--threads", type=int, default=2)
    one.add_argument(
        "--state-mb", type=float, default=1074.0,
        help="limit of the branching's prices and cuts; small: it is met within a short run",
    )  # fmt: skip
    one = kinds.add_parser("large", help="a large network within a limit of time")
    one.add_argument("--size", type=int, nargs=3, default=[200, 1_000, 80])
    one.add_argument("--seconds", type=float, default=60.0)
    one.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
