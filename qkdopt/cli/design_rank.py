"""``qkdopt design rank``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from qkdopt.channel_sets.design_problem import DesignProblem
from qkdopt.channel_sets.diagnostics import ChannelDiagnostics, channel_diagnostics
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.pareto import Pareto, Prices, pareto
from qkdopt.channel_sets.rank import Design, design
from qkdopt.cli.design_options import RankOptions, read_options, validate_applicable
from qkdopt.cli.design_text import design_json, design_lines
from qkdopt.cli.folder import make_folder
from qkdopt.cli.live import LiveText
from qkdopt.cli.many_runs import unfinished
from qkdopt.cli.provenance import provenance_fields, write_provenance
from qkdopt.instance import Instance
from qkdopt.io import write_json_whole, write_text_whole
from qkdopt.jobs import RunReport, Store, UnfinishedError, lock, open_workers
from qkdopt.report.design import RankedSets, write_design_page

FILES = (
    "design.csv", "scenarios.csv", "pareto.csv", "launch.csv", "best.json", "question.json",
    "ranking.png", "pareto.png", "why.png", "design.html",
)  # fmt: skip


def run_rank(
    path: Path,
    folder: Path,
    options: RankOptions,
    *,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Search, rank, write tables and plots, print the ranking; return the exit status.

    Parameters
    ----------
    path
        Of the instance.
    folder
        What is written goes there; evaluations that are there are taken over.
    options
        How sets are searched and ranked.
    workers
        Processes; None for all cores.
    scheduler
        Address of a Dask scheduler; None for processes of this machine.
    as_json
        Print one JSON object.

    Raises
    ------
    QkdoptError
        Options or files out of range; nothing is written.
    """
    validate_applicable(options)
    read = read_options(path, workers, options)
    problem = read.problem
    make_folder(folder)
    with lock(folder), LiveText() as live, open_workers(scheduler, workers) as team:

        def show(title: str, report: RunReport) -> None:
            waiting = f"; {report.waiting_for}" if report.waiting_for else ""
            share = report.done / max(report.total, 1)
            live.show(title + waiting, f": {report.done} of {report.total} runs", share=share)

        evaluations = Evaluations(problem.evaluator, Store(folder / "rows.parquet"), team, show)
        try:
            found = design(problem.evaluator, problem.baseline, problem.options, evaluations)
        except UnfinishedError as error:
            return _unfinished(error, folder)
        live.show("looking at the light of the best set")
        why = [
            channel_diagnostics(problem.evaluator, one) for one in (found.best, problem.baseline)
        ]
    if read.launch is not None:
        table = read.launch.receivers.table(read.before, problem.evaluator.instance)
        write_text_whole(folder / "launch.csv", table.to_csv(index=False))
    source = [(path, read.before)]
    _answer(problem, read.prices, found, why, folder, provenance_fields(source), as_json=as_json)
    write_provenance(folder, FILES, source)
    return 0


def _answer(
    problem: DesignProblem,
    prices: Prices,
    found: Design,
    why: list[ChannelDiagnostics],
    folder: Path,
    origin: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Write everything, and print."""
    instance = problem.evaluator.instance
    frontier = pareto(
        found.comparator, found.table, problem.options.blocks, instance=instance, prices=prices
    )
    # Judged as an instance before anything is written.
    best = found.pool.applied_to(instance, found.best, problem.evaluator.reserve)
    question = problem.to_dict() | {"environment": origin["environment"]}
    write_design(found, frontier, why, best, question, folder)
    if as_json:
        typer.echo(json.dumps(design_json(problem, found, frontier, folder) | origin, indent=1))
    else:
        typer.echo("\n".join(design_lines(problem, found, frontier, folder)))


def _unfinished(error: UnfinishedError, folder: Path) -> int:
    status = unfinished(error.report)
    if (folder / "design.csv").exists():
        typer.echo(
            f"  tables in {folder} are of an earlier design, see question.json there", err=True
        )
    return status


def write_design(
    found: Design,
    frontier: Pareto,
    why: list[ChannelDiagnostics],
    best: Instance,
    question: dict[str, Any],
    folder: Path,
) -> None:
    """Write tables, plots, page, the instance with the best set, options and environment.

    Parameters
    ----------
    found
        Ranking and its values by scenario, for ``design.csv``, ``scenarios.csv`` and
        ``ranking.png``.
    frontier
        Frontier of the ranked sets, for ``pareto.csv`` and ``pareto.png``.
    why
        Diagnostics of the best set and of the baseline, in this order, for ``why.png``.
    best
        Instance with the best set, for ``best.json``.
    question
        Plain data of problem, options and environment, for ``question.json``.
    folder
        Existing folder of the files.

    Raises
    ------
    OutputError
        A table or JSON file cannot be written.
    """
    for name, table in (
        ("design.csv", found.table), ("scenarios.csv", found.scenarios),
        ("pareto.csv", frontier.table),
    ):  # fmt: skip
        plain = table.drop(columns="placement", errors="ignore")
        write_text_whole(folder / name, plain.to_csv(index=False))
    _draw(found, frontier, why, folder)
    write_json_whole(folder / "best.json", best.to_json_dict())
    write_json_whole(folder / "question.json", question)
    ranked = RankedSets(
        ranking=found.table,
        scenarios=found.scenarios,
        frontier=frontier.table,
        diagnostics=(why[0], why[1]),
        best=best,
        question=question,
    )
    write_design_page(folder / "design.html", ranked)


def _draw(found: Design, frontier: Pareto, why: list[ChannelDiagnostics], folder: Path) -> None:
    from matplotlib.figure import Figure

    from qkdopt.plotting import plot_diagnostics, plot_pareto, plot_ranking

    ranking = Figure(figsize=(8.0, 5.5), layout="constrained")
    plot_ranking(found.table, ranking.subplots())
    ranking.savefig(folder / "ranking.png", dpi=150)
    buys = Figure(figsize=(8.0, 7.0), layout="constrained")
    plot_pareto(frontier.table, buys.subplots(2, 1, sharex=True, height_ratios=(2, 1)))
    buys.savefig(folder / "pareto.png", dpi=150)
    explained = Figure(figsize=(9.5, 8.0), layout="constrained")
    plot_diagnostics(why[0], why[1], explained.subplots(3, 1, sharex=True))
    explained.savefig(folder / "why.png", dpi=150)
