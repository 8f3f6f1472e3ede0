"""``qkdopt reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from qkdopt.cli.live import LiveText
from qkdopt.cli.many_runs import show_runs, unfinished, validate_workers
from qkdopt.cli.provenance import write_provenance
from qkdopt.errors import UsageError
from qkdopt.experiments.reproduction import Reproduction, log_error, reproduce
from qkdopt.io.environment import environment
from qkdopt.jobs import UnfinishedError
from qkdopt.plotting import plot_over_load, plot_published
from qkdopt.report.reproduction import write_reproduction_page

if TYPE_CHECKING:
    import pandas as pd

# The study gives gains on this network alone.
PUBLISHED_TOPOLOGY = "nsfnet"
COLUMNS = [
    "figure", "topology", "load_erlang", "comparison", "published_percent", "ours_percent",
    "ci95_percent",
]  # fmt: skip


def run_reproduce(
    which: str, folder: Path, *, requests: int, seed: int, workers: int | None
) -> int:
    """Reproduce, write figures and tables, print the comparison; return the exit status.

    Parameters
    ----------
    which
        fig3, fig4, fig5, fig6 or all.
    folder
        What is written goes there.
    requests, seed
        Of every point.
    workers
        Processes; None for all cores.

    Raises
    ------
    UsageError
        Options out of range; nothing is written.
    OutputError
        The folder cannot be made.
    """
    faults = validate_workers(workers)
    if faults:
        raise UsageError("; ".join(faults))
    try:
        with LiveText() as live:
            show = show_runs(live)
            found = reproduce(
                which, requests=requests, seed=seed, folder=folder, workers=workers, progress=show
            )
    except UnfinishedError as error:
        return unfinished(error.report)
    _write(found, folder)
    options: dict[str, object] = {"figure": which, "requests": requests, "seed": seed}
    options |= {"environment": environment().model_dump(mode="json")}
    write_reproduction_page(folder / "reproduction.html", found, options)
    names = [f"{figure}.{ending}" for figure in found.points for ending in ("csv", "png")]
    files = (*names, "paper_vs_ours.csv", "calibration.csv", "reproduction.html")
    write_provenance(folder, files, [(None, instance) for instance in found.instances])
    _tell(found, folder)
    return 0


def _write(found: Reproduction, folder: Path) -> None:
    for figure, table in found.points.items():
        table.to_csv(folder / f"{figure}.csv", index=False)
        draw_figure(figure, table, folder / f"{figure}.png")
    found.comparison.to_csv(folder / "paper_vs_ours.csv", index=False)
    if found.calibration is not None:
        found.calibration.tried.to_csv(folder / "calibration.csv", index=False)


def draw_figure(name: str, table: pd.DataFrame, path: Path) -> None:
    """Draw a figure of the study from its points, with the published points, and save it.

    Parameters
    ----------
    name
        Name of the figure, ``fig3`` to ``fig6``.
    table
        Points of the figure, see :func:`qkdopt.experiments.reproduction.comparison.points`; each
        topology has its own axes.
    path
        Image file; its ending is the format.
    """
    from matplotlib.figure import Figure

    topologies = list(dict.fromkeys(table["topology"]))
    figure = Figure(figsize=(8.0 * len(topologies), 4.5), layout="constrained")
    axes = figure.subplots(1, len(topologies), squeeze=False)[0]
    data = table.rename(columns={"ci95": "mean_skr_bps_ci95"})
    for ax, topology in zip(axes, topologies, strict=True):
        plot_over_load(data[data["topology"] == topology], "mean_skr_bps", ax)
        if topology == PUBLISHED_TOPOLOGY:
            plot_published(name, ax)
        ax.set_title(topology.upper())
    figure.savefig(path, dpi=150)


def _tell(found: Reproduction, folder: Path) -> None:
    for row in found.comparison[COLUMNS].to_dict("records"):
        typer.echo(
            f"{row['figure']} {row['topology']} at {row['load_erlang']:g} erlang: "
            f"published {row['published_percent']:+.1f} %, ours {row['ours_percent']:+.1f} "
            f"+- {row['ci95_percent'] or 0.0:.1f} %   {row['comparison']}"
        )
    if len(found.comparison):
        typer.echo(
            f"rms log error over {2 * len(found.comparison)} implied rates "
            f"{100.0 * log_error(found.comparison):.1f} %"
        )
    if found.calibration is not None:
        typer.echo(f"launch power of least error {found.calibration.launch_dbm:.2f} dBm")
    typer.echo(f"written to {folder}")
