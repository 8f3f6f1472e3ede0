"""``qkdopt compare``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from qkdopt.adapters import ADAPTERS, adapter_of
from qkdopt.cli.choices import objective_of
from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.live import LiveText
from qkdopt.compare import COLUMNS, Profile, Race, races, read_profile, summarise, to_markdown
from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import Instance
from qkdopt.io import read_instance, write_text_whole
from qkdopt.report import plot_gap_over_time, plot_performance_profile
from qkdopt.runs import RunReport, Store, open_workers, run_missing
from qkdopt.solving.options import FORMULATIONS

if TYPE_CHECKING:
    import pandas as pd


def run_compare(
    paths: list[Path],
    folder: Path,
    *,
    solvers: str | None,
    formulations: str | None,
    profile: Path | None,
    objective: str,
    workers: int | None,
    scheduler: str | None,
    retry_failed: bool,
    **limits: float | int | None,
) -> int:
    """Run what is missing, write tables and plots, print the summary; return the exit status."""
    settings = _settings(profile, limits)
    instances = _read_all(paths)
    wanted = _words("formulations", formulations, FORMULATIONS) or list(settings.formulations)
    tasks = list(
        races(
            instances,
            _installed(solvers),
            wanted,
            objective=objective_of(objective),
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
    for reason in dict.fromkeys(report.reasons):
        typer.echo(f"qkdopt: {reason}", err=True)
    if report.interrupted:
        return INTERRUPTED
    return 0 if report.complete else UNFINISHED


def _settings(profile: Path | None, limits: dict[str, float | int | None]) -> Profile:
    """Return the profile, with what the command line says over it."""
    settings = Profile() if profile is None else read_profile(profile)
    given = {name: value for name, value in limits.items() if value is not None}
    faults = [
        f"{name} = {value:g}; expected more than 0"
        for name, value in given.items()
        if name in ("seconds", "threads") and not value > 0
    ]
    gap = given.get("gap", 0.0)
    if not 0.0 <= gap < 1.0:
        faults.append(f"gap = {gap:g}; expected 0 to 1 (given in per cent?)")
    if faults:
        raise UsageError("; ".join(faults))
    return settings.model_copy(update=given)


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
    """Return the solvers asked for, or all that are installed and free of a size limit."""
    asked = _words("solvers", solvers, tuple(ADAPTERS))
    if not asked:
        return [name for name, one in ADAPTERS.items() if one.available() and one.size is None]
    missing = [name for name in asked if not adapter_of(name).available()]
    if missing:
        raise UsageError(
            f"solvers: {', '.join(missing)} not installed; `qkdopt solvers` says what is, "
            "pip install 'qkdopt[solvers]' gets them"
        )
    return asked


def _with_settings(race: Race, profile: Profile) -> Race:
    from dataclasses import replace

    return replace(race, settings=profile.settings_of(race.solver))


def _run(
    tasks: list[Race],
    store: Store,
    threads: int,
    workers: int | None,
    scheduler: str | None,
    *,
    retry_failed: bool,
) -> RunReport:
    # Cores divided by threads: solvers that share a core would measure each other.
    count = workers or max(1, (os.cpu_count() or 1) // threads)
    with LiveText() as live, open_workers(scheduler, count) as team:

        def show(report: RunReport) -> None:
            live.show(
                f"{report.done} of {report.total} runs done, {report.failed} failed, "
                f"{report.running} running"
            )

        return run_missing(tasks, store, team, retry_failed=retry_failed, progress=show)


def _write(rows: pd.DataFrame, folder: Path) -> None:
    from matplotlib.figure import Figure

    status = rows["outcome"].where(rows["status"].eq("done"), "failed")
    table = rows.assign(status=status)[list(COLUMNS)]
    write_text_whole(folder / "results.csv", table.to_csv(index=False))
    summary = summarise(rows)
    text = to_markdown(summary)
    write_text_whole(folder / "summary.md", text + "\n" + to_markdown(table.iloc[:, :12]))
    for name, draw in (
        ("performance_profile", plot_performance_profile), ("gap_over_time", plot_gap_over_time),
    ):  # fmt: skip
        figure = Figure(figsize=(7.0, 4.5), layout="constrained")
        draw(rows[rows["status"].eq("done")], figure.subplots())
        figure.savefig(folder / f"{name}.png", dpi=150)
    typer.echo(summary.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    typer.echo(f"written to {folder}")
