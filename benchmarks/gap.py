"""How near is ``solve`` to the best possible? ``python benchmarks/gap.py --seconds 60``.

Solves instances as a user would, one process a run, and prints one row each: what DS-QKD reaches,
what the textbook MILP reaches and proves under the same limit (``--textbook``), what ``solve``
reaches and proves, and its gap beside the target as a ratio. Every plan is checked; a bound below
a checked plan, whichever run it is of, ends the script with status 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import qkdopt  # noqa: E402

# Proved gap aimed at after 60 and after 600 s [%].
TARGETS: dict[str, tuple[float | None, float | None]] = {
    "nsfnet_100erl": (0.5, 0.2),
    "bench/nsfnet_180erl": (1.2, 0.8),
    "bench/nsfnet_260erl": (2.0, 1.0),
    "bench/usnet_100erl": (0.7, 0.4),
    "bench/usnet_260erl": (3.5, 1.5),
    "bench/germany50_100": (0.4, 0.2),
    "bench/germany50_1000": (None, 3.0),
}
# Bounds are proved to about this relative precision; a plan may be above one by no more.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Reached:
    """Number served, objective and bound of one run; None where there is none."""

    served: int
    value_bps: float
    bound_bps: float | None

    @property
    def gap_percent(self) -> float:
        """Proved gap [%]; infinite without a bound."""
        if self.bound_bps is None:
            return float("inf")
        return 100.0 * (self.bound_bps - self.value_bps) / self.bound_bps if self.bound_bps else 0.0


def main() -> int:
    """Print one row an instance; return the exit status."""
    options = arguments()
    print(
        f"{'instance':22} {'served':>6} {'DS-QKD':>9} {'textbook':>9} {'gap %':>7} {'solve':>9} "
        f"{'bound':>9} {'gap %':>7} {'target':>6} {'ratio':>6}"
    )
    wrong = 0
    for name in options.instances or names():
        wrong += row(name, options)
    return 1 if wrong else 0


def row(name: str, options: argparse.Namespace) -> int:
    """Solve one instance, print its row, return how many bounds are below a plan."""
    path = ROOT / "instances" / f"{name}.json"
    instance = qkdopt.read_instance(path)
    base = qkdopt.solve(instance, strategy="ds-qkd").value
    runs = [solved(path, options.seconds, options.threads, [], options.keep)]
    if options.textbook:
        way = ["--strategy", "milp", "--formulation", "textbook"]
        runs.append(solved(path, options.seconds, options.threads, way))
    best, textbook = runs[0], runs[-1] if options.textbook else None
    target = TARGETS.get(name, (None, None))[0 if options.seconds < 600.0 else 1]
    gap = best.gap_percent
    print(
        f"{name:22} {best.served:6d} {base.objective_bps:9.1f} "
        + (f"{textbook.value_bps:9.1f} {textbook.gap_percent:7.2f} " if textbook else 18 * " ")
        + f"{best.value_bps:9.1f} {best.bound_bps or float('nan'):9.1f} {gap:7.3f} "
        + (f"{target:6.1f} {gap / target:6.2f}" if target else ""),
        flush=True,
    )
    return below(name, runs)


def below(name: str, runs: list[Reached]) -> int:
    """Return how many bounds are below a plan that serves as many, and say which."""
    wrong = 0
    for bounded in runs:
        for reached in runs:
            if bounded.bound_bps is None or bounded.served != reached.served:
                continue
            if reached.value_bps > bounded.bound_bps * (1.0 + ROUNDING):
                print(f"{name}: bound {bounded.bound_bps} below a plan of {reached.value_bps}")
                wrong += 1
    return wrong


def solved(
    path: Path, seconds: float, threads: int, way: list[str], keep: Path | None = None
) -> Reached:
    """Solve an instance in a process of its own, and check what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "result.json"
        command = [
            sys.executable, "-m", "qkdopt", "solve", str(path), "--time-limit", str(seconds),
            "--threads", str(threads), *way, "-o", str(output),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        subprocess.run(
            [sys.executable, "-m", "qkdopt", "check", str(path), str(output)],
            check=True, capture_output=True, cwd=ROOT,
        )  # fmt: skip
        text = output.read_text(encoding="utf-8")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / path.name).write_text(text, encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    bound = result.get("bound") or {}
    value = result["value"]
    return Reached(value["served"], value["objective_bps"], bound.get("objective_bps"))


def names() -> list[str]:
    """Names of the main instance and of those of the bench."""
    bench = sorted((ROOT / "instances" / "bench").glob("*.json"))
    return ["nsfnet_100erl", *(f"bench/{path.stem}" for path in bench)]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("instances", nargs="*", help="names below instances/; all of the bench")
    parser.add_argument("--seconds", type=float, default=60.0, help="limit of every run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the results of solve")
    parser.add_argument("--textbook", action="store_true", help="run the textbook MILP as well")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
