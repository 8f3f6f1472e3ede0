"""How much faster do two threads expand nodes? ``python benchmarks/parallel_nodes.py``.

One root, then expansions by one thread and by two in turns, each from where that tree was, so that
whatever else the machine does hits both. Prints nodes per second of wall clock and of processor
time, and the ratios of two threads to one; processor time tells what threads cost, the wall what
they bring on cores that are free.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import qkdopt  # noqa: E402
from qkdopt.bounds.bound import LoadStateBound  # noqa: E402
from qkdopt.bounds.compilation import compile_bound  # noqa: E402
from qkdopt.bounds.node_team import NodeTeam  # noqa: E402
from qkdopt.heuristics import ds_qkd_synergistic  # noqa: E402
from qkdopt.problem import build_problem  # noqa: E402
from qkdopt.problem.plan import assess  # noqa: E402


def main() -> None:
    """Print one line a number of threads, and the ratios."""
    options = arguments()
    compile_bound()
    problem = build_problem(qkdopt.read_instance(options.instance))
    exact = assess(problem, ds_qkd_synergistic(problem))
    runs = {}
    for threads in (1, options.threads):
        run = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
        run.tighten(0.0, 0.0, lambda: False)
        run.team = NodeTeam(threads)
        runs[threads] = run
    wall, cpu = dict.fromkeys(runs, 0.0), dict.fromkeys(runs, 0.0)
    first = {threads: run.nodes for threads, run in runs.items()}
    for _ in range(options.turns):
        for threads, run in runs.items():
            began, used = time.perf_counter(), time.process_time()
            over = began + options.seconds
            while time.perf_counter() < over and not run.closed:
                run.tighten(0.0, 0.0, lambda over=over: time.perf_counter() >= over)
            run.halt()
            wall[threads] += time.perf_counter() - began
            cpu[threads] += time.process_time() - used
    rates = {n: (run.nodes - first[n]) / wall[n] for n, run in runs.items()}
    costs = {n: (run.nodes - first[n]) / cpu[n] for n, run in runs.items()}
    for n, run in runs.items():
        print(f"{n} threads: {rates[n]:.2f} nodes/s, {costs[n]:.2f} a second of processor time, "
              f"bound {run.objective_bps:.2f} bit/s")  # fmt: skip
    many = options.threads
    print(f"ratio of {many} threads to 1: {rates[many] / rates[1]:.2f} by the wall, "
          f"{costs[many] / costs[1]:.2f} by processor time")  # fmt: skip


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instance", nargs="?", default=ROOT / "instances" / "nsfnet_100erl.json")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a turn")
    parser.add_argument("--turns", type=int, default=6)
    return parser.parse_args()


if __name__ == "__main__":
    main()
