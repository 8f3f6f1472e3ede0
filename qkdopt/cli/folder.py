"""Folders that commands write into."""

from __future__ import annotations

from pathlib import Path

from qkdopt.errors import OutputError


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it.

    Raises
    ------
    OutputError
        It cannot be made; a file of that name is in the way, perhaps.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; expected a folder") from None
