"""Speed of the simulator with key rates, beside its classical part alone.

Prints requests per CPU second and core (traffic included, start-up left out) and the ratio to the
classical part in the same run. Targets: 2,000,000 with key rates, 6,000,000 without, at 100 and at
200 erlang, NSFNET, 4 candidates.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from qkdopt.io import read_instance
from qkdopt.simulation import SimulationOptions, simulate

INSTANCE = Path(__file__).parent.parent / "instances" / "nsfnet_100erl_4ch.json"
REQUESTS = 1_000_000
ROUNDS = 5
TARGETS = {"classical": 6e6, "ds-qkd": 2e6}
WAYS = {"classical": SimulationOptions(keys=False), "ds-qkd": SimulationOptions()}


def main() -> None:
    """Measure in turn, so that a drift of the machine's speed meets both."""
    instance = read_instance(INSTANCE)
    for load in (100.0, 200.0):
        speeds: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(ROUNDS):
            for name, options in WAYS.items():
                outcome = simulate(instance, options, load_erlang=load, requests=REQUESTS)
                speeds[name].append(outcome.requests_per_second)
        for name, found in speeds.items():
            print(
                f"{load:g} erlang  {name:10} {median(found) / 1e6:.2f} million a second "
                f"({min(found) / 1e6:.2f} to {max(found) / 1e6:.2f}), target "
                f"{TARGETS[name] / 1e6:g}, ratio {median(found) / TARGETS[name]:.2f}"
            )
        ratio = median(a / b for a, b in zip(speeds["ds-qkd"], speeds["classical"], strict=True))
        print(f"{load:g} erlang  with key rates / classical part: {ratio:.2f}")


if __name__ == "__main__":
    main()
