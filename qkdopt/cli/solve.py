"""``qkdopt solve``."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from qkdopt.cli.choices import Objective
from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.progress import LiveLine
from qkdopt.cli.summary import summary
from qkdopt.io import read_instance, read_plan, validate_writable, write_json_whole
from qkdopt.optimize import solve
from qkdopt.result import Result
from qkdopt.runtime.signals import uninterrupted

# Exit status of a run without a plan, by the reason.
NO_PLAN = {"infeasible": 1, "no_solution": UNFINISHED}


def run_solve(
    path: Path,
    *,
    output: Path | None,
    start: Path | None,
    strategy: str,
    solver: str,
    formulation: str,
    linearisation: float | None,
    objective: Objective,
    time_limit: float,
    gap: float,
    threads: int | None,
    seed: int,
    node_limit: int | None,
    as_json: bool,
) -> int:
    """Solve, write and print; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    output
        File of the result, the object that ``as_json`` prints; None for no file.
    start
        Earlier result or saved plan.
    as_json
        Print one JSON object in place of the summary.
    strategy, solver, formulation, linearisation, objective, time_limit, gap, threads, seed, \
node_limit
        See :func:`qkdopt.solve`.
    """
    instance = read_instance(path)
    earlier = None if start is None else read_plan(start)
    if output is not None:
        # A plan that cannot be written should fail now, not after the time limit.
        validate_writable(output)
    with LiveLine() as live:
        result = solve(
            instance,
            strategy=strategy,
            solver=solver,
            formulation=formulation,
            linearisation=linearisation,
            objective=objective,
            time_limit=time_limit,
            gap=gap,
            threads=threads,
            seed=seed,
            start=earlier,
            node_limit=node_limit,
            progress=live,
        )
    if output is not None:
        with uninterrupted():
            write_json_whole(output, result.to_json_dict())
    if as_json:
        typer.echo(json.dumps(result.to_json_dict(), indent=1))
    else:
        typer.echo(summary(instance, result), nl=False)
        if output is not None:
            typer.echo(f"written to {output}")
        else:
            typer.echo("the plan is in no file; -o RESULT.json keeps it", err=True)
    return _exit_status(result)


def _exit_status(result: Result) -> int:
    if result.interrupted:
        return INTERRUPTED
    return NO_PLAN.get(result.status, 0)
