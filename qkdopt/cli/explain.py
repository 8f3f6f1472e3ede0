"""``qkdopt explain``."""

from __future__ import annotations

import json
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import typer

from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.live import LiveText
from qkdopt.cli.provenance import provenance_fields
from qkdopt.conflicts import Explanation, explain
from qkdopt.instance import Instance, NodeId
from qkdopt.io import read_instance

WIDTH = 100
# Exit status by whether all demands can be served.
STATUS = {True: 0, False: 1, None: UNFINISHED}


def run_explain(
    path: Path,
    *,
    demand: str | None,
    min_skr_bps: float | None,
    time_limit: float,
    as_json: bool,
) -> int:
    """Print why not all demands can be served; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    demand
        Demand id as it was typed; None for all demands at their own key rates.
    min_skr_bps
        Key rate of that demand [bit/s].
    time_limit
        In seconds.
    as_json
        Print one JSON object.
    """
    instance = read_instance(path)
    interruption = threading.Event()
    with LiveText() as live:
        live.show("looking for a plan, or a conflict")
        found = explain(
            instance,
            demand=None if demand is None else _id_of(instance, demand),
            min_skr_bps=min_skr_bps,
            time_limit=time_limit,
            interruption=interruption,
        )
    if as_json:
        data = found.to_json_dict() | provenance_fields([(path, instance)])
        typer.echo(json.dumps(data, indent=1))
    else:
        typer.echo(_text(found), nl=False)
    return INTERRUPTED if interruption.is_set() else STATUS[found.feasible]


def _id_of(instance: Instance, text: str) -> NodeId:
    """Return the demand id that was typed: as text, or as the number it reads as."""
    known = [demand.id for demand in instance.demands]
    return next((name for name in known if str(name) == text), text)


def _text(found: Explanation) -> str:
    answer = {True: "possible", False: "impossible", None: "undecided"}[found.feasible]
    lines = [f"{answer:10} {found.text}"]
    if found.groups:
        proof = (
            "they cannot all hold; without any one of them a plan exists"
            if found.irreducible
            else "they cannot all hold; whether each is needed was not confirmed in time"
        )
        lines.append(f"conflict   {len(found.groups)} groups of rules: {proof}")
        lines.extend(_conflict_lines(found))
    lines.extend(f"advice     {text}" for text in found.advice)
    lines.append(f"time       {found.seconds:.1f} s")
    return "\n".join(lines) + "\n"


def _conflict_lines(found: Explanation) -> Iterator[str]:
    """List the groups, the demands that are to be served in one paragraph."""
    served = [str(group.demand) for group in found.groups if group.kind == "served"]
    if len(served) > 1:
        text = f"demands {', '.join(served[:-1])} and {served[-1]} are served"
        yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    for group in found.groups:
        if group.kind != "served" or len(served) == 1:
            yield f"  {group.text}"
