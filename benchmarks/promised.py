"""What demands can be promised, by set of channels: ``python benchmarks/promised.py [LISTS]``.

The DS-QKD study's sets of channels again, with every demand drawing on the links' keys at once:
mean and least fair share, demands without key, over lists of demands drawn by seed, with 95 %
intervals (Student's t). Rewrites its tables in ``docs/what_can_be_promised.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

import qkdopt  # noqa: E402
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic, fixed  # noqa: E402
from qkdopt.instance import Instance  # noqa: E402
from qkdopt.problem import Problem, build_problem  # noqa: E402
from qkdopt.problem.plan import Plan, assess  # noqa: E402

PAGE = ROOT / "docs" / "what_can_be_promised.md"
LOADS = (60, 100, 140)
# Reserved all: the study sets its channels in advance.
SETS: dict[str, tuple[int, ...]] = {
    "1 channel": (3,),
    "compact 4": (0, 1, 2, 3),
    "uniform 2": (3, 23),
    "uniform 4": (3, 13, 23, 33),
    "uniform 8": (3, 8, 13, 18, 23, 28, 33, 38),
}
STRATEGIES: dict[str, Callable[[Problem], Plan]] = {
    "DS-QKD": ds_qkd,
    "synergistic": ds_qkd_synergistic,
}
Row = tuple[float, float, float, float]


def instance_of(topology: str, demands: int, seed: int, channels: Sequence[int]) -> Instance:
    """Draw a list of demands on a topology with one set of QKD channels, all of them reserved."""
    drawn = qkdopt.new_instance(
        "drawn", topology=topology, demands=demands, seed=seed, candidates=list(channels),
        reserve="all",
    )  # fmt: skip
    return qkdopt.share_keys(drawn, rate_bps=1000.0)


def measures(problem: Problem, plan: Plan) -> Row:
    """Return mean and least fair share of the served [kbit/s], share without key, and served."""
    exact = assess(problem, plan)
    assert exact.asking is not None
    given = exact.demand_skr_bps[exact.asking] / 1e3
    if not len(given):
        return 0.0, 0.0, 0.0, 0.0
    keyless = float((given <= 0.0).mean())
    return float(given.mean()), float(given.min()), keyless, exact.served / len(problem.routes)


def interval(values: Sequence[float]) -> str:
    """Spell mean and 95 % interval."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return f"{mean:.2f}"
    half = stats.t.ppf(0.975, count - 1) * float(np.std(values, ddof=1)) / count**0.5
    return f"{mean:.2f} ± {half:.2f}"


def sets_table(topology: str, seeds: int) -> list[str]:
    """Return the rows of the channel sets at each load."""
    lines = [
        "| load | set | strategy | mean share [kbit/s] | least share | without key [%] "
        "| served [%] |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for load in LOADS:
        for name, channels in SETS.items():
            strategies = {"fixed": fixed} if len(channels) == 1 else STRATEGIES
            for strategy, build in strategies.items():
                rows = []
                for seed in range(seeds):
                    problem = build_problem(instance_of(topology, load, seed, channels))
                    rows.append(measures(problem, build(problem)))
                mean, least, keyless, served = zip(*rows, strict=True)
                lines.append(
                    f"| {load} | {name} | {strategy} | {interval(mean)} | {interval(least)} | "
                    f"{interval([100 * x for x in keyless])} | "
                    f"{interval([100 * x for x in served])} |"
                )
    return lines


def rewritten(text: str, name: str, lines: list[str]) -> str:
    """Return a page with the lines between the marks of a table replaced."""
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, rest = text.split(first)
    return head + first + "\n".join(lines) + "\n" + last + rest.split(last, 1)[1]


def write_table(name: str, lines: list[str]) -> None:
    """Print a table and put it between its marks on the page."""
    print("\n".join([name, *lines]), flush=True)
    PAGE.write_text(rewritten(PAGE.read_text("utf-8"), name, lines), "utf-8")


if __name__ == "__main__":
    for topology in ("nsfnet", "usnet"):
        write_table(
            f"{topology} sets", sets_table(topology, int(sys.argv[1]) if sys.argv[1:] else 12)
        )
