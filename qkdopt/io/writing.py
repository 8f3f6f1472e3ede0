"""Instances, results and plans to files."""

from __future__ import annotations

from pathlib import Path

from qkdopt.instance import Instance
from qkdopt.result import Result, SavedPlan


def write_instance(path: str | Path, instance: Instance) -> None:
    """Write an instance that :func:`qkdopt.read_instance` reads, defaults left out.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    instance.save(path)


def write_result(path: str | Path, result: Result) -> None:
    """Write a result that :func:`qkdopt.read_result` reads.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    result.save(path)


def write_plan(path: str | Path, plan: SavedPlan) -> None:
    """Write a plan that :func:`qkdopt.read_plan` reads.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    plan.save(path)
