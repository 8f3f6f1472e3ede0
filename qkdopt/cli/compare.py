"""``qkdopt compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyomo.environ as pyo
import typer
from pydantic import ValidationError

from qkdopt.adapters import ADAPTERS, Limits, adapter_of
from qkdopt.cli.choices import Objective
from qkdopt.cli.exit_status import INTERRUPTED, REFUSED, UNFINISHED
from qkdopt.cli.live import LiveText
from qkdopt.cli.many_runs import show_runs
from qkdopt.cli.provenance import write_provenance
from qkdopt.errors import InstanceError, UsageError, fault_list
from qkdopt.experiments.comparison import (
    COLUMNS,
    BenchmarkRun,
    Profile,
    benchmark_runs,
    read_profile,
    summarise,
    to_markdown,
)
from qkdopt.instance import Instance
from qkdopt.io import fault_texts, read_instance, write_text_whole
from qkdopt.jobs import RunReport, Store, open_workers, run_missing
from qkdopt.optimize.options import FORMULATIONS
from qkdopt.plotting import plot_gap_over_time, plot_performance_profile
from qkdopt.report.comparison import write_comparison
from qkdopt.runtime.cores import available_cores

if TYPE_CHECKING:
    import pandas as pd

FILES = (
    "results.csv", "summary.md", "performance_profile.png", "gap_over_time.png", "comparison.html",
)  # fmt: skip


def run_compare(
    paths: list[Path],
    folder: Path,
    *,
    solvers: str | None,
    formulations: str | None,
    profile: Path | None,
    objective: Objective | None,
    workers: int | None,
    scheduler: str | None,
    retry_failed: bool,
    seconds: float | None,
    gap: float | None,
    linearisation: float | None,
    threads: int | None,
    seed: int | None,
) -> int:
    """Run what is missing, write tables and plots, print the summary; return the exit status.

    Parameters
    ----------
    paths
        Instance files.
    folder
        Tables, plots and rows go there; runs that are there are not run again.
    solvers, formulations
        Names separated by commas; None for all that are installed and free, and for the
        profile's.
    profile
        File of settings; the options below come before its own.
    objective
        What every run maximises.
    workers
        Runs at the same time; None for cores / threads.
    scheduler
        Address of a Dask scheduler; None for processes of this machine.
    retry_failed
        Run failed runs again.
    seconds, gap, linearisation, threads, seed
        Of each run; None for the profile's.
    """
    given: dict[str, float | None] = {
        "seconds": seconds, "gap": gap, "linearisation": linearisation, "threads": threads,
        "seed": seed,
    }  # fmt: skip
    settings = _settings(profile, workers, given)
    instances = _read_all(paths)
    wanted = _words("formulations", formulations, FORMULATIONS) or list(settings.formulations)
    chosen = _installed(solvers)
    _validate_options(chosen, settings)
    tasks = list(
        benchmark_runs(
            instances,
            chosen,
            wanted,
            objective=objective,
            seconds=settings.seconds,
            gap=settings.gap,
            linearisation=settings.linearisation,
            threads=settings.threads,
            seed=settings.seed,
            profile=settings.name,
        )
    )
    tasks = [_with_settings(task, settings) for task in tasks]
    if not tasks:
        raise UsageError("no combination of these solvers and formulations; cp-sat is CP-SAT's own")
    store = Store(folder / "rows.parquet")
    report = _run(tasks, store, settings.threads, workers, scheduler, retry_failed=retry_failed)
    rows = store.read([task.key for task in tasks])
    if len(rows):
        _write(rows, folder)
        write_provenance(folder, FILES, zip(paths, instances, strict=True))
    for reason in dict.fromkeys(report.reasons):
        typer.echo(f"qkdopt: {reason}", err=True)
    return INTERRUPTED if report.interrupted else _exit_status(rows, report)


def _exit_status(rows: pd.DataFrame, report: RunReport) -> int:
    """Return 1 if a result was refused by the checker, 3 if a run is missing or failed."""
    broken = refused_texts(rows)
    for text in broken:
        typer.echo(f"qkdopt: {text}", err=True)
    if broken:
        return REFUSED
    return 0 if report.successful else UNFINISHED


def refused_texts(rows: pd.DataFrame) -> list[str]:
    """Spell each run whose result the checker refused, with its first faults."""
    broken = rows[rows["checked"].eq(False)] if len(rows) else rows
    return [
        f"{row['instance']} {row['solver']} {row['formulation']}: refused by the checker: "
        + fault_list(row["faults"].split("; "))
        for _, row in broken.iterrows()
    ]


def _settings(
    profile: Path | None, workers: int | None, options: dict[str, float | None]
) -> Profile:
    """Return the profile with the options given in place of its own; all faults at once."""
    settings = Profile() if profile is None else read_profile(profile)
    given = {name: value for name, value in options.items() if value is not None}
    data = settings.model_dump() | given
    faults = []
    try:
        settings = Profile.model_validate(data)
    except ValidationError as error:
        faults += list(fault_texts(error, data, Profile))
    if workers is not None and workers < 1:
        faults.append(f"workers = {workers}; expected at least 1")
    elif (workers or 1) * settings.threads > available_cores():
        faults.append(
            f"{workers or 1} workers of {settings.threads} threads on "
            f"{available_cores()} cores; expected no more: solvers that share a core "
            "measure each other"
        )
    if faults:
        raise UsageError("; ".join(faults))
    return settings


def _validate_options(solvers: list[str], settings: Profile) -> None:
    """Try every solver's own options on a program of one column, before anything runs."""
    tiny = pyo.ConcreteModel()
    tiny.x = pyo.Var(bounds=(0.0, 1.0), domain=pyo.Binary)
    tiny.row = pyo.Constraint(expr=tiny.x <= 1.0)
    tiny.goal = pyo.Objective(expr=1.0 * tiny.x)
    for solver in solvers:
        options = settings.settings_of(solver)
        if options:
            adapter_of(solver).solve(tiny, Limits(seconds=5.0, gap=0.0, options=options))


