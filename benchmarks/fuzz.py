"""Random instances, every strategy, checked: ``python benchmarks/fuzz.py --instances 1000``.

Every result passes ``check``; no bound at S served is below a value found with S served; no
bound on the number served is below a number served. Exits 1 on any violation.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import qkdopt
from qkdopt.instance import Instance
from tests.random_instances import random_instance

FAST = ("fixed", "ds-qkd", "ds-qkd-synergistic")


def draw(seed: int) -> Instance:
    """Draw instances of varied size: tiny ones, and some with many more demands."""
    sizes = [(3, (3, 4)), (6, (5, 8)), (15, (8, 16)), (30, (12, 24))]
    demands, channels = sizes[seed % len(sizes)]
    return random_instance(seed, most_demands=demands, channels=channels)


def violations(seed: int) -> list[str]:
    """Run every strategy on one instance and list what is wrong."""
    instance = draw(seed)
    results = [qkdopt.solve(instance, strategy=name) for name in FAST]
    results.append(qkdopt.solve(instance, strategy="local-search", time_limit=0.3, seed=seed))
    results.append(qkdopt.solve(instance, time_limit=1.0, seed=seed))
    if seed % 4 == 0:
        results.append(qkdopt.solve(instance, strategy="milp", time_limit=5.0, seed=seed))
    found = [
        f"seed {seed} {result.strategy}: {fault}"
        for result in results
        for fault in qkdopt.check(instance, result).faults
    ]
    for proof in results:
        for result in results:
            if proof.bound is None or proof.value is None or result.value is None:
                continue
            if proof.bound.served < result.value.served:
                found.append(f"seed {seed}: {proof.strategy} bounds served below {result.strategy}")
            limit = proof.bound.objective_bps
            same = proof.value.served == result.value.served
            if (
                same
                and limit is not None
                and limit < result.value.objective_bps * (1 - 1e-9) - 1e-6
            ):
                found.append(f"seed {seed}: {proof.strategy} bound below {result.strategy}'s value")
    return found


def main() -> None:
    """Print a line per violation and a count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=10_000)
    options = parser.parse_args()
    bad = 0
    for number in range(options.instances):
        for text in violations(options.seed + number):
            bad += 1
            print(text, flush=True)
        if (number + 1) % 50 == 0:
            print(f"{number + 1} instances, {bad} violations", flush=True)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
