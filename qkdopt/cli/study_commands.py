"""``qkdopt study run|status|plot``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.groups import Group
from qkdopt.cli.parameters import Scheduler, Workers

if TYPE_CHECKING:
    from qkdopt.jobs import RunReport

study_app = typer.Typer(
    cls=Group, help="Many simulations from one TOML file, resumable.", no_args_is_help=True
)
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="Study file.")]

# Rows shown on the terminal; all of them are in the table file.
SHOWN_REASONS = 5


def rows_folder(study: Path) -> Path:
    """Return where the rows of a study file are: a data set beside it, a folder a study."""
    return study.parent / "results.parquet" / study.stem


@study_app.command()
def run(
    study: StudyFile,
    workers: Workers = None,
    scheduler: Scheduler = None,
    retry_failed: Annotated[bool, typer.Option(help="Run failed runs again.")] = False,
) -> None:
    """Run what is missing; a study that was stopped goes on where it was."""
    from qkdopt.cli.live import LiveText
    from qkdopt.cli.many_runs import show_runs, validate_workers
    from qkdopt.errors import UsageError
    from qkdopt.experiments.study import read_study
    from qkdopt.jobs import Store, open_workers, run_missing

    faults = validate_workers(workers)
    if faults:
        raise UsageError("; ".join(faults))
    spec = read_study(study)
    jobs = spec.jobs(study.parent)
    store = Store(rows_folder(study))
    with LiveText() as live, open_workers(scheduler, workers) as team:
        show = show_runs(live)
        report = run_missing(jobs, store, team, retry_failed=retry_failed, progress=show)
    _say(report, store.folder)
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(0 if report.successful else UNFINISHED)


@study_app.command()
def status(study: StudyFile) -> None:
    """Say what is done, running, missing and failed."""
    from qkdopt.experiments.study import read_study
    from qkdopt.jobs import Store, read_heartbeat

    spec = read_study(study)
    jobs = spec.jobs(study.parent)
    stored = Store(rows_folder(study)).keys()
    sign = read_heartbeat(rows_folder(study))
    running = sign.keys if sign is not None and sign.is_fresh else frozenset()
    states = ["running" if job.key in running else stored.get(job.key, "missing") for job in jobs]
    count = Counter(states)
    typer.echo(
        f"{spec.name}: {len(jobs)} runs, "
        + ", ".join(f"{count[name]} {name}" for name in ("done", "running", "missing", "failed"))
    )
    if sign is not None:
        word = "running" if sign.is_fresh else "stopped without a word"
        typer.echo(
            f"  process {sign.process} on {sign.host}: {word}, last sign "
            f"{sign.seconds_ago:.0f} s ago"
        )
    for job, state in zip(jobs, states, strict=True):
        if state != "done":
            typer.echo(f"  {state:8} {job.title}")


@study_app.command()
def plot(
    study: StudyFile,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the plots.")
    ] = None,
) -> None:
    """Draw key rate, blocking and gain over load, and write the table as CSV."""
    from qkdopt.cli.folder import make_folder
    from qkdopt.cli.provenance import write_provenance
    from qkdopt.errors import UsageError
    from qkdopt.experiments.study import different_instances, read_study, with_gains
    from qkdopt.jobs import Store
    from qkdopt.plotting import study_figures

    spec = read_study(study)
    jobs = spec.jobs(study.parent)
    rows = Store(rows_folder(study)).read([job.key for job in jobs])
    if rows.empty or not (rows["status"] == "done").any():
        raise UsageError(f"{study}: no finished run; expected `qkdopt study run {study}` first")
    folder = output or study.with_suffix("")
    make_folder(folder)
    table = with_gains(rows, spec.baseline_label)
    table.to_csv(folder / "table.csv", index=False)
    typer.echo(f"{folder / 'table.csv'}: {len(table)} rows")
    names = ["table.csv"]
    for name, figure in study_figures(table).items():
        figure.savefig(folder / f"{name}.png", dpi=150)
        typer.echo(str(folder / f"{name}.png"))
        names.append(f"{name}.png")
    write_provenance(folder, names, [(None, one) for one in different_instances(jobs)])


def _say(report: RunReport, folder: Path) -> None:
    typer.echo(f"{report.done} of {report.total} runs done, {report.failed} failed: {folder}")
    if report.lost:
        typer.echo(
            f"{report.lost} runs were lost with their workers; run again for what is missing"
        )
    for reason in list(dict.fromkeys(report.reasons))[:SHOWN_REASONS]:
        typer.echo(f"  {reason}")
