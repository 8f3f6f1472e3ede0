"""``qkdopt solve``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer

from qkdopt.cli.choices import Objective, Routes
from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.figure import draw_history, validate_figure
from qkdopt.cli.live import LiveLine
from qkdopt.cli.provenance import read_from
from qkdopt.cli.quiet import hint
from qkdopt.cli.streams import is_standard, say, validate_output, write_answer
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_lines, preset_name
from qkdopt.io import read_instance, read_plan
from qkdopt.optimize import solve
from qkdopt.problem import build_problem
from qkdopt.result import Result, Value, WorkingChannel
from qkdopt.result.text import (
    around_lines,
    kbps,
    moved_lines,
    note_lines,
    rate_lines,
    served_line,
)
from qkdopt.runtime.signals import uninterrupted

# Exit status of a run without a plan, by the reason.
NO_PLAN = {"infeasible": 1, "no_solution": UNFINISHED}
WORST_LINKS = 5


def run_solve(
    path: Path,
    *,
    output: Path | None,
    start: Path | None,
    around: Path | None,
    movable: int | None,
    plot: Path | None,
    report: Path | None,
    strategy: str,
    solver: str,
    formulation: str,
    linearisation: float | None,
    objective: Objective | None,
    routes: Routes,
    time_limit: float,
    gap: float,
    threads: int | None,
    seed: int,
    node_limit: int | None,
    scheduler: str | None,
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
    around, movable
        File of an earlier plan whose demands stay in place, and how many of them may move.
    plot
        File of a figure, plan and bound over time; None for no figure.
    report
        File of a page; None for no page.
    as_json
        Print one JSON object in place of the summary.
    strategy, solver, formulation, linearisation, objective, routes, time_limit, gap, threads, \
seed, node_limit, scheduler
        See :func:`qkdopt.solve`.
    """
    instance = read_instance(path)
    earlier = None if start is None else read_plan(start)
    in_place = None if around is None else read_plan(around)
    if output is not None:
        # A plan that cannot be written should fail now, not after the time limit.
        validate_output(output)
    if plot is not None:
        validate_figure(plot)
    if report is not None:
        from qkdopt.cli.report import draw_page, validate_page

        validate_page(report)
    with LiveLine() as live:
        result = solve(
            instance,
            strategy=strategy,
            solver=solver,
            formulation=formulation,
            linearisation=linearisation,
            objective=objective,
            routes=routes,
            time_limit=time_limit,
            gap=gap,
            threads=threads,
            seed=seed,
            start=earlier,
            around=in_place,
            movable=movable,
            node_limit=node_limit,
            scheduler=scheduler,
            progress=live,
        )
    result = read_from(result, path, start=start, around=around)
    if output is not None:
        with uninterrupted():
            write_answer(output, result.to_json_dict())
    _answer(output, instance, result, routes, as_json=as_json)
    if plot is not None:
        draw_history(plot, result)
        _name_file(output, f"drawn in {plot}", as_json=as_json)
    if report is not None:
        draw_page(report, instance, result)
        _name_file(output, f"page in {report}", as_json=as_json)
    return _exit_status(result)


def _answer(
    output: Path | None, instance: Instance, result: Result, routes: Routes, *, as_json: bool
) -> None:
    """Print the answer, and where it is kept."""
    if as_json:
        if not is_standard(output):
            typer.echo(json.dumps(result.to_json_dict(), indent=1))
        return
    say(output, summary(instance, result, routes), newline=False)
    if output is None:
        hint("the plan is in no file; -o RESULT.json keeps it")
    elif not is_standard(output):
        typer.echo(f"written to {output}")


def _name_file(output: Path | None, text: str, *, as_json: bool) -> None:
    """Say where a file is: on standard error where standard output is one JSON object."""
    typer.echo(text, err=as_json or is_standard(output))


def _exit_status(result: Result) -> int:
    if result.interrupted:
        return INTERRUPTED
    return NO_PLAN.get(result.status, 0)


def summary(instance: Instance, result: Result, routes: Routes = "candidates") -> str:
    """Spell a result as a planner reads it.

    Served, rates, gain, gap, the worst links and why, and what was blocked.

    Parameters
    ----------
    instance
        The instance.
    result
        Its result.
    routes
        Which routes the run could take.
    """
    preset = preset_name(instance) or "none"
    lines = [
        f"{instance.name}  (preset {preset}, strategy {result.strategy})",
        *preset_lines(instance),
    ]
    if result.value is None:
        lines.append(f"no plan: {result.status}")
    else:
        lines.extend(around_lines(result))
        lines.append(served_line(result, result.value))
        lines.extend(moved_lines(result))
        lines.extend(_advice_lines(instance, result.value, routes))
        lines.extend(rate_lines(result, result.value))
        lines.extend(_link_lines(instance, result))
        lines.extend(_blocked_lines(result))
    lines.extend(note_lines(result))
    return "\n".join(lines) + "\n"


def _advice_lines(instance: Instance, value: Value, routes: Routes) -> Iterator[str]:
    if value.without_key:
        from qkdopt.bounds.keyless import advice_lines

        for line in advice_lines(build_problem(instance, scope=routes), value.without_key):
            yield f"           {line}"


def _link_lines(instance: Instance, result: Result) -> Iterator[str]:
    if not result.qkd:
        return
    lit: Counter[str] = Counter()
    for path in result.lightpaths:
        for link in path.links:
            lit[link] += len(path.channels)
    limits = Counter(row.bottleneck for row in result.demands if row.served)
    lengths = {link.id: link.length_km for link in instance.network.links}
    width = max(len(row.link) for row in result.qkd)
    yield "worst links"
    for row in sorted(result.qkd, key=lambda row: (row.skr_bps, row.link))[:WORST_LINKS]:
        yield (
            f"  {row.link:{width}}  {kbps(row.skr_bps):>13}  {lit[row.link]:3d} lit over "
            f"{lengths[row.link]:g} km, QKD {_channel(row)}, noise {row.noise_per_gate:.2e}/gate, "
            f"QBER {100.0 * row.qber:.2f} %, limits {limits[row.link]} demands"
        )


def _channel(row: WorkingChannel) -> str:
    if row.frequency_thz is not None:
        return f"{row.frequency_thz:g} THz"
    return f"ch {row.channel}"


def _blocked_lines(result: Result) -> Iterator[str]:
    blocked = [row for row in result.demands if not row.served]
    if not blocked:
        return
    for reason, count in Counter(row.blocked_by for row in blocked).most_common():
        names = [str(row.demand) for row in blocked if row.blocked_by == reason]
        shown = ", ".join(names[:10]) + (", ..." if count > 10 else "")
        yield f"blocked    {count} by {reason}: demands {shown}"
