"""What ``design prove`` and ``design protect`` share: reading the list, writing its options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qkdopt.cli.provenance import provenance_fields, write_provenance
from qkdopt.errors import Faults
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_name
from qkdopt.io import read_instance, write_json_whole
from qkdopt.io.environment import environment

FILES = (
    "exact.json", "best.json", "plan.json", "protection.csv", "question.json", "design.html",
)  # fmt: skip


def read_demand_list(
    path: Path, faults: Faults, *, channels: int, time_limit: float, seed: int
) -> Instance | None:
    """Read the instance, validate the options; faults are kept, nothing is raised.

    Return None where the instance cannot be read. An instance without demands is returned, with a
    fault.

    Parameters
    ----------
    path
        Instance file.
    faults
        Faults so far; those of file and options are added.
    channels
        Size of the set, at least 1.
    time_limit
        Time limit in seconds, above 0.
    seed
        Random seed, 0 or more.
    """
    faults.expect(channels >= 1, f"channels = {channels}; expected at least 1")
    faults.expect(time_limit > 0.0, f"time limit = {time_limit:g}; expected seconds above 0")
    faults.expect(seed >= 0, f"seed = {seed}; expected 0 or more")
    instance = faults.attempt(lambda: read_instance(path))
    if instance is not None:
        faults.expect(bool(instance.demands), "the instance has no demands; expected a list")
    return instance


def write_question(folder: Path, instance: Instance, **options: Any) -> None:
    """Write what the files beside it are about: ``question.json``, as rankings have it."""
    about = {
        "on": "demands",
        "instance": instance.name,
        "sha256": instance.sha256(),
        "preset": preset_name(instance),
        **options,
        "environment": environment().model_dump(mode="json"),
    }
    write_json_whole(folder / "question.json", about)


def write_origin(folder: Path, path: Path, instance: Instance) -> dict[str, Any]:
    """Write ``provenance.json`` of a folder, and return the same fields for what is printed.

    Parameters
    ----------
    folder
        Folder of the files.
    path, instance
        The list, and its file.
    """
    write_provenance(folder, FILES, [(path, instance)])
    return provenance_fields([(path, instance)])
