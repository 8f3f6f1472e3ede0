"""Run the command that filled a folder again, into another folder, and compare the tables."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field
from typer.main import get_command

from qkdopt.cli.provenance import PROVENANCE_FILE
from qkdopt.experiments.repetition import Part, Rerun
from qkdopt.experiments.repetition.agreement import agreement_of_parts
from qkdopt.experiments.repetition.differences import part
from qkdopt.experiments.repetition.reasons import NONE_KNOWN, environment_reasons
from qkdopt.experiments.repetition.sources import Earlier, find_instance
from qkdopt.io import read_instance, read_record
from qkdopt.io.environment import environment, plain
from qkdopt.result import PROVENANCE_SCHEMA, Environment, Provenance
from qkdopt.result.base import Record

# The others measure time, or draw what is stored.
REPEATED = (
    "design rank", "design prove", "design protect", "reproduce", "resilience", "sensitivity",
)  # fmt: skip
TABLES = (".csv", ".json")
CLOCK = (
    "limited by time: how much is done depends on the machine and on what else runs; tables are "
    "compared all the same"
)


class FolderRecord(Record):
    """``provenance.json`` of a folder."""

    schema_version: Annotated[str, Field(alias="schema")]
    files: dict[str, str]
    """Hash of each file."""
    environment: Environment
    provenance: Provenance


def rerun_folder(folder: Path, instance: Path | None) -> Rerun:
    """Run a command again and compare its tables; figures and pages follow from them.

    Parameters
    ----------
    folder
        With the command's ``provenance.json``.
    instance
        Instance file; None where it is where it was.

    Raises
    ------
    ResultError
        The folder's record cannot be read, a table was changed since, the command cannot be run
        again, or its instance was not found: every fault.
    """
    path = folder / PROVENANCE_FILE
    record = read_record(path, {PROVENANCE_SCHEMA: FolderRecord})
    origin = record.provenance
    earlier = Earlier({}, record, origin, record.environment, str(path), folder)
    faults = list(_faults(folder, record))
    if faults:
        raise earlier.faults(*faults)
    place = None
    if len(origin.instances) == 1 and origin.instances[0].file is not None:
        given = None if instance is None else (instance, read_instance(instance))
        place, _ = find_instance(earlier, given)
    with TemporaryDirectory() as new:
        _run(origin, place, Path(new), earlier)
        parts = tuple(
            _compared(folder / name, Path(new) / name)
            for name in record.files
            if Path(name).suffix in TABLES
        )
    reasons = list(environment_reasons(record.environment, environment()))
    if "time_limit" in origin.options:
        reasons.append(CLOCK)
    agreement = agreement_of_parts(parts, same=False)
    if not reasons and agreement != "identical":
        reasons = [NONE_KNOWN]
    return Rerun(str(folder), origin, agreement, parts, tuple(reasons), (), None)


def _faults(folder: Path, record: FolderRecord) -> Iterator[str]:
    command = record.provenance.command
    if command not in REPEATED:
        yield f"command = {command!r}; expected one of {', '.join(REPEATED)}"
    for name, sha256 in record.files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            yield f"{name} is missing; expected it beside {PROVENANCE_FILE}"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield f"{name} was changed since it was written; expected it as it was"
    for name, value in record.provenance.options.items():
        if isinstance(value, Mapping) and "sha256" in value:
            source = Path(str(value["file"]))
            if not source.is_file():
                yield f"{name}: {source} is missing; expected it where it was"
            elif hashlib.sha256(source.read_bytes()).hexdigest() != value["sha256"]:
                yield f"{name}: {source} was changed since; expected it as it was"


def _run(origin: Provenance, instance: Path | None, folder: Path, earlier: Earlier) -> None:
    """Run the command; what it prints is not shown.

    Raises
    ------
    ResultError
        It did not finish.
    """
    # The commands import this module's package.
    from qkdopt.cli.app import app

    command: Any = get_command(app)
    for word in origin.command.split():
        command = command.commands[word]
    arguments = list(_arguments(command, origin.options, instance, folder))
    with contextlib.redirect_stdout(io.StringIO()):
        status = command.main(arguments, prog_name="qkdopt", standalone_mode=False)
    if status:
        raise earlier.faults(f"{origin.command}, run again, ended with exit status {status}")


def _arguments(
    command: Any, options: Mapping[str, Any], instance: Path | None, folder: Path
) -> Iterator[str]:
    """Yield the command line: options that are at their defaults are left out, as they were."""
    yield from ("-o", str(folder))
    words = []
    for parameter in command.params:
        name, default = parameter.name, plain(parameter.default)
        value = options.get(name)
        if isinstance(value, Mapping):
            value = value["file"]
        if parameter.param_type_name == "argument":
            words.append(str(instance) if name == "instance" else str(value))
        elif name not in options or value in (default, None):
            continue
        elif isinstance(value, bool):
            yield (parameter.opts if value else parameter.secondary_opts)[0]
        else:
            yield f"{parameter.opts[0]}={value}"
    yield from ("--", *words)


def _compared(earlier: Path, now: Path) -> Part:
    """Compare two tables; what is about time is left out."""
    if not now.is_file():
        return part(earlier.name, "there", "missing")
    read = _csv_rows if earlier.suffix == ".csv" else _json
    return part(earlier.name, read(earlier), read(now))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: _number(text) for name, text in row.items()} for row in csv.DictReader(file)]


def _number(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text
