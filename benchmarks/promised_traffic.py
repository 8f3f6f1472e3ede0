"""What dynamic traffic can be promised: ``python benchmarks/promised_traffic.py [REQUESTS]``.

The DS-QKD study's sets of channels under dynamic traffic, where every request in service draws a
fresh key of 256 bits each second on every link of its route: what is delivered where requests are
admitted by light alone, and what is refused where they are admitted only if their links have the
key. 95 % intervals by batches of one run. Rewrites its tables in
``docs/what_can_be_promised.md``.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import qkdopt  # noqa: E402
from benchmarks.promised import SETS, write_table  # noqa: E402
from qkdopt.instance import Instance  # noqa: E402
from qkdopt.simulation import SimulationOptions, simulate  # noqa: E402
from qkdopt.simulation.statistics import Estimate  # noqa: E402

LOADS_ERLANG = (60.0, 100.0, 140.0, 180.0)
KEY_BITS, EVERY_S = 256.0, 1.0
STRATEGIES: dict[str, str] = {"DS-QKD": "ds-qkd", "synergistic": "ds-qkd-synergistic"}
HEADING = [
    "| load | set | strategy | by light: delivered [%] | with an empty link [%] | refused [%] "
    "| by key: refused for key [%] | for light [%] |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
]


def instance_of(topology: str, channels: tuple[int, ...]) -> Instance:
    """Return a network whose requests ask for key, with one set of channels, all reserved."""
    drawn = qkdopt.new_instance(
        "drawn", topology=topology, demands=1, seed=0, candidates=list(channels), reserve="all"
    )
    return drawn.replace(
        demands=[],
        qkd={"key_accounting": "shared"},
        traffic={"load_erlang": 100.0, "key": {"bits": KEY_BITS, "every_s": EVERY_S}},
    )


def percent(estimate: Estimate) -> str:
    """Spell a share and its interval in percent."""
    if estimate.value is None:
        return "-"
    return f"{100.0 * estimate.value:.2f} ± {100.0 * (estimate.ci95 or 0.0):.2f}"


def row(instance: Instance, strategy: str, load_erlang: float, requests: int) -> list[str]:
    """Return the measures of one set, strategy and load."""
    light, key = (
        simulate(
            instance,
            SimulationOptions(strategy=strategy, admission=admission),
            load_erlang=load_erlang,
            requests=requests,
        )
        for admission in ("light", "key")
    )
    refused = key.blocking_by_cause
    others = [refused[cause].value or 0.0 for cause in refused if cause != "key"]
    return [
        percent(light.key_delivered_share),
        percent(light.empty_pool_share),
        percent(light.blocking),
        percent(key.key_blocked),
        f"{100.0 * sum(others):.2f}",
    ]


def table(topology: str, requests: int) -> list[str]:
    """Return the rows of each load, set and strategy."""
    lines = [*HEADING]
    for load_erlang in LOADS_ERLANG:
        for name, channels in SETS.items():
            strategies: dict[str, str] = {"fixed": "fixed"} if len(channels) == 1 else STRATEGIES
            for spelt, strategy in strategies.items():
                measured = row(instance_of(topology, channels), strategy, load_erlang, requests)
                lines.append(f"| {load_erlang:g} | {name} | {spelt} | {' | '.join(measured)} |")
    return lines


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else 400_000
    for topology in ("nsfnet", "usnet"):
        write_table(f"{topology} traffic", table(topology, count))
