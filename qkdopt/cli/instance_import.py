"""``qkdopt instance import``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from qkdopt.instance import read_candidates
from qkdopt.io import validate_writable, write_json_whole
from qkdopt.io.importers import import_network
from qkdopt.io.importers.fibre_types import type_counts


def run_import(
    source: str, output: Path, *, candidates: str | None, as_json: bool, **options: Any
) -> None:
    """Import a network, write it and print what was read, assumed and left out.

    Nothing is written on a fault.

    Parameters
    ----------
    source
        A file, a folder, ``-`` or a name of TopoHub.
    output
        File of the instance, whose name is its name.
    candidates
        QKD candidates, such as ``3,13,228.85THz@0.33``; None for all channels.
    as_json
        Whether the account is one JSON object.
    options
        See :func:`qkdopt.import_network`.
    """
    validate_writable(output)
    listed = None if candidates is None else read_candidates(candidates, "candidates")
    instance, report = import_network(source, name=output.stem, candidates=listed, **options)
    write_json_whole(output, instance.to_json_dict())
    if as_json:
        account = {
            "file": str(output),
            "instance": {"name": instance.name, "sha256": instance.sha256()},
            "nodes": len(instance.network.nodes),
            "links": len(instance.network.links),
            "demands": len(instance.demands),
            "lightpaths": sum(demand.channels for demand in instance.demands),
            "fibre_types": type_counts(instance.network.links),
            **report.to_dict(),
        }
        typer.echo(json.dumps(account, indent=1, ensure_ascii=False))
        return
    typer.echo(report.text())
    typer.echo(f"{output}: {len(instance.demands)} demands, sha256 {instance.sha256()[:12]}")
