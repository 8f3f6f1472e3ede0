"""Speed beside another checkout: `python benchmarks/against_checkout.py OTHER [ROUNDS]`.

Simulation (requests per CPU second) and annealing (moves per CPU second) of this tree and of the
checkout OTHER, in turn, each in a process of its own: what else the machine does meets both. The
first round compiles and is left out. Prints medians and the median of the rounds' ratios, this
tree / OTHER. Target: 0.97 or more of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
INSTANCE = ROOT / "instances" / "nsfnet_100erl_4ch.json"
TARGET = 0.97
RUN = f"""
import json, time
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.io import read_instance
from qkdopt.problem import build_problem
from qkdopt.simulation import SimulationOptions, simulate

instance = read_instance({str(INSTANCE)!r})
speeds = {{}}
for name, requests, options in (
    ("classical", 400_000, dict(keys=False)),
    ("ds-qkd", 400_000, dict()),
    ("bottleneck harm", 40_000, dict(strategy="ds-qkd-synergistic")),
):
    for load in (100.0, 200.0):
        outcome = simulate(
            instance, SimulationOptions(**options), load_erlang=load, requests=requests
        )
        speeds[f"{{name}}, {{load:g}} erlang"] = outcome.requests_per_second
problem = build_problem(instance, "mean")
search = Search.begin(problem, ds_qkd(problem), 0)
search.anneal(1000, 100.0, 100.0)
started = time.thread_time()
search.anneal(300_000, 100.0, 100.0)
speeds["annealing"] = 300_000 / (time.thread_time() - started)
print(json.dumps(speeds))
"""


def speeds(checkout: Path) -> dict[str, float]:
    """Measure one checkout once."""
    found = subprocess.run(
        [sys.executable, "-c", RUN],
        check=True,
        capture_output=True,
        text=True,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    return dict(json.loads(found.stdout))


def main() -> None:
    """Measure both in turn and print a line for each speed."""
    other, rounds = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    here, there = [], []
    for number in range(rounds + 1):
        for checkout, into in ((ROOT, here), (other, there)):
            measured = speeds(checkout)
            if number > 0:
                into.append(measured)
    for name in here[0]:
        ratio = median(a[name] / b[name] for a, b in zip(here, there, strict=True))
        print(
            f"{name:28} {median(s[name] for s in here):12,.0f} a second, other "
            f"{median(s[name] for s in there):12,.0f}, ratio {ratio:.3f} (target {TARGET:g})"
        )


if __name__ == "__main__":
    main()
