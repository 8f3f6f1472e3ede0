"""``qkdopt report``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import typer

from qkdopt.errors import FaultsError, OutputError, ResultError
from qkdopt.instance import Instance
from qkdopt.io import read_record, validate_writable
from qkdopt.report import write_report
from qkdopt.report.lookup import find_instances
from qkdopt.report.write import AnyResult, reference_of
from qkdopt.result import PLAN_SCHEMA, Result, SavedPlan
from qkdopt.result import SCHEMA as RESULT
from qkdopt.runtime.signals import uninterrupted
from qkdopt.simulation.record import SCHEMA as SIMULATION
from qkdopt.simulation.record import SimulationRecord

FORMATS = (".html", ".htm")
RECORDS: dict[str, type[Result | SavedPlan | SimulationRecord]] = {
    RESULT: Result, PLAN_SCHEMA: SavedPlan, SIMULATION: SimulationRecord,
}  # fmt: skip


def run_report(paths: list[Path], output: Path, *, instances: list[Path]) -> int:
    """Write the page of results; return the exit status.

    Parameters
    ----------
    paths
        Files of results, saved plans and simulations, at least one.
    output
        File of the page.
    instances
        Instance files; a result whose instance is not among them is looked up.

    Raises
    ------
    ResultError
        Results cannot be read, or have no instance: every fault.
    RefusedError
        The checker finds a fault in a result.
    OutputError
        The page cannot be written.
    """
    validate_page(output)
    results = _read_all(paths)
    references = [reference_of(result) for result in results]
    known = find_instances(list(zip(paths, references, strict=True)), instances)
    with uninterrupted():
        write_report(output, results, instances=known, labels=_labels(paths))
    typer.echo(f"written to {output}")
    return 0


def validate_page(path: Path) -> None:
    """Validate that a page can be written to a file, before what it shows is computed.

    Raises
    ------
    OutputError
        The ending is of no page, or the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"{path}: no page; expected a name that ends in {' or '.join(FORMATS)}")
    validate_writable(path)


def draw_page(path: Path, instance: Instance, result: Result) -> None:
    """Write the page of a result that was just found.

    Parameters
    ----------
    path
        File of the page.
    instance
        Instance of the result.
    result
        The result.
    """
    with uninterrupted():
        write_report(path, result, instances=instance)


def _read_all(paths: list[Path]) -> list[AnyResult]:
    results: list[AnyResult] = []
    faults: list[str] = []
    for path in paths:
        try:
            results.append(read_record(path, RECORDS))
        except FaultsError as error:
            faults += [f"{error.where}: {fault}" for fault in error.faults]
    if faults:
        raise ResultError("report", faults)
    return results


def _labels(paths: list[Path]) -> list[str]:
    """Name results by their files, with folders where several files have one name."""
    times = Counter(path.stem for path in paths)
    return [path.stem if times[path.stem] == 1 else str(path) for path in paths]
