"""Provenance of what commands print and write: the command line itself, and the files read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from qkdopt.cli.call import current_call
from qkdopt.instance import Instance
from qkdopt.io import write_json_whole
from qkdopt.io.environment import environment, provenance
from qkdopt.result import PROVENANCE_SCHEMA, InstanceSource, Result
from qkdopt.result.dimensioning import Dimensioning, Frontier

Answer = TypeVar("Answer", Result, Dimensioning, Frontier)

PROVENANCE_FILE = "provenance.json"
# Parameters of a command that say where its answer goes, not what it is.
PLACES = ("output", "as_json", "quiet", "report", "plot", "context")


def read_from(answer: Answer, instance: Path, **plans: Path | None) -> Answer:
    """Return an answer whose provenance names the files it was read from.

    Parameters
    ----------
    answer
        With the provenance of its function.
    instance
        Instance file; ``-`` for standard input, which has no name.
    plans
        By option, the file of an earlier plan.
    """
    assert answer.provenance is not None
    origin = answer.provenance.with_files(instance, **plans)
    return answer.model_copy(update={"provenance": origin})


def provenance_fields(instances: Iterable[tuple[Path | None, Instance]]) -> dict[str, Any]:
    """Return ``environment`` and ``provenance`` of what the running command prints.

    Parameters
    ----------
    instances
        What it is about, each with its file; None where it was not read from one of its own.
    """
    call = current_call()
    # `instance` is an option of some commands, and the argument of others: its file is kept either
    # way.
    options = {
        name: _file(value) if isinstance(value, Path) and name != "instance" else value
        for name, value in call.options.items()
        if name not in PLACES
    }
    origin = provenance(call.command, options)
    origin = origin.model_copy(
        update={
            "instances": tuple(
                InstanceSource(
                    name=instance.name, sha256=instance.sha256(),
                    file=None if path is None or path == Path("-") else str(path),
                )
                for path, instance in instances
            )
        }
    )  # fmt: skip
    return {
        "environment": environment().model_dump(mode="json"),
        "provenance": origin.model_dump(mode="json"),
    }


def _file(path: Path) -> dict[str, str] | str:
    """Return a file that was read with its hash; a folder, or standard input, is named alone."""
    if not path.is_file():
        return str(path)
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def write_provenance(
    folder: Path, names: Iterable[str], instances: Iterable[tuple[Path | None, Instance]]
) -> None:
    """Write ``provenance.json``: of the files that the running command wrote, with their hashes.

    Tables and figures have no place for it themselves.

    Parameters
    ----------
    folder
        Folder of the files.
    names
        File names; those that are not there are left out.
    instances
        As for :func:`provenance_fields`.
    """
    paths = [folder / name for name in names if (folder / name).is_file()]
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    fields = provenance_fields(instances)
    write_json_whole(
        folder / PROVENANCE_FILE, {"schema": PROVENANCE_SCHEMA, "files": files, **fields}
    )
