"""``qkdopt check``."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from qkdopt.checker import check
from qkdopt.cli.provenance import provenance_fields
from qkdopt.errors import fault_list
from qkdopt.io import read_instance, read_plan
from qkdopt.result.text import without_key


def run_check(instance: Path, result: Path, *, as_json: bool) -> int:
    """Print the checker's report; return 0 when every rule holds and 1 when any is broken.

    Parameters
    ----------
    instance
        Instance file.
    result
        File of a result or a saved plan.
    as_json
        Print one JSON object.

    Raises
    ------
    InstanceError, ResultError
        A file cannot be read or breaks rules of its schema: every fault.
    """
    judged = read_instance(instance)
    report = check(judged, read_plan(result))
    if as_json:
        data = report.to_json_dict() | provenance_fields([(instance, judged)])
        typer.echo(json.dumps(data, indent=1))
    elif report.ok:
        typer.echo(
            f"{result}: all rules hold; served {report.served}"
            f"{without_key(report.without_key)}, objective "
            f"{report.objective_bps:.3f} bit/s recomputed"
        )
    else:
        typer.echo(f"{result}: {fault_list(report.faults)}")
    return 0 if report.ok else 1
