"""``qkdopt design prove``: the best set for a list of demands, proved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.exact.exact import ExactSet, installed, prove_channel_set, sets_to_prove
from qkdopt.channel_sets.objective import objective_of_sets
from qkdopt.checker import check
from qkdopt.cli.choices import Objective
from qkdopt.cli.demand_list import read_demand_list, write_origin, write_question
from qkdopt.cli.exit_status import INTERRUPTED, REFUSED
from qkdopt.cli.folder import make_folder
from qkdopt.cli.live import LiveLine
from qkdopt.cli.report import draw_page
from qkdopt.errors import Faults, fault_list
from qkdopt.instance import Instance, spell_channels
from qkdopt.io import write_json_whole
from qkdopt.jobs import lock
from qkdopt.result.text import needs_lines, without_key


def run_exact(
    path: Path,
    folder: Path,
    *,
    channels: int,
    objective: Objective | None,
    solver: str,
    time_limit: float,
    gap: float,
    seed: int,
    as_json: bool,
) -> int:
    """Prove, check, write ``exact.json``, ``best.json``, ``design.html`` and the options, print.

    Returns the exit status.

    Parameters
    ----------
    path
        Instance file.
    folder
        What is written goes there.
    channels
        Candidates of each link.
    objective, solver, time_limit, gap, seed
        See :func:`qkdopt.channel_sets.exact.exact.prove_channel_set`.
    as_json
        Print one JSON object.

    Raises
    ------
    QkdoptError
        Options or files out of range; nothing is written.
    """
    faults = Faults()
    instance = read_demand_list(path, faults, channels=channels, time_limit=time_limit, seed=seed)
    faults.expect(0.0 <= gap < 1.0, f"gap = {gap:g}; expected a share from 0 on, below 1")
    faults.attempt(lambda: installed(solver))
    if instance is not None:
        faults.attempt(lambda: objective_of_sets(instance, objective))
    if instance is not None and channels >= 1:
        faults.attempt(lambda: sets_to_prove(instance, channels))
    faults.stop("design")
    assert instance is not None
    options: dict[str, Any] = {"solver": solver, "time_limit": time_limit, "gap": gap, "seed": seed}
    if objective is not None:
        options["objective"] = objective
    make_folder(folder)
    with lock(folder):
        try:
            with LiveLine() as live:
                found = prove_channel_set(instance, channels, **options, progress=live)
        except KeyboardInterrupt:
            typer.echo("interrupted; nothing found", err=True)
            return INTERRUPTED
        options = {"channels": channels, "method": "exact", **options}
        return _answer(path, instance, found, folder, options, as_json=as_json)


def _answer(
    path: Path,
    instance: Instance,
    found: ExactSet,
    folder: Path,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    """Check, write, print; return the exit status."""
    best = with_channel_set(instance, found.channels)
    broken = check(best, found.result).faults
    if broken:
        typer.echo(f"qkdopt: refused by the checker: {fault_list(broken)}", err=True)
        return REFUSED
    write_json_whole(folder / "exact.json", found.result.to_json_dict())
    write_json_whole(folder / "best.json", best.to_json_dict())
    write_question(folder, instance, **options)
    draw_page(folder / "design.html", best, found.result)
    origin = write_origin(folder, path, instance)
    if as_json:
        typer.echo(json.dumps(_plain(found) | origin, indent=1))
    else:
        typer.echo("\n".join(_lines(found, len(instance.demands), folder)))
    return INTERRUPTED if found.interrupted else 0


def _plain(found: ExactSet) -> dict[str, Any]:
    return {
        "schema": "qkdopt/exact-set/1",
        "channels": list(found.channels),
        "served": found.served,
        "without_key": _keyless(found),
        "value_bps": found.value_bps,
        "bound_bps": found.bound_bps,
        "gap": found.gap,
        "status": found.status,
        "interrupted": found.interrupted,
        "method": found.method,
        "result": found.result.to_json_dict(),
    }


def _keyless(found: ExactSet) -> int | None:
    """Count the served demands without key."""
    return None if found.result.value is None else found.result.value.without_key


def _lines(found: ExactSet, demands: int, folder: Path) -> list[str]:
    proved = "none" if found.bound_bps is None else f"{found.bound_bps / 1e3:.3f} kbit/s"
    gap = "" if found.gap is None else f", gap {100.0 * found.gap:.2f} %"
    cut = ["interrupted: the best so far, and what is proved of it"] if found.interrupted else []
    value = found.result.value
    shared = value is not None and value.key_accounting == "shared"
    counted = f"objective {found.result.objective}" if shared else "mean over served"
    needs = list(needs_lines(value)) if value is not None and shared else []
    return [
        *cut,
        f"set        {spell_channels(found.channels)} ({found.status})",
        f"served     {found.served} of {demands}{without_key(_keyless(found))}",
        f"key rate   {found.value_bps / 1e3:.3f} kbit/s, {counted}; checked from physics",
        *needs,
        f"bound      {proved} over all sets of {len(found.channels)}{gap}",
        f"proof      {found.method}",
        f"written to {folder}: exact.json, a result of best.json",
    ]
