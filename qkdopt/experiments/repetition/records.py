"""Outputs that can be run again, read from a file or taken from Python."""

from __future__ import annotations

import json
from inspect import signature
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from qkdopt.errors import ResultError
from qkdopt.experiments.repetition.sources import Earlier, as_plain, read_output
from qkdopt.instance.faults import fault_texts
from qkdopt.io import read_record
from qkdopt.result import SCHEMA, Environment, InstanceSource, Provenance, Result
from qkdopt.result.base import Record
from qkdopt.result.dimensioning import (
    DIMENSIONING_SCHEMA,
    FRONTIER_SCHEMA,
    Dimensioning,
    Frontier,
)
from qkdopt.simulation import SimulationOutcome
from qkdopt.simulation.record import SCHEMA as SIMULATION_SCHEMA
from qkdopt.simulation.record import SimulationRecord

AnyOutput = Result | Dimensioning | Frontier | SimulationOutcome
MODELS: dict[str, type[BaseModel]] = {
    SCHEMA: Result,
    DIMENSIONING_SCHEMA: Dimensioning,
    FRONTIER_SCHEMA: Frontier,
    SIMULATION_SCHEMA: SimulationRecord,
}
EXPECTED = (
    "expected what solve, bound --json, simulate --json or dimension write, or a folder of tables "
    "with its provenance.json"
)


class Origin(Record):
    """What every output carries, whatever its schema."""

    provenance: Provenance
    environment: Environment


def earlier_of(output: AnyOutput | str | Path) -> Earlier:
    """Return an output with its provenance.

    Parameters
    ----------
    output
        From Python, or its file.

    Raises
    ------
    ResultError
        The file cannot be read, breaks rules, or is no output that can be run again: every fault.
    """
    if not isinstance(output, str | Path):
        return _of_python(output)
    path = Path(output)
    data = read_output(path)
    schema = data.get("schema")
    if isinstance(schema, str) and schema in MODELS:
        record = read_record(path, {schema: MODELS[schema]})
        origin = getattr(record, "provenance", None) or _of_version_before(record, str(path))
        machine: Environment = record.environment  # type: ignore[attr-defined]
        return Earlier(data, record, origin, machine, str(path), path.parent)
    origin, machine = _fields(path, data)
    return Earlier(data, None, origin, machine, str(path), path.parent)


def _of_python(output: AnyOutput) -> Earlier:
    data = as_plain(output)
    origin = output.provenance or _of_version_before(output, "result")
    machine = (
        Environment.model_validate(output.environment)
        if isinstance(output, SimulationOutcome)
        else output.environment
    )
    record = (
        SimulationRecord.model_validate_json(json.dumps(data))
        if isinstance(output, SimulationOutcome)
        else output
    )
    return Earlier(data, record, origin, machine, f"{origin.command} from Python")


def _fields(path: Path, data: dict[str, Any]) -> tuple[Provenance, Environment]:
    """Read the provenance of an output without a schema of its own."""
    if "provenance" not in data:
        raise ResultError(str(path), [f"provenance is missing; {EXPECTED}"])
    wanted = {name: data.get(name) for name in Origin.model_fields}
    try:
        found = Origin.model_validate_json(json.dumps(wanted))
    except ValidationError as problem:
        raise ResultError(str(path), list(fault_texts(problem, wanted, Origin))) from None
    return found.provenance, found.environment


def _of_version_before(record: Any, name: str) -> Provenance:
    """Return what a result of an earlier version tells of its options.

    Raises
    ------
    ResultError
        It tells too little.
    """
    if not isinstance(record, Result) or record.limits is None:
        raise ResultError(name, ["provenance is missing (of an earlier version?); run it anew"])
    if record.around is not None:
        raise ResultError(name, ["around: its earlier plan is not recorded; run it anew"])
    limits = record.limits
    options = {
        "strategy": record.strategy, "solver": record.solver.name or "highs", "seed": record.seed,
        "threads": record.threads, "objective": record.objective, "gap": limits.gap,
        "time_limit": 60.0 if limits.time_limit_s is None else limits.time_limit_s,
        "node_limit": limits.node_limit,
        "routes": "all" if record.bound and record.bound.routes == "all" else "candidates",
    }  # fmt: skip
    source = InstanceSource(name=record.instance.name, sha256=record.instance.sha256)
    return Provenance(
        command="solve", options=options, seed=record.seed, instances=(source,), written_at=""
    )


def validate_options(function: Any, earlier: Earlier, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a function takes.

    Parameters
    ----------
    function
        Of this version.
    earlier
        The output.
    options
        As recorded.

    Raises
    ------
    ResultError
        One is none of this version's.
    """
    unknown = sorted(set(options) - set(signature(function).parameters))
    if unknown:
        raise earlier.faults(
            *(f"option {name}: this version has none of that name" for name in unknown)
        )
    return options