def _read_all(paths: list[Path]) -> list[Instance]:
    """Read every instance; all faults of all files at once."""
    faults, instances = [], []
    for path in paths:
        try:
            instances.append(read_instance(path))
        except InstanceError as error:
            faults += [f"{error.where}: {fault}" for fault in error.faults]
    if faults:
        raise InstanceError("compare", faults)
    return instances


def _words(what: str, text: str | None, known: tuple[str, ...]) -> list[str]:
    if text is None:
        return []
    words = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        raise UsageError(f"{what} = {text!r}; expected some of {', '.join(known)}")
    return list(dict.fromkeys(words))


def _installed(solvers: str | None) -> list[str]:
    """Return the solvers that are named, or all that are installed and free of a size limit."""
    named = _words("solvers", solvers, tuple(ADAPTERS))
    if not named:
        return [name for name, one in ADAPTERS.items() if one.available() and one.size is None]
    missing = [name for name in named if not adapter_of(name).available()]
    if missing:
        raise UsageError(
            f"solvers: {', '.join(missing)} not installed; `qkdopt solvers` says what is, "
            "pip install 'qkdopt[solvers]' gets them"
        )
    return named


def _with_settings(race: BenchmarkRun, profile: Profile) -> BenchmarkRun:
    from dataclasses import replace

    return replace(race, settings=profile.settings_of(race.solver))


def _run(
    tasks: list[BenchmarkRun],
    store: Store,
    threads: int,
    workers: int | None,
    scheduler: str | None,
    *,
    retry_failed: bool,
) -> RunReport:
    # Cores divided by threads: solvers that share a core would measure each other.
    count = workers or max(1, available_cores() // threads)
    with LiveText() as live, open_workers(scheduler, count) as team:
        show = show_runs(live)
        return run_missing(tasks, store, team, retry_failed=retry_failed, progress=show)


def _write(rows: pd.DataFrame, folder: Path) -> None:
    from matplotlib.figure import Figure

    status = rows["outcome"].where(rows["status"].eq("done"), "failed")
    # Rows of an earlier version may lack a column.
    table = rows.assign(status=status).reindex(columns=list(COLUMNS))
    write_text_whole(folder / "results.csv", table.to_csv(index=False))
    summary = summarise(rows)
    text = to_markdown(summary)
    write_text_whole(folder / "summary.md", text + "\n" + to_markdown(table.iloc[:, :13]))
    done = rows[rows["status"].eq("done")]
    for name, draw in (
        ("performance_profile", plot_performance_profile), ("gap_over_time", plot_gap_over_time),
    ):  # fmt: skip
        if not len(done):
            continue
        figure = Figure(figsize=(8.5, 4.5), layout="constrained")
        draw(done, figure.subplots())
        figure.savefig(folder / f"{name}.png", dpi=150)
    write_comparison(folder / "comparison.html", rows)
    typer.echo(summary.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    typer.echo(f"written to {folder}")
