"""Rows on disk: a Parquet data set of one file a run.

Each file is written beside its place and moved there, so that a run is either whole in the store
or not at all, whenever the process is killed. ``pandas.read_parquet`` reads the folder as one
table.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """A folder of rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder and clear what a killed run left half-written.

        Raises
        ------
        OutputError
            The folder cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for half in self.folder.glob(".*.half"):
                half.unlink()
        except OSError as error:
            raise OutputError(f"{self.folder}: {error.strerror}") from None

    def keys(self) -> dict[str, str]:
        """Status of every stored run, by key."""
        found = {}
        for path in self.folder.glob("*.parquet"):
            key, _, status = path.stem.partition("-")
            found[key] = status
        return found

    def put(self, row: dict[str, Any]) -> None:
        """Write one row whole, in place of an earlier failure of the same run."""
        import pandas as pd

        name = f"{row['key']}-{row['status']}.parquet"
        half = self.folder / f".{name}.half"
        pd.DataFrame([row]).to_parquet(half, index=False)
        half.replace(self.folder / name)
        if row["status"] == "done":
            (self.folder / f"{row['key']}-failed.parquet").unlink(missing_ok=True)

    def read(self, order: list[str]) -> pd.DataFrame:
        """Return the stored rows among ``order``, in that order: when they ran leaves no trace."""
        import pandas as pd

        stored = self.keys()
        frames = [
            pd.read_parquet(self.folder / f"{key}-{stored[key]}.parquet")
            for key in order
            if key in stored
        ]
        frames = [frame.astype(object).where(frame.notna(), None) for frame in frames]
        if not frames:
            return pd.DataFrame()
        return pd.concat(frames, ignore_index=True).infer_objects()
