"""``qkdopt export``."""

from __future__ import annotations

from pathlib import Path

import typer

from qkdopt.checker import check, link_rates, lit_channels
from qkdopt.cli.exit_status import REFUSED
from qkdopt.cli.folder import make_folder
from qkdopt.cli.streams import is_standard, write_contents
from qkdopt.errors import UsageError, fault_list
from qkdopt.instance import Instance
from qkdopt.io import read_instance, read_plan
from qkdopt.io.exporters import FOLDERS, FORMATS, ExportedPlan, LinkNumbers, exported_files
from qkdopt.result import AnyPlan

ENDINGS = {".graphml": "graphml", ".geojson": "geojson"}


def run_export(instance: Path, result: Path, output: Path, file_format: str | None) -> int:
    """Check a plan and write it in another format; return 1 where the checker finds a fault.

    Parameters
    ----------
    instance, result
        Files of the instance, and of its result or saved plan.
    output
        File to write, or the folder of the tables.
    file_format
        Format; None for that of the file's ending.

    Raises
    ------
    UsageError
        No format is given and the ending says none.
    InstanceError, ResultError
        A file cannot be read or breaks rules of its schema: every fault.
    OutputError
        The file or the folder cannot be written.
    UnsupportedError
        The format cannot hold the plan.
    """
    if file_format in FOLDERS and is_standard(output):
        raise UsageError(f"-o - --format {file_format}: expected a folder for the three tables")
    chosen = file_format or ENDINGS.get(output.suffix.lower())
    if chosen is None:
        raise UsageError(f"--format is missing; expected one of {', '.join(FORMATS)}")
    network, plan = read_instance(instance), read_plan(result)
    report = check(network, plan)
    if not report.ok:
        typer.echo(f"{result}: not exported; {fault_list(report.faults)}", err=True)
        return REFUSED
    contents = exported_files(exported_plan(network, plan), chosen, output)
    if chosen in FOLDERS:
        make_folder(output)
    write_contents(contents)
    for path in contents:
        if not is_standard(path):
            typer.echo(f"written to {path}")
    return 0


def exported_plan(instance: Instance, plan: AnyPlan) -> ExportedPlan:
    """Return a checked plan with the numbers that the checker computes for it."""
    lit = lit_channels(instance, plan)
    links = link_rates(instance, plan, lit)
    rates = check(instance, plan).demand_skr_bps
    return ExportedPlan(
        instance=instance,
        plan=plan,
        links={
            name: LinkNumbers(rate.noise_per_gate, rate.qber, rate.skr_bps)
            for name, rate in links.items()
        },
        demand_skr_bps={path.demand: rates[str(path.demand)] for path in plan.lightpaths},
    )
