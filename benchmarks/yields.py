"""What other yields change: ``python benchmarks/yields.py``.

The best known plans, judged by the checker with ``qkd.yields`` as the DS-QKD study has them, and
with each of the two consistent choices: the same light and noise, another gain or yield.
"""

from __future__ import annotations

from pathlib import Path

import qkdopt
from qkdopt.instance import Instance
from qkdopt.io import read_plan

FOLDER = Path(__file__).parent.parent / "instances"
NAMES = (
    "nsfnet_100erl",
    "nsfnet_100erl_4ch",
    "bench/nsfnet_60erl",
    "bench/nsfnet_260erl",
    "bench/usnet_100erl",
    "bench/usnet_260erl",
    "bench/germany50_100",
    "bench/madqci_20",
)


def rate(instance: Instance, name: str) -> float:
    """Return the mean over demands [bit/s] of the best known plan."""
    plan = read_plan(FOLDER / "best_known" / f"{name}.json")
    reference = plan.instance.model_copy(update={"sha256": instance.sha256()})
    report = qkdopt.check(instance, plan.model_copy(update={"instance": reference}))
    assert report.ok, report.faults
    assert report.objective_bps is not None
    return report.objective_bps


def main() -> None:
    """Print the mean over demands as it stands, and its change with each choice."""
    print(f"{'instance':20}  paper kbit/s    exact  approximate")
    for name in NAMES:
        instance = qkdopt.read_instance(FOLDER / f"{name}.json")
        before = rate(instance, name)
        print(f"{name:20}  {before / 1e3:12.4f}", end="")
        for choice in ("exact", "approximate"):
            change = rate(instance.replace(qkd={"yields": choice}), name) / before - 1.0
            print(f"  {100.0 * change:+.3f} %", end="")
        print()


if __name__ == "__main__":
    main()
