"""``qkdopt knobs``."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.live import LiveText
from qkdopt.design.knob_table import (
    AS_IT_STANDS,
    COLUMNS,
    knob_jobs,
    knob_table,
    present_load_erlang,
    what_a_db_buys,
)
from qkdopt.design.knobs import RAMAN_SCALE
from qkdopt.design.power import launch_table, with_launch
from qkdopt.design.turning import Receivers, Sweep, knob_settings, sweep_faults
from qkdopt.errors import FaultsError, InstanceError
from qkdopt.instance import Instance
from qkdopt.io import read_instance, write_text_whole
from qkdopt.report import plot_knobs
from qkdopt.runs import RunReport, Store, open_workers, run_missing
from qkdopt.study import Job
from qkdopt.study.sets import NamedSet

if TYPE_CHECKING:
    import pandas as pd

Rows = list[dict[Hashable, Any]]


@dataclass(frozen=True)
class _Asked:
    """A sweep as the command line asks for it, free of faults."""

    instance: Instance
    set_name: str
    step_db: float
    receivers: Receivers | None
    load_erlang: float
    requests: int
    seed: int
    workers: int | None

    def jobs(self, sweep: Sweep) -> list[Job]:
        return knob_jobs(
            sweep.settings,
            set_name=self.set_name,
            load_erlang=self.load_erlang,
            seed=self.seed,
            requests=self.requests,
        )


def run_knobs(path: Path, folder: Path, *, as_json: bool, **options: Any) -> int:
    """Sweep, write table and plot, print the ranking; return the exit status.

    Raises
    ------
    InstanceError
        Every fault of file and options; nothing is written.
    OutputError
        The folder cannot be made or written.
    """
    asked = _asked(path, **options)
    sweep = knob_settings(asked.instance, step_db=asked.step_db, receivers=asked.receivers)
    jobs = asked.jobs(sweep)
    store = Store(folder / "rows.parquet")
    report = _run(list({job.key: job for job in jobs}.values()), store, asked.workers)
    if not report.successful:
        typer.echo(f"{report.done} of {report.total} runs done; run again for the rest", err=True)
        for reason in dict.fromkeys(report.reasons):
            typer.echo(f"  {reason}", err=True)
        return INTERRUPTED if report.interrupted else UNFINISHED
    rows = store.read(list(dict.fromkeys(job.key for job in jobs)))
    table = knob_table(sweep.settings, jobs, rows)
    _write(table, folder)
    if asked.receivers is not None:
        _write_powers(asked.instance, asked.receivers, folder)
    if as_json:
        typer.echo(json.dumps(_json(asked, sweep, table, rows), indent=1))
    else:
        typer.echo("\n".join(_lines(asked, sweep, table, rows)))
        typer.echo(f"written to {folder}")
    return 0


def _asked(
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
) -> _Asked:
    """Read the instance and judge the options; every fault of both in one error."""
    faults = _number_faults(load_erlang, requests, seed, workers)
    receivers = None
    if sensitivity_dbm is not None:
        receivers = Receivers(sensitivity_dbm, margin_db or 0.0, cap_dbm)
    elif margin_db is not None or cap_dbm is not None:
        faults.append("margin and cap: expected a sensitivity with them, which gives the floors")
    chosen = _channels(channels, faults)
    instance = _with_channels(path, chosen, faults)
    faults += sweep_faults(instance, step_db=step_db, receivers=receivers)
    if faults or instance is None:
        raise InstanceError("knobs", faults)
    return _Asked(
        instance=instance,
        set_name=chosen.name,
        step_db=step_db,
        receivers=receivers,
        load_erlang=present_load_erlang(instance) if load_erlang is None else load_erlang,
        requests=requests,
        seed=seed,
        workers=workers,
    )


def _number_faults(
    load_erlang: float | None, requests: int, seed: int, workers: int | None
) -> list[str]:
    faults = []
    if load_erlang is not None and not (load_erlang > 0.0 and math.isfinite(load_erlang)):
        faults.append(f"load = {load_erlang:g} erlang; expected a finite number, more than 0")
    if requests < 1:
        faults.append(f"requests = {requests}; expected at least 1")
    if seed < 0:
        faults.append(f"seed = {seed}; expected 0 or more")
    if workers is not None and workers < 1:
        faults.append(f"workers = {workers}; expected at least 1")
    return faults


def _channels(text: str | None, faults: list[str]) -> NamedSet:
    if text is None:
        return NamedSet("instance", None)
    try:
        listed = tuple(int(word) for word in text.split(","))
    except ValueError:
        faults.append(f"channels = {text!r}; expected channel numbers such as 3,13,23,33")
        return NamedSet("instance", None)
    return NamedSet("{" + ",".join(map(str, listed)) + "}", listed)


def _with_channels(path: Path, chosen: NamedSet, faults: list[str]) -> Instance | None:
    try:
        return chosen.applied_to(read_instance(path))
    except FaultsError as error:
        told = [fault.removeprefix("Value error, ") for fault in error.faults]
        faults += [f"{error.where}: {fault}" for fault in told]
        return None


def _run(tasks: list[Job], store: Store, workers: int | None) -> RunReport:
    with LiveText() as live, open_workers(None, workers) as team:

        def show(report: RunReport) -> None:
            live.show(
                f"{report.done} of {report.total} runs done, {report.failed} failed, "
                f"{report.running} running"
            )

        return run_missing(tasks, store, team, retry_failed=True, progress=show)


def _write(table: pd.DataFrame, folder: Path) -> None:
    from matplotlib.figure import Figure

    write_text_whole(folder / "knobs.csv", table[list(COLUMNS)].to_csv(index=False))
    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    plot_knobs(table, figure.subplots())
    figure.savefig(folder / "knobs.png", dpi=110)


def _write_powers(instance: Instance, receivers: Receivers, folder: Path) -> None:
    needs = {"sensitivity_dbm": receivers.sensitivity_dbm, "margin_db": receivers.margin_db}
    chosen = with_launch(instance, "link", cap_dbm=receivers.cap_dbm, **needs)
    powers = launch_table(instance, chosen, **needs)
    write_text_whole(folder / "launch.csv", powers.round(6).to_csv(index=False))


def _base(rows: pd.DataFrame) -> dict[Hashable, Any]:
    return rows[rows["label"] == AS_IT_STANDS].to_dict("records")[0]


def _lines(asked: _Asked, sweep: Sweep, table: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Spell what a planner reads."""
    instance, base = asked.instance, _base(rows)
    ranked: Rows = what_a_db_buys(table).to_dict("records")
    choices: Rows = table[table["better"] == 0].to_dict("records")
    return [
        f"{instance.name}  (preset {instance.preset or 'none'}, ds-qkd first fit, channels "
        f"{asked.set_name})",
        f"traffic       {asked.load_erlang:g} erlang, {asked.requests:,} requests, seed "
        f"{asked.seed}, the same for every setting",
        f"as it stands  {_kbps(base)} per request, blocking {100.0 * base['blocking']:.3f} %",
        "",
        f"{'knob':23} {'now':>10}  {'gain per dB, compounded':>28}   best of the settings tried",
        *(_ranked_line(row) for row in ranked),
        *(_choice_line(row) for row in choices),
        *(f"note  {note}" for note in sweep.notes),
    ]


