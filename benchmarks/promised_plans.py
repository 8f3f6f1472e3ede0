"""What joint plans can promise: ``python benchmarks/promised_plans.py [LISTS] [SECONDS]``.

The largest rate that every demand of a list can draw at once (the key factor of equal needs): by
DS-QKD, by the synergistic strategy with key prices, by the plan of the unshared mean, and by the
joint plan of objective ``key-factor`` beside its proved limit; over lists of demands drawn by seed,
with 95 % intervals (Student's t). Every plan is checked. Rewrites its tables in
``docs/what_can_be_promised.md``.
"""

from __future__ import annotations

import sys
from math import nan
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import qkdopt  # noqa: E402
from benchmarks.promised import SETS, instance_of, interval, write_table  # noqa: E402
from qkdopt.instance import Instance  # noqa: E402

LOADS = (60, 100, 140)
# Need of each demand [bit/s]: a factor of 1 is 1 kbit/s for all.
NEED_BPS = 1000.0
HEADING = [
    "| load | candidates | DS-QKD | synergistic | best unshared mean | joint plan "
    "| at most, proved |",
    "| --- | --- | --- | --- | --- | --- | --- |",
]


def instances(topology: str, load: int, seed: int) -> dict[str, Instance]:
    """Return a list of demands beside the study's reserved set, and beside a free choice."""
    drawn = qkdopt.new_instance("drawn", topology=topology, demands=load, seed=seed)
    return {
        "uniform 4, reserved": instance_of(topology, load, seed, SETS["uniform 4"]),
        "all, working alone": qkdopt.share_keys(drawn, rate_bps=NEED_BPS),
    }


def solved(instance: Instance, **options: Any) -> qkdopt.Result:
    """Return a result that passes its check.

    Raises
    ------
    SystemExit
        It does not.
    """
    result = qkdopt.solve(instance, **options)
    faults = qkdopt.check(instance, result).faults
    if faults:
        raise SystemExit(f"{instance.name}: {faults[0]}")
    return result


def factor(result: qkdopt.Result) -> float:
    """Return what every demand can draw at once [kbit/s], of a plan for shared keys."""
    assert result.value is not None
    return (result.value.key_factor or 0.0) * NEED_BPS / 1e3


def least_shares(instance: Instance, seconds: float) -> tuple[float, ...]:
    """Return the least shares of the four plans of one list, and the proved limit [kbit/s]."""
    base, priced = (
        solved(instance, strategy=strategy, objective="key-factor")
        for strategy in ("ds-qkd", "ds-qkd-synergistic")
    )
    alone = instance.replace(qkd={"key_accounting": "per-demand"})
    unshared = solved(alone, objective="mean", time_limit=seconds)
    joint = solved(instance, objective="key-factor", time_limit=seconds)
    assert joint.value is not None
    assert joint.value.key_needed_bps is not None
    bound_bps = None if joint.bound is None else joint.bound.objective_bps
    # Without a bound in time nothing is proved of this list, nor of the mean over lists.
    proved = nan if bound_bps is None else bound_bps / joint.value.key_needed_bps
    return (
        factor(base),
        factor(priced),
        min(unshared.fair_shares_bps().values()) / 1e3,
        factor(joint),
        proved * NEED_BPS / 1e3,
    )


def table(topology: str, lists: int, seconds: float) -> list[str]:
    """Return the rows of each load and set of candidates."""
    lines = [*HEADING]
    for load in LOADS:
        for name in instances(topology, load, 0):
            rows = [
                least_shares(instances(topology, load, seed)[name], seconds)
                for seed in range(lists)
            ]
            columns = " | ".join(interval(column) for column in zip(*rows, strict=True))
            lines.append(f"| {load} | {name} | {columns} |")
            print(lines[-1], flush=True)
    return lines


if __name__ == "__main__":
    given = sys.argv[1:]
    for topology in ("nsfnet", "usnet"):
        lists = int(given[0]) if given else 5
        seconds = float(given[1]) if len(given) > 1 else 30.0
        write_table(f"{topology} plans", table(topology, lists, seconds))
