"""Gain of the joint policies over first fit: `python benchmarks/online_policies.py [REQUESTS]`.

Candidates {3,13,23,33}, preset paper, paired on the same arrivals, with 95 % intervals and the
cost of a request. The last column is the target for bottleneck harm. A second table sets
rate-weighted harm beside bottleneck harm over independent seeds: light settles in one of several
patterns, so that seeds differ by more than batches of one run do.
"""

from __future__ import annotations

import sys

import numpy as np

from qkdopt.experiments.reproduction import paper_instance
from qkdopt.simulation import SimulationOptions, simulate
from qkdopt.simulation.statistics import mean

UNIFORM = (3, 13, 23, 33)
TARGETS = {
    "nsfnet": {60.0: 10, 100.0: 16, 180.0: 19, 260.0: 14},
    "usnet": {60.0: 10, 100.0: 21, 180.0: 23, 260.0: 13},
}
WAYS = {
    "equalisation": {"policy": "equalisation"},
    "own best": {"policy": "own-best"},
    "bottleneck harm": {"policy": "bottleneck-harm"},
    "weighted harm": {"policy": "rate-weighted-harm"},
    "harm + 1 move": {"policy": "bottleneck-harm", "replacements": 1},
}


SEEDS = range(11, 19)


def main() -> None:
    """Print one line a topology, load and policy, then one a topology and load."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    gains_over_first_fit(requests)
    weighted_over_plain_harm(requests)


def weighted_over_plain_harm(requests: int) -> None:
    """Print the gain in mean key rate, per request too, from one gain a seed."""
    for topology, loads in TARGETS.items():
        instance = paper_instance(topology, UNIFORM)
        for load in loads:
            served, offered, blocked = [], [], []
            for seed in SEEDS:
                plain, weighted = (
                    simulate(
                        instance,
                        SimulationOptions(strategy="ds-qkd-synergistic", policy=policy),
                        load_erlang=load,
                        requests=requests,
                        seed=seed,
                    )
                    for policy in ("bottleneck-harm", "rate-weighted-harm")
                )
                served.append(weighted.gain_over(plain).value)
                offered.append(weighted.gain_over(plain, per_request=True).value)
                blocked.append((plain.blocking.value, weighted.blocking.value))
            gain, each = (mean(100.0 * np.array(values)) for values in (served, offered))
            before, after = 100.0 * np.mean(blocked, axis=0)
            print(
                f"{topology:7} {load:4g} erlang  weighted over plain harm {gain.value:+5.2f} "
                f"+- {gain.ci95:.2f} %, per request {each.value:+5.2f} +- {each.ci95:.2f} %, "
                f"blocking {before:.2f} -> {after:.2f} %  ({len(SEEDS)} seeds)",
                flush=True,
            )


def gains_over_first_fit(requests: int) -> None:
    """Print every policy's gain beside the target of bottleneck harm."""
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
