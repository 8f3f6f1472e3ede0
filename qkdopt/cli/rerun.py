"""``qkdopt rerun``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import typer

from qkdopt.cli.exit_status import REFUSED
from qkdopt.cli.live import LiveText
from qkdopt.cli.provenance import PROVENANCE_FILE
from qkdopt.cli.rerun_folder import rerun_folder
from qkdopt.cli.streams import validate_output, write_json
from qkdopt.experiments.repetition import Part, Rerun, rerun
from qkdopt.experiments.repetition.differences import MOST_SHOWN
from qkdopt.io import read_instance, read_plan
from qkdopt.result import Result

MEANING = {
    "identical": "equal bit for bit, times aside",
    "same value": "as good, not bit for bit",
    "better": "the run now found or proved more",
    "worse": "the run now found or proved less",
    "different": "neither is better; they are not the same",
    "contradicts": "what one run proves, the other exceeds: a fault to report",
}


def run_rerun(
    path: Path,
    *,
    instance: Path | None,
    start: Path | None,
    around: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run an output again, say whether it is identical; return the exit status.

    Parameters
    ----------
    path
        File of the output; for tables their folder, or its ``provenance.json``.
    instance
        Instance file; None where it is where it was.
    start, around
        Files of earlier plans; None where they are where they were.
    output
        File for the result found now; None for none.
    as_json
        Print one JSON object.
    """
    if output is not None:
        validate_output(output)
    given = None if instance is None else read_instance(instance)
    with LiveText() as live:
        live.show(f"running {path} again")
        if path.is_dir() or path.name == PROVENANCE_FILE:
            folder = path if path.is_dir() else path.parent
            found = rerun_folder(folder, instance)
        else:
            found = rerun(
                path,
                given,
                start=None if start is None else read_plan(start),
                around=None if around is None else read_plan(around),
            )
    if output is not None and isinstance(found.answer, Result):
        write_json(output, found.answer.to_json_dict())
    if as_json:
        typer.echo(json.dumps(found.to_json_dict(), indent=1))
    else:
        typer.echo("\n".join(_lines(found)))
    return 0 if found.confirmed else REFUSED


def _lines(found: Rerun) -> Iterator[str]:
    """Spell what was compared, why it may differ, and the agreement."""
    origin = found.provenance
    names = ", ".join(source.name for source in origin.instances) or "no instance"
    seed = "no seed" if origin.seed is None else f"seed {origin.seed}"
    written = f", written {origin.written_at}" if origin.written_at else ""
    yield f"{found.name}: {origin.command} of {names}, {seed}{written}"
    width = max(len(part.name) for part in found.parts)
    for part in found.parts:
        yield from _part_lines(part, width)
    if found.agreement != "identical":
        yield from (f"why        {reason}" for reason in found.reasons)
    elif found.reasons:
        yield "although   " + "; ".join(found.reasons)
    yield from (f"against    {text}" for text in found.contradictions)
    yield f"verdict    {found.agreement}: {MEANING[found.agreement]}"


def _part_lines(part: Part, width: int) -> Iterator[str]:
    count = f"{part.compared:,} values"
    if part.identical:
        yield f"  {part.name:{width}}  equal, {count}"
        return
    many = len(part.differences)
    largest = max((abs(one.relative or 0.0) for one in part.differences), default=0.0)
    by = f", by {100.0 * largest:.3g} % at most" if largest else ""
    yield f"  {part.name:{width}}  {many:,} of {count} differ{by}"
    for difference in part.differences[:MOST_SHOWN]:
        yield f"  {'':{width}}    {difference}"
    if many > MOST_SHOWN:
        yield f"  {'':{width}}    ... and {many - MOST_SHOWN:,} more"