def _ranked_line(row: dict[Hashable, Any]) -> str:
    name = f"{row['knob']}{' (yardstick)' if row['knob'] == RAMAN_SCALE.name else ''}"
    now = f"{row['value']:.4g} {_unit(row)}".strip()
    per_db = f"{_gain(row['gain_percent_per_db'], row['ci95'])} of {row['step_db']:+g} dB"
    best = AS_IT_STANDS if row["can_improve"] else "at its limit"
    if row["best_db"] != 0.0:
        value = f"{row['best_value']:.4g} {_unit(row)}".strip()
        gain = _gain(row["best_gain_percent"], row["best_ci95"])
        best = f"{value} ({row['best_db']:+g} dB): {gain}"
    return f"{name:23} {now:>10}  {per_db:>28}   {best}"


def _choice_line(row: dict[Hashable, Any]) -> str:
    gain = _gain(row["paired_gain_percent"], row["paired_ci95"])
    return f"{row['knob']}: {row['value']:.2f} {_unit(row)} ({row['db']:+.2f} dB): {gain}"


def _kbps(row: dict[Hashable, Any]) -> str:
    """Spell a key rate; a single batch has no interval."""
    spread = row["mean_skr_per_request_bps_ci95"]
    told = "" if spread is None else f" +- {spread / 1e3:.3f}"
    return f"{row['mean_skr_per_request_bps'] / 1e3:.3f}{told} kbit/s"


def _unit(row: dict[Hashable, Any]) -> str:
    return "" if row["unit"] == "1" else str(row["unit"])


def _gain(percent: float, spread: float) -> str:
    if math.isnan(percent):
        return "none"
    return f"{percent:+.2f}" + ("" if math.isnan(spread) else f" +- {spread:.2f}") + " %"


def _json(asked: _Asked, sweep: Sweep, table: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Any]:
    base = _base(rows)
    return {
        "schema": "qkdopt/knobs/1",
        "instance": asked.instance.name,
        "sha256": asked.instance.sha256(),
        "preset": asked.instance.preset,
        "channels": asked.set_name,
        "strategy": "ds-qkd",
        "load_erlang": asked.load_erlang,
        "seed": asked.seed,
        "requests": asked.requests,
        "warmup": base["warmup"],
        "settings": _plain(table[list(COLUMNS)].to_dict("records")),
        "ranking": _plain(what_a_db_buys(table).to_dict("records")),
        "notes": list(sweep.notes),
        "environment": {
            "versions": json.loads(base["versions"]),
            "cpu": base["cpu"],
            "platform": base["platform"],
        },
    }


def _plain(rows: Rows) -> list[dict[Hashable, Any]]:
    """Spell what is not known as null."""
    return [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
