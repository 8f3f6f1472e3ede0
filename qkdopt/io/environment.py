"""Environment of a computation: part of every result's provenance."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qkdopt.result import Environment

PACKAGES = ("qkdopt", "highspy", "numba", "numpy", "networkx", "pyomo")


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


def _processor() -> str:
    """Return the name of the processor; platform.processor() is empty on most Linux systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
