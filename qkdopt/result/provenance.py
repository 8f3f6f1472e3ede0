"""Provenance of an output: which command with which options on which data, and when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from qkdopt.result.base import Record

PROVENANCE_SCHEMA: Literal["qkdopt/provenance/1"] = "qkdopt/provenance/1"


class InstanceSource(Record):
    """An instance that an output is about."""

    name: str
    sha256: str
    """Hash of the instance as it was given, whatever its spelling."""
    file: str | None = None
    """Path as it was given; null where it came from Python or standard input."""


class Provenance(Record):
    """How an output came about; versions and machine are in ``environment`` beside it."""

    command: str
    """The command, such as ``solve``: also where its function was called from Python."""
    options: dict[str, Any]
    """Every option of the run, as given or by default. An earlier plan is its hash and its file."""
    seed: int | None = None
    """Null where nothing is drawn."""
    instances: tuple[InstanceSource, ...]
    written_at: str
    """Time of writing, UTC, as ISO 8601."""

    def with_files(self, instance: Path | None, **plans: Path | None) -> Provenance:
        """Return the provenance with the files that were read.

        Parameters
        ----------
        instance
            Of the only instance; None or ``-`` for no file.
        plans
            By option, of an earlier plan or trace; None where the option is not given.
        """
        options = dict(self.options)
        for name, path in plans.items():
            if options.get(name) is not None:
                options[name] = {**options[name], "file": _spelled(path)}
        (source,) = self.instances
        source = source.model_copy(update={"file": _spelled(instance)})
        return self.model_copy(update={"instances": (source,), "options": options})


def content_sha256(content: Mapping[str, Any] | list[Any]) -> str:
    """Return a hash of plain data, whatever the spelling of its file."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _spelled(path: Path | None) -> str | None:
    return None if path is None or path == Path("-") else str(path)
