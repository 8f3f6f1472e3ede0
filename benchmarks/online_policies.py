"""Gain of the joint policies over first fit: `python benchmarks/online_policies.py [REQUESTS]`.

Candidates {3,13,23,33}, preset paper, paired on the same arrivals, with 95 % intervals and the
cost of a request. The last column is the target for bottleneck harm.
"""

from __future__ import annotations

import sys

from qkdopt.reproduce import paper_instance
from qkdopt.simulate import SimulationOptions, simulate

UNIFORM = (3, 13, 23, 33)
TARGETS = {
    "nsfnet": {60.0: 10, 100.0: 16, 180.0: 19, 260.0: 14},
    "usnet": {60.0: 10, 100.0: 21, 180.0: 23, 260.0: 13},
}
WAYS = {
    "equalisation": {"policy": "equalisation"},
    "own best": {"policy": "own-best"},
    "bottleneck harm": {"policy": "bottleneck-harm"},
    "harm + 1 move": {"policy": "bottleneck-harm", "replacements": 1},
}


def main() -> None:
    """Print one line a topology, load and policy."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    for topology, loads in TARGETS.items():
        instance = paper_instance(topology, UNIFORM)
        for load, target in loads.items():
            base = simulate(instance, load_erlang=load, requests=requests)
            for name, options in WAYS.items():
                chosen = SimulationOptions(strategy="ds-qkd-synergistic", **options)
                outcome = simulate(instance, chosen, load_erlang=load, requests=requests)
                gain = outcome.gain_over(base)
                assert gain.value is not None
                assert gain.ci95 is not None
                print(
                    f"{topology:7} {load:4g} erlang  {name:16} {100 * gain.value:+6.2f} "
                    f"+- {100 * gain.ci95:.2f} %  {1e6 / outcome.requests_per_second:5.1f} us"
                    + (f"   target +{target} %" if name == "bottleneck harm" else ""),
                    flush=True,
                )


if __name__ == "__main__":
    main()
