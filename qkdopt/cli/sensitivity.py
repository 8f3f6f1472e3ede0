"""``qkdopt sensitivity``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from qkdopt.channel_sets.scenario import read_scenarios
from qkdopt.cli.many_runs import run_and_show, unfinished, validate_workers
from qkdopt.cli.provenance import provenance_fields, write_provenance
from qkdopt.cli.sensitivity_text import SweepOptions, sensitivity_json, sensitivity_lines
from qkdopt.errors import Faults
from qkdopt.experiments.sensitivity.analysis import COLUMNS, sensitivity_table
from qkdopt.experiments.sensitivity.perturbation import (
    VARIANT,
    sensitivity_settings,
    validate_sweep,
    variant_settings,
)
from qkdopt.experiments.sensitivity.power import Receivers
from qkdopt.experiments.study.sets import NamedSet
from qkdopt.instance import Instance, read_channels
from qkdopt.io import read_instance, write_text_whole
from qkdopt.jobs import Store
from qkdopt.plotting import plot_sensitivity
from qkdopt.simulation.refusals import validate_requests

if TYPE_CHECKING:
    import pandas as pd


def run_sensitivity(
    path: Path,
    folder: Path,
    *,
    channels: str | None,
    load_erlang: float | None,
    requests: int,
    seed: int,
    step_db: float,
    sensitivity_dbm: float | None,
    margin_db: float | None,
    cap_dbm: float | None,
    scenarios: Path | None,
    workers: int | None,
    as_json: bool,
) -> int:
    """Sweep, write table and plot, print the ranking; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    folder
        What is written goes there.
    channels
        QKD candidates, such as ``3,13,23,33``; None for the instance's own.
    load_erlang
        Offered load; None for the instance's own.
    requests, seed
        Of every setting.
    step_db
        Between neighbouring settings.
    sensitivity_dbm, margin_db, cap_dbm
        Of the classical receivers; None for the instance's own.
    scenarios
        TOML file of scenarios, each a setting of its own; None for none.
    workers
        Processes; None for all cores.
    as_json
        Print one JSON object.

    Raises
    ------
    OptionsError
        Every fault of file and options; nothing is written.
    OutputError
        The folder cannot be made or written.
    """
    options = _read_options(
        path,
        channels=channels,
        load_erlang=load_erlang,
        requests=requests,
        seed=seed,
        step_db=step_db,
        sensitivity_dbm=sensitivity_dbm,
        margin_db=margin_db,
        cap_dbm=cap_dbm,
        workers=workers,
    )
    sweep = sensitivity_settings(
        options.instance, step_db=options.step_db, receivers=options.receivers
    )
    if scenarios is not None:
        variants = _variants(scenarios, options)
        further = variant_settings(options.instance, variants)
        sweep = replace(sweep, settings=(*sweep.settings, *further))
    jobs = options.jobs(sweep)
    store = Store(folder / "rows.parquet")
    report = run_and_show(list({job.key: job for job in jobs}.values()), store, options.workers)
    if not report.successful:
        return unfinished(report)
    rows = store.read(list(dict.fromkeys(job.key for job in jobs)))
    table = sensitivity_table(sweep.settings, jobs, rows)
    _write(table, folder)
    if sweep.receivers is not None:
        _write_powers(options.instance, sweep.receivers, folder)
    source = [(path, read_instance(path))]
    write_provenance(folder, ("sensitivity.csv", "sensitivity.png", "launch.csv"), source)
    if as_json:
        data = sensitivity_json(options, sweep, table, rows)
        origin = provenance_fields(source)["provenance"]
        typer.echo(json.dumps(data | {"provenance": origin}, indent=1))
    else:
        typer.echo("\n".join(sensitivity_lines(options, sweep, table, rows)))
        typer.echo(f"written to {folder}")
    return 0


def _variants(path: Path, options: SweepOptions) -> dict[str, Instance]:
    """Return the instance under each scenario of a file, by the scenario's title.

    Raises
    ------
    OptionsError
        A scenario has a load of its own.
    """
    found = read_scenarios(path, options.instance, options.load_erlang)
    faults = Faults()
    for scenario in found:
        faults.expect(
            scenario.load_erlang == options.load_erlang,
            f"{path}: scenario {scenario.title} has load_erlang = {scenario.load_erlang:g}; "
            f"expected {options.load_erlang:g}: all settings meet the same requests",
        )
    titles = [scenario.title_without_load for scenario in found]
    for title in dict.fromkeys(titles):
        times = titles.count(title)
        faults.expect(times == 1, f"{path}: {times} scenarios named {title}; expected one")
    faults.stop("sensitivity")
    return {
        scenario.title_without_load: scenario.applied_to(options.instance) for scenario in found
    }


def _read_options(
    path: Path,
    *,
    channels: str | None,
    load_erlang: float | None,
    requests: int,
    seed: int,
    step_db: float,
    sensitivity_dbm: float | None,
    margin_db: float | None,
    cap_dbm: float | None,
    workers: int | None,
) -> SweepOptions:
    """Read the instance and validate the options; every fault of both in one error."""
    faults = Faults()
    faults.found += validate_requests(load_erlang=load_erlang, requests=requests, seed=seed)
    faults.found += validate_workers(workers)
    chosen = faults.attempt(lambda: _set(channels)) or NamedSet("instance", None)
    instance = faults.attempt(lambda: chosen.applied_to(read_instance(path)))
    receivers = _receivers(instance, sensitivity_dbm, margin_db, cap_dbm)
    faults.expect(
        receivers is not None or (margin_db is None and cap_dbm is None),
        "margin and cap: expected a sensitivity with them, which gives the least launch power",
    )
    faults.found += validate_sweep(instance, step_db=step_db, receivers=receivers)
    faults.stop("sensitivity")
    assert instance is not None  # no faults
    return SweepOptions(
        instance=instance,
        set_name=chosen.name,
        step_db=step_db,
        receivers=receivers,
        load_erlang=instance.load_erlang if load_erlang is None else load_erlang,
        requests=requests,
        seed=seed,
        workers=workers,
    )


def _receivers(
    instance: Instance | None,
    sensitivity_dbm: float | None,
    margin_db: float | None,
    cap_dbm: float | None,
) -> Receivers | None:
    """Return the receivers; an option comes before the instance's own value."""
    own = None if instance is None else Receivers.of(instance)
    if sensitivity_dbm is None and own is None:
        return None
    known = own or Receivers(sensitivity_dbm or 0.0)
    return Receivers(
        known.sensitivity_dbm if sensitivity_dbm is None else sensitivity_dbm,
        known.margin_db if margin_db is None else margin_db,
        cap_dbm,
    )


def _set(text: str | None) -> NamedSet | None:
    return None if text is None else NamedSet.listed(read_channels(text, "channels"))


def _write(table: pd.DataFrame, folder: Path) -> None:
    from matplotlib.figure import Figure

    write_text_whole(folder / "sensitivity.csv", table[list(COLUMNS)].to_csv(index=False))
    figure = Figure(figsize=(8.5, 4.5), layout="constrained")
    plot_sensitivity(table[table["unit"] != VARIANT], figure.subplots())
    figure.savefig(folder / "sensitivity.png", dpi=110)


def _write_powers(instance: Instance, receivers: Receivers, folder: Path) -> None:
    powers = receivers.table(instance, receivers.at_min_launch(instance, "link"))
    write_text_whole(folder / "launch.csv", powers.round(6).to_csv(index=False))
