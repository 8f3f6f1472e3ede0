"""Run one method in this process: ``python -m benchmarks.methods METHOD INSTANCE -o RESULT``.

The plan is written as a result whose numbers are recomputed from the plan alone, so that nothing of
what the method says about it is in there. What it took and claims is printed as one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import qkdopt
from benchmarks.methods import METHODS, Limits, Method
from qkdopt.errors import QkdoptError
from qkdopt.heuristics import ds_qkd
from qkdopt.instance import Instance
from qkdopt.optimize.strategies import Strategy
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import Plan


def main() -> int:
    """Solve, write the result and print what was claimed; return the exit status."""
    options = arguments()
    method = METHODS[options.method]
    if method.missing:
        print(method.missing, file=sys.stderr)
        return 2
    limits = Limits(options.seconds, options.threads, options.seed)
    try:
        instance = qkdopt.read_instance(options.instance)
        claims = run(method, instance, limits, options.output)
    except QkdoptError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    print(json.dumps(claims))
    return 0


def run(method: Method, instance: Instance, limits: Limits, output: Path) -> dict[str, object]:
    """Return seconds taken and claims of one run; write its plan, if any, as a result.

    Parameters
    ----------
    method
        The method.
    instance
        The instance.
    limits
        Time limit [s], threads and seed.
    output
        File of the result.
    """
    problem = build_problem(instance)
    ds_qkd(problem)  # kernels that placements use are loaded before the clock starts
    begin = time.monotonic()
    answer = method.run(problem, limits)
    seconds = time.monotonic() - begin
    if answer.plan is not None:
        qkdopt.solve(instance, strategy=found_before(answer.plan, method.name)).save(output)
    return {
        "seconds": seconds,
        "bound_bps": answer.bound_bps,
        "served_bound": answer.served_bound,
        "note": answer.note,
    }


def found_before(plan: Plan, name: str) -> Strategy:
    """Return a strategy of that name that returns a plan found before.

    :func:`qkdopt.solve` checks it like any strategy of the user's own: an illegal plan is refused.

    Parameters
    ----------
    plan
        The plan.
    name
        Name of the method that found it.
    """

    def strategy(problem: Problem) -> Plan:  # noqa: ARG001
        return plan

    strategy.__name__ = name
    return strategy


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods")
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("instance", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="file of the result")
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit of the method")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
