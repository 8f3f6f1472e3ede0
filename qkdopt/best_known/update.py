"""Improve a library with results: all of them checked first, or nothing written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from qkdopt.best_known.accept import checked_rows, validate_instances
from qkdopt.best_known.folder import Library
from qkdopt.best_known.merge import merge_rows
from qkdopt.best_known.record import BestKnown
from qkdopt.best_known.table import Rows, table_text
from qkdopt.errors import OutputError, RefusedError
from qkdopt.io import to_text, write_texts_whole
from qkdopt.result import Result


@dataclass(frozen=True)
class Change:
    """Change of a row by one result.

    Parameters
    ----------
    source
        Name of the result.
    before, after
        The row; ``before`` is None for a new row.
    """

    source: str
    before: BestKnown | None
    after: BestKnown

    @property
    def is_improved(self) -> bool:
        """Tell whether plan or bound improved."""
        return self.before != self.after

    @property
    def is_improved_plan(self) -> bool:
        """Tell whether the plan improved."""
        if self.before is None:
            return True
        return (self.before.served, self.before.value_bps) != (
            self.after.served,
            self.after.value_bps,
        )


def update(
    library: Library, results: Mapping[str, Result], *, today: date | None = None
) -> list[Change]:
    """Improve a library with results; return the change by each.

    Parameters
    ----------
    library
        Instances, rows and plans.
    results
        By their names.
    today
        Date of improved rows; None: the present day.

    Raises
    ------
    LibraryError
        Results are of no instance of the library; nothing is written.
    RefusedError
        Results break a rule, or a bound lies below a checked plan; nothing is written.
    OutputError
        The library cannot be written; it is as it was.
    """
    validate_instances(library, results)
    own_rows = checked_rows(library, results, today or date.today())
    with _alone(library.folder):
        rows = library.rows()
        changes = _merge_all(rows, own_rows)
        texts = {
            library.plan_file(change.after.instance, change.after.objective): to_text(
                results[change.source].plan().to_json_dict()
            )
            for change in changes
            if change.is_improved_plan
        }
        if any(change.is_improved for change in changes):
            _write({**texts, library.table: table_text(rows.values())})
    return changes


def _merge_all(rows: Rows, own_rows: Sequence[tuple[str, BestKnown]]) -> list[Change]:
    """Merge rows of results into ``rows``, one after the other."""
    changes: list[Change] = []
    faults: list[str] = []
    for source, row in own_rows:
        key = row.instance, row.objective
        before = rows.get(key)
        try:
            rows[key] = row if before is None else merge_rows(before, row)
        except RefusedError as error:
            faults.extend(f"{source}: {error.where}: {fault}" for fault in error.faults)
        else:
            changes.append(Change(source, before, rows[key]))
    if faults:
        raise RefusedError("bounds that contradict checked plans", faults)
    return changes


def _write(texts: Mapping[Path, str]) -> None:
    for path in texts:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise OutputError(f"{path.parent}: cannot be made ({problem.strerror})") from problem
    # The table last: a plan that is ahead of its row is put right by the next update.
    write_texts_whole(texts)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one update at a time read, merge and write, where the system can lock a folder."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
