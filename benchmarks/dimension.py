"""Least prices of QKD equipment on known networks: ``python benchmarks/dimension.py [SECONDS]``.

Prints the table of ``docs/dimension.md``: transmitter 60, receiver 40, site 10; the key that each
demand asks for is given by name.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import qkdopt  # noqa: E402

PRICES = {"transmitter": 60.0, "receiver": 40.0, "site": 10.0}
# Instance, key that each demand asks for [bit/s], relay.
ROWS = (
    ("small/mesh6", 1000.0, "lightpath"),
    ("small/mesh6", 1000.0, "flow"),
    ("nsfnet_100erl", 250.0, "lightpath"),
    ("nsfnet_100erl", 800.0, "lightpath"),
    ("nsfnet_100erl", 250.0, "flow"),
    ("bench/usnet_100erl", 250.0, "lightpath"),
)


def main(seconds: float) -> int:
    """Print a row for each instance; 1 where a check fails."""
    print("| instance | need [bit/s] | relay | links of all | price | bound | gap | time [s] |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    faults = 0
    for name, rate_bps, relay in ROWS:
        instance = qkdopt.share_keys(
            qkdopt.read_instance(ROOT / "instances" / f"{name}.json"),
            rate_bps=rate_bps,
            relay="flow" if relay == "flow" else "lightpath",
        )
        every = sum(link.qkd for link in instance.network.links)
        start = f"| `{name}` | {rate_bps:g} | {relay} |"
        try:
            found = qkdopt.dimension(instance, **PRICES, time_limit=seconds)
        except qkdopt.UnmetNeedsError as error:
            answer = "impossible, proved" if error.proved else "not found in time"
            print(f"{start} - of {every} | {answer} | - | - | - |", flush=True)
            continue
        faults += len(qkdopt.check_dimensioning(instance, found))
        print(
            f"{start} {len(found.links)} of {every} | {found.price:g} | {found.bound:g} | "
            f"{100.0 * found.gap:.2f} % | {found.seconds:.0f} |",
            flush=True,
        )
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
