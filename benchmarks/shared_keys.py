"""Plans and bounds where demands share keys: ``python benchmarks/shared_keys.py [SECONDS]``.

Prints the table of ``docs/shared_keys.md``: factor of equal needs on NSFNET beside the plan of the
highest mean, and needs met where DS-QKD meets half of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import qkdopt  # noqa: E402
from qkdopt.heuristics import ds_qkd  # noqa: E402
from qkdopt.instance import Instance  # noqa: E402
from qkdopt.problem import build_problem  # noqa: E402
from qkdopt.problem.plan import assess  # noqa: E402

NAMES = ("nsfnet_100erl", "bench/nsfnet_180erl", "bench/usnet_100erl", "bench/usnet_180erl")


def main(seconds: float) -> int:
    """Print a row for each instance and objective; 1 where a check fails."""
    print("| instance | objective | need [kbit/s] | DS-QKD | plan | bound | gap |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    faults = 0
    for name in NAMES:
        path = ROOT / "instances" / f"{name}.json"
        if not path.exists():
            continue
        instance = qkdopt.read_instance(path)
        faults += factor_row(name, instance, seconds)
        faults += served_row(name, instance, seconds)
    return int(faults > 0)


def factor_row(name: str, instance: Instance, seconds: float) -> int:
    """Print the factor of equal needs of 1 kbit/s, and what the plan of the highest mean has."""
    shared = qkdopt.share_keys(instance, rate_bps=1000.0)
    unshared = qkdopt.solve(instance, time_limit=seconds)
    least = min(unshared.fair_shares_bps().values())
    result = qkdopt.solve(shared, objective="key-factor", time_limit=seconds)
    base = assess(build_problem(shared, "key-factor"), ds_qkd(build_problem(shared, "key-factor")))
    assert result.value is not None
    assert result.value.key_factor is not None
    assert result.bound is not None
    assert result.bound.objective_bps is not None
    total = result.value.key_needed_bps or 1.0
    beside = "-" if least == 0.0 else f"{result.value.key_factor / (least / 1e3):.2f} times"
    print(
        f"| `{name}` | key-factor | 1 | {base.objective_bps / total:.3f} | "
        f"{result.value.key_factor:.3f} ({beside} that of the plan of the highest mean) | "
        f"{result.bound.objective_bps / total:.3f} | {gap_text(result)} |"
    )
    return len(qkdopt.check(shared, result).faults)


def served_row(name: str, instance: Instance, seconds: float) -> int:
    """Print how many equal needs are met where DS-QKD meets half of them."""
    need_bps = need_half_met(instance)
    shared = qkdopt.share_keys(instance, rate_bps=need_bps)
    result = qkdopt.solve(shared, objective="key-served", time_limit=seconds)
    assert result.value is not None
    assert result.baseline is not None
    bound = None if result.bound is None else result.bound.objective_bps
    most = "-" if bound is None else f"{bound / need_bps:.1f}"
    print(
        f"| `{name}` | key-served | {need_bps / 1e3:.3f} | {result.baseline.key_met} met | "
        f"{result.value.key_met} met of {result.value.demands} | {most} | {gap_text(result)} |"
    )
    return len(qkdopt.check(shared, result).faults)


def gap_text(result: qkdopt.Result) -> str:
    """Spell the gap."""
    return "-" if result.gap is None else f"{100.0 * result.gap:.2f} %"


def need_half_met(instance: Instance) -> float:
    """Return the equal need [bit/s] of which DS-QKD meets half, by bisection."""
    low, high = 1.0, 1e6
    for _ in range(24):
        middle = float(np.sqrt(low * high))
        problem = build_problem(qkdopt.share_keys(instance, rate_bps=middle), "key-served")
        exact = assess(problem, ds_qkd(problem))
        met = int(problem.needs.met(exact.demand_skr_bps).sum())
        if 2 * met >= len(problem.routes):
            low = middle
        else:
            high = middle
    return float(f"{low:.4g}")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
