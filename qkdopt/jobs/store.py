"""Rows on disk: a Parquet data set of one file a run.

Each file is written beside its place and moved there, so that a run is either whole in the store
or not at all, whenever the process is killed. ``pandas.read_parquet`` reads the folder as one
table: the type of a column depends on its name, never on the values of a run.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.errors import OutputError
from qkdopt.jobs.heartbeat import is_running

if TYPE_CHECKING:
    import pandas as pd

# Types of the columns that may be empty; the other such columns are rates and times. A column of
# None alone has no type of its own, and a file without types does not fit into one table.
TEXTS = ("preset", "version", "outcome")
COUNTS = ("served", "without_key", "bound_served")
FLAGS = ("start_accepted", "checked")
# Writing a row takes milliseconds: a temporary file older than this is abandoned.
STALE_SECONDS = 60.0


class Store:
    """A folder of rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder and remove temporary files that a killed run left.

        Raises
        ------
        OutputError
            The folder cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for temporary in self.folder.glob(".*.half"):
                if _is_abandoned(temporary):
                    temporary.unlink(missing_ok=True)
            for key, status in self.keys().items():
                if status == "done":
                    self._discard_failure(key)
        except OSError as error:
            raise OutputError(f"{self.folder}: {error.strerror}") from None

    def keys(self) -> dict[str, str]:
        """Return the status of every stored run by key; ``done`` wins over an earlier failure."""
        statuses: dict[str, str] = {}
        for path in self.folder.glob("*.parquet"):
            key, _, status = path.stem.partition("-")
            if statuses.get(key) != "done":
                statuses[key] = status
        return statuses

    def put(self, row: dict[str, Any]) -> None:
        """Write one row whole, in place of an earlier failure of the same run.

        Raises
        ------
        OutputError
            The row cannot be written; what was there is as it was.
        """
        from pyarrow import parquet

        name = f"{row['key']}-{row['status']}.parquet"
        temporary = self.folder / f".{name}.{os.getpid()}.half"
        try:
            parquet.write_table(_table(row), temporary)
            temporary.replace(self.folder / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            reason = error.strerror or error
            raise OutputError(f"{self.folder}: cannot be written ({reason})") from None
        if row["status"] == "done":
            self._discard_failure(row["key"])

    def _discard_failure(self, key: str) -> None:
        (self.folder / f"{key}-failed.parquet").unlink(missing_ok=True)

    def row(self, key: str) -> dict[str, Any]:
        """Return one stored row of status ``done``.

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        from pyarrow import parquet

        table = parquet.ParquetFile(self.folder / f"{key}-done.parquet").read()
        row: dict[str, Any] = table.to_pylist()[0]
        return row

    def discard(self, key: str) -> None:
        """Remove a row, such as one whose file was damaged."""
        (self.folder / f"{key}-done.parquet").unlink(missing_ok=True)

    def read(self, order: list[str]) -> pd.DataFrame:
        """Return the stored rows of the keys in ``order``, in that order."""
        import pandas as pd

        stored = self.keys()
        names = [f"{key}-{stored[key]}.parquet" for key in order if key in stored]
        if not names:
            return pd.DataFrame()
        frames = list(self._frames(names))
        rows = pd.concat(frames).sort_index() if len(frames) > 1 else frames[0]
        return rows.reset_index(drop=True).infer_objects()

    def _frames(self, names: list[str]) -> Iterator[pd.DataFrame]:
        """Yield the rows of each set of columns by their position: a frame a file is slow."""
        import pyarrow as pa
        from pyarrow import parquet

        tables: dict[Any, list[Any]] = {}
        positions: dict[Any, list[int]] = {}
        for position, name in enumerate(names):
            table = parquet.ParquetFile(self.folder / name).read(use_threads=False)
            tables.setdefault(table.schema, []).append(table)
            positions.setdefault(table.schema, []).append(position)
        for schema, alike in tables.items():
            frame = pa.concat_tables(alike).to_pandas()
            frame.index = positions[schema]
            yield frame.astype(object).where(frame.notna(), None)


def _table(row: dict[str, Any]) -> Any:
    """Return a row as a table of one line, typed."""
    import pyarrow as pa

    columns = {name: pa.array([value], _type(name, value)) for name, value in row.items()}
    return pa.table(columns)


def _type(name: str, value: Any) -> Any:
    """Return the type of a column; None leaves it to the value."""
    import pyarrow as pa

    if isinstance(value, list | tuple):
        return pa.list_(pa.float64())
    if name in TEXTS:
        return pa.string()
    if name in COUNTS:
        return pa.int64()
    if name in FLAGS:
        return pa.bool_()
    return pa.float64() if value is None else None


def _is_abandoned(temporary: Path) -> bool:
    """Tell whether the process that began a file is gone; its number is in the name."""
    process = temporary.suffixes[-2].removeprefix(".") if len(temporary.suffixes) > 1 else ""
    if not process.isdigit() or not is_running(int(process)):
        return True
    try:
        return time.time() - temporary.stat().st_mtime > STALE_SECONDS
    except FileNotFoundError:
        return False
