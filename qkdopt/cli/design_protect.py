"""``qkdopt design protect``: a plan that keeps a key rate under any single failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.placement import Pool
from qkdopt.channel_sets.protection.check import check_protection
from qkdopt.channel_sets.protection.plan import ProtectedPlan
from qkdopt.channel_sets.protection.protect import protect, validate_protectable
from qkdopt.cli.demand_list import read_demand_list, write_origin, write_question
from qkdopt.cli.exit_status import INTERRUPTED, REFUSED, UNFINISHED
from qkdopt.cli.folder import make_folder
from qkdopt.cli.live import LiveText
from qkdopt.errors import Faults, fault_list
from qkdopt.instance import spell_channels
from qkdopt.instance.generation import preset_name
from qkdopt.io import write_json_whole, write_text_whole
from qkdopt.jobs import lock
from qkdopt.report.protection import write_protection_page

if TYPE_CHECKING:
    import pandas as pd

    from qkdopt.instance import Instance

STATUS = {"kept": 0, "impossible": 1, "not found": UNFINISHED}
SHOWN = 8


def run_protect(
    path: Path,
    folder: Path,
    *,
    channels: int,
    min_skr_bps: float | None,
    channel_set: str | None,
    time_limit: float,
    seed: int,
    as_json: bool,
) -> int:
    """Protect, check every failure, write plans and what they are about, print.

    Returns the exit status.

    Parameters
    ----------
    path
        Instance file.
    folder
        What is written goes there.
    channels
        Candidates of each link.
    min_skr_bps
        Key rate that each demand keeps [bit/s]; None where keys are shared.
    channel_set
        The set, such as ``3,13``; None to search one.
    time_limit, seed
        See :func:`qkdopt.channel_sets.protection.protect.protect`.
    as_json
        Print one JSON object.

    Raises
    ------
    QkdoptError
        Options or files out of range; nothing is written.
    """
    faults = Faults()
    instance = read_demand_list(path, faults, channels=channels, time_limit=time_limit, seed=seed)
    if min_skr_bps is not None:
        faults.expect(
            0.0 < min_skr_bps < 1e12, f"min-skr = {min_skr_bps:g}; expected bit/s above 0"
        )
    chosen: int | tuple[int, ...] | None = channels
    if instance is not None and channel_set is not None:
        chosen = faults.attempt(lambda: Pool.of(instance).read(channel_set).sets[0])
    if instance is not None and chosen is not None and not faults.found:
        faults.attempt(lambda: validate_protectable(instance, min_skr_bps, chosen))
    faults.stop("design")
    assert instance is not None
    assert chosen is not None
    make_folder(folder)
    options: dict[str, Any] = {"time_limit": time_limit, "seed": seed}
    with lock(folder):
        try:
            with LiveText() as live:
                live.show("protecting against every single failure")
                found = protect(instance, min_skr_bps=min_skr_bps, channels=chosen, **options)
        except KeyboardInterrupt:
            typer.echo("interrupted; nothing found", err=True)
            return INTERRUPTED
        given = {"channels": channels, "protect_set": channel_set, "protect": min_skr_bps}
        return _answer(path, instance, found, folder, {**given, **options}, as_json=as_json)


def _answer(
    path: Path,
    instance: Instance,
    found: ProtectedPlan,
    folder: Path,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    """Check, write, print; return the exit status."""
    broken = check_protection(instance, found)
    if broken:
        typer.echo(f"qkdopt: refused by the checker: {fault_list(broken)}", err=True)
        return REFUSED
    _write(instance, found, folder)
    write_question(folder, instance, **options)
    best = with_channel_set(instance, found.channels)
    write_protection_page(folder / "design.html", best, found)
    origin = write_origin(folder, path, instance)
    if as_json:
        typer.echo(json.dumps(_plain(found) | origin, indent=1))
    else:
        typer.echo("\n".join(_lines(instance, found, folder)))
    return INTERRUPTED if found.interrupted else STATUS[found.status]


def _write(instance: Instance, found: ProtectedPlan, folder: Path) -> None:
    write_json_whole(
        folder / "best.json", with_channel_set(instance, found.channels).to_json_dict()
    )
    write_json_whole(folder / "plan.json", found.plan.to_json_dict())
    write_text_whole(folder / "protection.csv", _table(found).to_csv(index=False))


def _table(found: ProtectedPlan) -> pd.DataFrame:
    """One row a failure; lists of demands as text."""
    table = found.failures_frame()
    table["channel"] = table["channel"].astype("Int64")
    for name in ("below_floor", "restored", "lost"):
        table[name] = [" ".join(map(str, demands)) for demands in table[name]]
    return table


def _plain(found: ProtectedPlan) -> dict[str, Any]:
    return {
        "schema": "qkdopt/protection/1",
        "floor_bps": found.min_skr_bps,
        "channels": list(found.channels),
        "status": found.status,
        "interrupted": found.interrupted,
        "proof": found.proof,
        "served": found.served,
        "left_out": [
            {"demand": one.demand, "reason": one.reason, "proved": one.proved,
             "broken_by": list(one.broken_by)}
            for one in found.left_out
        ],
        "failures": json.loads(_table(found).to_json(orient="records")),
        "plan": found.plan.to_json_dict(),
        "seconds": found.seconds,
    }  # fmt: skip


def _lines(instance: Instance, found: ProtectedPlan, folder: Path) -> list[str]:
    failures = [one for one in found.failures if one.worst_skr_bps is not None]
    failures.sort(key=lambda one: one.worst_skr_bps or 0.0)
    lines = [
        f"{instance.name}  (preset {preset_name(instance)})",
        f"set        {spell_channels(found.channels)}, all of it dark",
        f"kept       {found.served} of {len(instance.demands)} demands {_floor(found)}, under "
        f"every one of {len(found.failures)} failures; each checked from physics",
        f"status     {found.status}: {found.proof}",
    ]
    if found.interrupted:
        lines.insert(0, "interrupted: the best plan so far")
    if not found.served:
        lines.append("empty      the plan serves no demand: no demand is protected")
    if failures:
        lines.append("worst failures")
    for one in failures[:SHOWN]:
        what = (
            f"link {one.link}" if one.channel is None else f"receiver {one.channel} of {one.link}"
        )
        moved = f", {len(one.restored)} demands restored" if one.kind == "link" else ""
        lines.append(
            f"  {what}: demand {one.worst_demand} has {(one.worst_skr_bps or 0.0) / 1e3:.3f} "
            f"kbit/s{moved}"
        )
    if found.left_out:
        lines.append("left out")
    for left in found.left_out[:SHOWN]:
        lines.append(f"  demand {left.demand}: {left.reason}")
    if len(found.left_out) > SHOWN:
        lines.append(f"  and {len(found.left_out) - SHOWN} more, see --json")
    return [*lines, f"written to {folder}: plan.json, a plan of best.json; protection.csv"]


def _floor(found: ProtectedPlan) -> str:
    if found.min_skr_bps is None:
        return "with all the key that they ask for, drawn by all at once"
    return f"at {found.min_skr_bps / 1e3:g} kbit/s or more"
