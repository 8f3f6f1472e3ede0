"""``qkdopt instance best-known``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from qkdopt.best_known import BestKnown, Change, Library, find_library, update
from qkdopt.checker import check
from qkdopt.errors import ResultError, UsageError
from qkdopt.io import read_plan, read_result
from qkdopt.result import Result
from qkdopt.result.text import without_key


def run_best_known(files: Sequence[Path], folder: Path | None, *, as_json: bool) -> None:
    """Print the best known values of instances.

    Parameters
    ----------
    files
        Instance files; empty for all instances of the library.
    folder
        Folder of the library; None for the library of the first file, or ``instances``.
    as_json
        Print one JSON object.

    Raises
    ------
    LibraryError
        There is no library, it is unreadable, or files are not instances of it.
    InstanceError
        An instance file cannot be read or breaks rules.
    ResultError
        A stored plan cannot be read or breaks rules of its schema.
    """
    library = find_library(files) if folder is None else Library(folder)
    rows = library.rows()
    names = dict.fromkeys(library.names_of(files) if files else sorted(library.instances))
    shown = [rows[key] for name in names for key in sorted(rows) if key[0] == name]
    known = {row.instance for row in shown}
    if as_json:
        data = {"library": str(library.folder), "rows": [_plain(library, row) for row in shown]}
        typer.echo(json.dumps(data, indent=1))
        return
    if shown:
        typer.echo("\n".join(_table(library, shown)))
    for name in names:
        if name not in known:
            typer.echo(f"{name}: no value yet")


def run_update(files: Sequence[Path], folder: Path | None) -> None:
    """Improve the library with results and say what each changed."""
    if not files:
        raise UsageError("--update: no result given; expected result files (JSON)")
    library = find_library() if folder is None else Library(folder)
    for change in update(library, _read_all(files)):
        typer.echo(_change_text(library, change))


def _read_all(files: Sequence[Path]) -> dict[str, Result]:
    """Read every result; one error lists the faults of all of them."""
    found: dict[str, Result] = {}
    faults: list[str] = []
    for path in files:
        try:
            found[str(path)] = read_result(path)
        except ResultError as error:
            faults.extend(f"{path}: {fault}" for fault in error.faults)
    if faults:
        raise ResultError("results", faults)
    return found


def _plain(library: Library, row: BestKnown) -> dict[str, Any]:
    return {
        **row.model_dump(mode="json"),
        "without_key": _without_key(library, row),
        "gap": row.gap,
        "status": row.status,
    }


def _without_key(library: Library, row: BestKnown) -> int | None:
    """Count the served demands without key in the plan that is stored; None where there is none."""
    path = library.plan_file(row.instance, row.objective)
    if not path.exists():
        return None
    return check(library.instances[row.instance], read_plan(path)).without_key


def _table(library: Library, rows: Sequence[BestKnown]) -> Iterator[str]:
    width = max(len("instance"), *(len(row.instance) for row in rows))
    yield (
        f"{'instance':{width}}  objective  {'served':>10}  without key  {'value':>8}  "
        f"{'bound':>8} kbit/s  {'gap':>7}  status   found by"
    )
    for row in rows:
        served = f"{row.served} of {row.served_bound}"
        counted = _without_key(library, row)
        keyless = "-" if counted is None else str(counted)
        bound = "-" if row.bound_bps is None else f"{row.bound_bps / 1e3:.3f}"
        yield (
            f"{row.instance:{width}}  {row.objective:9}  {served:>10}  {keyless:>11}  "
            f"{row.value_bps / 1e3:8.3f}  {bound:>8}         {_gap(row):>7}  {row.status:7}  "
            f"{row.strategy}, {row.date}"
        )


def _gap(row: BestKnown) -> str:
    return "-" if row.gap is None else f"{100.0 * row.gap:.2f} %"


def _change_text(library: Library, change: Change) -> str:
    after = change.after
    where = f"{change.source}: {after.instance} {after.objective}:"
    if not change.is_improved:
        return f"{where} no better than what is known"
    what = "better plan" if change.is_improved_plan else "better bound"
    if change.before is None:
        what = "first plan"
    return (
        f"{where} {what}: {after.served} of at most {after.served_bound} served"
        f"{without_key(_without_key(library, after))}, {after.value_bps / 1e3:.3f} kbit/s, "
        f"gap {_gap(after)}"
    )
