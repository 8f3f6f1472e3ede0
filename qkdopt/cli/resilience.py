"""``qkdopt resilience``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qkdopt.cli.many_runs import run_and_show, unfinished, validate_workers
from qkdopt.cli.phrases import plus_minus
from qkdopt.cli.provenance import provenance_fields, write_provenance
from qkdopt.errors import InstanceError, UsageError
from qkdopt.experiments.resilience import Case, ResilienceSpec, cases, survival_table, validate_spec
from qkdopt.experiments.resilience.survival import LABELS, SHARES
from qkdopt.instance.generation import preset_name
from qkdopt.io import read_instance, write_text_whole
from qkdopt.jobs import Store
from qkdopt.plotting import plot_survival

if TYPE_CHECKING:
    import pandas as pd

# Share -> its head, in a table of all demands and in one of those that an event touches.
OF_ALL = {
    "survived_at_event": "at event",
    "survived_after_reaction": "after reaction",
    "time_average_survived": "over time",
    "outage": "outage",
}
OF_AFFECTED = {
    "affected_survived_after_reaction": "after reaction",
    "affected_with_key": "with key",
    "restored": "restored",
}
HEADS = {"channels": "candidates", "retune": "retune", "restoration": "restoration"}


def run_resilience(
    path: Path, folder: Path, spec: ResilienceSpec, *, workers: int | None, as_json: bool
) -> int:
    """Run what is missing, write table and plot, print; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    folder
        What is written goes there.
    spec
        Sets, events and requests.
    workers
        Processes; None for all cores.
    as_json
        Print one JSON object.

    Raises
    ------
    UsageError, InstanceError
        Bad input; every fault at once, and nothing is written.
    """
    tasks = _tasks(path, spec, workers)
    store = Store(folder / "rows.parquet")
    report = run_and_show(tasks, store, workers)
    if not report.successful:
        return unfinished(report)
    table = survival_table(store.read([task.key for task in tasks]))
    _write(table, folder)
    source = [(path, read_instance(path))]
    write_provenance(folder, ("resilience.csv", "survival.png"), source)
    if as_json:
        typer.echo(json.dumps(_answer(tasks[0], table) | provenance_fields(source), indent=1))
    else:
        typer.echo(printed(table))
        typer.echo(f"written to {folder}")
    return 0


def _tasks(path: Path, spec: ResilienceSpec, workers: int | None) -> list[Case]:
    """Read the instance and plan the runs; faults of file and options come together."""
    few = validate_workers(workers)
    try:
        instance = read_instance(path)
    except InstanceError as error:
        raise InstanceError(error.where, [*error.faults, *spec.faults(), *few]) from None
    faults = [*validate_spec(instance, spec), *few]
    if faults:
        raise UsageError("; ".join(faults))
    return cases(instance, spec)


def _write(table: pd.DataFrame, folder: Path) -> None:
    from matplotlib.figure import Figure

    write_text_whole(folder / "resilience.csv", table.to_csv(index=False))
    relays = list(dict.fromkeys(table["relay"]))
    figure = Figure(figsize=(12.0, 4.2 * len(relays)), layout="constrained")
    axes = figure.subplots(len(relays), 1, squeeze=False)[:, 0]
    for ax, relay in zip(axes, relays, strict=True):
        plot_survival(table[table["relay"] == relay], ax, "affected_survived_after_reaction")
        ax.set_title(f"relay {relay}")
    figure.savefig(folder / "survival.png", dpi=150)


def _answer(first: Case, table: pd.DataFrame) -> dict[str, Any]:
    return {
        "schema": "qkdopt/resilience/1",
        "instance": first.instance.name,
        "preset": preset_name(first.instance),
        "load_erlang": first.load_erlang,
        "seed": first.seed,
        "requests": first.requests,
        "rate": first.events.rate,
        "repair": first.events.repair,
        "noise_per_gate": first.events.noise_per_gate,
        "target": first.events.target,
        "cases": [_plain(row) for row in table.to_dict("records")],
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """One case: its labels, and each measure with its interval."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else value

    case: dict[str, Any] = {name: row[name] for name in (*LABELS, "events", "instance_sha256")}
    for name in SHARES:
        case[f"{name}_percent"] = {
            "value": number(row[f"{name}_percent"]),
            "ci95": number(row[f"{name}_ci95_percent"]),
        }
    for name in ("before_bps", "after_bps"):
        case[name] = {"value": number(row[name]), "ci95": number(row[f"{name}_ci95"])}
    return case


def printed(table: pd.DataFrame) -> str:
    """Spell the table: shares in per cent with the half-widths of their 95 % intervals.

    Two tables, each narrow enough for a terminal.
    """
    lines = [
        "key rate that survives, of all demands [%], with 95 % intervals",
        *_blocks(table, OF_ALL),
        "",
        "of the demands that an event affects [%], with 95 % intervals",
        *_blocks(table, OF_AFFECTED),
    ]
    return "\n".join(lines)


def _blocks(table: pd.DataFrame, shares: dict[str, str]) -> Iterator[str]:
    """Yield one block for each kind of event and relay, with a column for each share."""
    for (event, relay), rows in table.groupby(["event", "relay"], sort=False):
        counts = sorted({int(count) for count in rows["events"]})
        events = " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
        yield f"{event}, relay {relay}, {events} events"
        columns = {
            head: rows[name].astype(str).tolist()
            for name, head in HEADS.items()
            if name != "restoration" or (rows[name] != "-").any()
        }
        for name, head in shares.items():
            pairs = zip(rows[f"{name}_percent"], rows[f"{name}_ci95_percent"], strict=True)
            columns[head] = [_share(value, ci95) for value, ci95 in pairs]
        yield from _aligned(columns, set(HEADS.values()))


def _aligned(columns: dict[str, list[str]], left: set[str]) -> Iterator[str]:
    """Yield head and rows of a table, labels to the left and numbers to the right."""
    widths = {head: max(map(len, (head, *cells))) for head, cells in columns.items()}
    for row in zip(*([head, *cells] for head, cells in columns.items()), strict=True):
        cells = (
            text.ljust(width) if head in left else text.rjust(width)
            for text, (head, width) in zip(row, widths.items(), strict=True)
        )
        yield "  " + "  ".join(cells).rstrip()


def _share(value: float, ci95: float) -> str:
    if math.isnan(value):
        return "-"
    # No digits of a share that is none or all of it: they would look measured.
    return (f"{value:.0f}" if value in (0.0, 100.0) else f"{value:.2f}") + plus_minus(ci95)
