"""``qkdopt instance new``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from qkdopt.instance import read_channels
from qkdopt.instance.generation import METRO, default_length_scale, new_instance
from qkdopt.io import refuse_unwritable, write_json_whole


def run_new(output: Path, *, candidates: str | None, **options: Any) -> None:
    """Make an instance and write it; nothing is written on a fault."""
    refuse_unwritable(output)
    listed = None if candidates is None else read_channels(candidates, "candidates")
    instance = new_instance(output.stem, candidates=listed, **options)
    if options["length_scale"] is None:
        typer.echo(f"qkdopt: {scale_text(options['topology'])}", err=True)
    for warning in instance.warnings():
        typer.echo(f"qkdopt: warning: {warning}", err=True)
    write_json_whole(output, instance.to_json_dict())
    typer.echo(f"{output}: {len(instance.demands)} demands, sha256 {instance.sha256()[:12]}")


def scale_text(topology: str) -> str:
    """Say what scale the lengths of a topology have where none is given."""
    if topology in METRO:
        return f"{topology} is a metro network: lengths and measured losses as they are"
    return (
        f"{topology} is a backbone: lengths x {default_length_scale(topology):g}, as in the DS-QKD "
        "study, since no key survives its true lengths; --length-scale sets another factor"
    )
