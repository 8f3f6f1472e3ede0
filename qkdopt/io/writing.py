"""Instances, results and plans to files."""

from __future__ import annotations

from pathlib import Path

from qkdopt.instance import Instance
from qkdopt.result import Result, SavedPlan
from qkdopt.runtime.files import write_json_whole


def write_instance(path: str | Path, instance: Instance) -> None:
    """Write an instance that :func:`qkdopt.read_instance` reads, defaults left out.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    write_json_whole(path, instance.to_json_dict())


def write_result(path: str | Path, result: Result) -> None:
    """Write a result that :func:`qkdopt.read_result` reads.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    write_json_whole(path, result.to_json_dict())


def write_plan(path: str | Path, plan: SavedPlan) -> None:
    """Write a plan that :func:`qkdopt.read_plan` reads.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    write_json_whole(path, plan.to_json_dict())
