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

from long_run_kinds import simulation  # noqa: E402


def main() -> int:
    """Run one kind; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("simulation", help="memory over 10^6 to 10^8 requests")
    one.add_argument("--billion", action="store_true", help="10^9 requests too")
    options = parser.parse_args()
    return simulation.run(options.billion)


if __name__ == "__main__":
    sys.exit(main())
