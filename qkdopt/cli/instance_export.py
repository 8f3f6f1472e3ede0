"""``qkdopt instance export``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from qkdopt.cli.choices import Objective
from qkdopt.errors import UsageError
from qkdopt.io import read_instance, validate_writable
from qkdopt.milp.export import FORMATS, formulation_of, size_of, write_model
from qkdopt.problem import build_problem


def run_export(
    path: Path,
    output: Path,
    *,
    file_format: str | None,
    formulation: str,
    objective: Objective,
    served: int | None,
    tolerance_bps: float,
) -> None:
    """Build a formulation and write it, whole or not at all.

    Parameters
    ----------
    path
        Instance file.
    output
        File of the model.
    file_format
        mps or lp; None for the ending of ``output``.
    formulation, objective
        What is built.
    served
        Number of demands that are served; None for all.
    tolerance_bps
        Largest error of linearised key rates [bit/s].

    Raises
    ------
    UsageError
        Options out of range; nothing is written.
    """
    chosen = file_format or output.suffix.lstrip(".").lower()
    faults = []
    if chosen not in FORMATS:
        faults.append(f"format = {chosen!r}; expected mps or lp")
    if not tolerance_bps > 0.0:
        faults.append(f"tolerance = {tolerance_bps:g} bit/s; expected more than 0")
    instance = read_instance(path)
    if served is not None and not 0 <= served <= len(instance.demands):
        faults.append(f"served = {served}; expected 0 to {len(instance.demands)}")
    if faults:
        raise UsageError("; ".join(faults))
    validate_writable(output)
    model = formulation_of(
        build_problem(instance, objective),
        formulation,
        served=len(instance.demands) if served is None else served,
        tolerance_bps=tolerance_bps,
    )
    with tempfile.TemporaryDirectory(dir=output.parent) as folder:
        whole = Path(folder) / f"model.{chosen}"
        write_model(model, whole)
        whole.replace(output)
    rows, columns = size_of(model)
    typer.echo(f"{output}: {formulation} of {instance.name}, {rows} rows, {columns} columns")
