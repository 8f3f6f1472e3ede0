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

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> with TemporaryDirectory() as folder:
    ...     qkdopt.write_instance(f"{folder}/copy.json", line)
    ...     qkdopt.read_instance(f"{folder}/copy.json") == line
    True
    """
    instance.save(path)


def write_result(path: str | Path, result: Result) -> None:
    """Write a result that :func:`qkdopt.read_result` reads.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> qkdopt.write_result("nowhere/result.json", qkdopt.solve(line, strategy="ds-qkd"))
    Traceback (most recent call last):
        ...
    qkdopt.errors.OutputError: nowhere/result.json: the folder nowhere does not exist; make it first
    """
    result.save(path)


def write_plan(path: str | Path, plan: SavedPlan) -> None:
    """Write a plan that :func:`qkdopt.read_plan` reads.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> plan = qkdopt.solve(line, strategy="ds-qkd").plan()
    >>> with TemporaryDirectory() as folder:
    ...     qkdopt.write_plan(f"{folder}/plan.json", plan)
    ...     qkdopt.check(line, qkdopt.read_plan(f"{folder}/plan.json")).faults
    ()
    """
    plan.save(path)
