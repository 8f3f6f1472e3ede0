"""Environment and provenance of a computation: what every output carries."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from qkdopt.instance import Instance
from qkdopt.result import Environment, InstanceSource, Provenance, Result, SavedPlan

# qkdopt and the libraries that decide numbers.
PACKAGES = (
    "qkdopt", "highspy", "llvmlite", "moocore", "networkx", "numba", "numpy", "pandas", "pyomo",
    "scipy",
)  # fmt: skip
# Parameters of functions that are no options: data, and what is called back.
NO_OPTIONS = frozenset({"instance", "progress", "interruption"})


@cache
def environment() -> Environment:
    """Return versions, processor and platform of this process."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return Environment(versions=versions, cpu=_processor(), platform=platform.platform())


def provenance(command: str, options: Mapping[str, Any], *instances: Instance) -> Provenance:
    """Return the provenance of an output that is made now.

    Parameters
    ----------
    command
        Name of the command, such as ``design rank``.
    options
        By name; what is no option is left out.
    instances
        What the output is about, as given.
    """
    seed = options.get("seed")
    return Provenance(
        command=command,
        options={name: plain(value) for name, value in options.items() if name not in NO_OPTIONS},
        seed=seed if isinstance(seed, int) else None,
        instances=tuple(
            InstanceSource(name=instance.name, sha256=instance.sha256()) for instance in instances
        ),
        written_at=time_of_writing(),
    )


def time_of_writing() -> str:
    """Return the time now, UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """Return an option as plain data: plans by their hash, functions and solvers by their name."""
    if isinstance(value, float):
        # JSON has no infinity.
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Result | SavedPlan):
        return {"plan_sha256": value.plan_sha256(), "file": None}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Iterable):
        return [plain(inner) for inner in value]
    return str(getattr(value, "name", None) or getattr(value, "__name__", value))


def _processor() -> str:
    """Return the name of the processor; platform.processor() is empty on most Linux systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
