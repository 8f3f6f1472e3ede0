"""``-`` for standard output: the answer there, and what is said about it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import typer

from qkdopt.cli.quiet import hint
from qkdopt.errors import OutputError
from qkdopt.io import (
    STANDARD_STREAM,
    to_text,
    validate_writable,
    write_files_whole,
    write_json_whole,
)


def is_standard(output: Path | None) -> bool:
    """Whether an output is standard output."""
    return output == STANDARD_STREAM


def validate_output(output: Path) -> None:
    """Validate that a file can be written; standard output can.

    Raises
    ------
    OutputError
        The path is a folder, or its folder is missing or not writable.
    """
    if not is_standard(output):
        validate_writable(output)


def write_json(output: Path, data: dict[str, Any]) -> None:
    """Write JSON to a file, whole or not at all, or to standard output."""
    if is_standard(output):
        typer.echo(to_text(data), nl=False)
    else:
        write_json_whole(output, data)


def write_answer(output: Path, data: dict[str, Any]) -> None:
    """Write what a run has found; where its place cannot be written any more, to another.

    Raises
    ------
    OutputError
        The file cannot be written; the message says where the answer is kept in its place.
    """
    try:
        write_json(output, data)
    except OutputError as error:
        kept = _kept_elsewhere(output.name, data)
        raise OutputError(
            f"{error}; the answer is kept in {kept}" if kept else str(error)
        ) from None


def _kept_elsewhere(name: str, data: dict[str, Any]) -> Path | None:
    """Write data into a folder for temporary files; None where that cannot be written either."""
    try:
        kept = Path(mkdtemp(prefix="qkdopt-")) / name
        write_json_whole(kept, data)
    except (OSError, OutputError):
        return None
    return kept


def write_contents(contents: Mapping[Path, bytes]) -> None:
    """Write files whole, all or none; the content for ``-`` goes to standard output."""
    write_files_whole({path: text for path, text in contents.items() if not is_standard(path)})
    for path, content in contents.items():
        if is_standard(path):
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()


def say(output: Path | None, text: str, *, newline: bool = True) -> None:
    """Say something about an output: on stdout, or as a hint on stderr beside the output itself.

    Parameters
    ----------
    output
        File of the output, or standard output; None where there is none.
    text
        What is said.
    newline
        Whether a line ends after it.
    """
    if is_standard(output):
        hint(text if newline else text.removesuffix("\n"))
    else:
        typer.echo(text, nl=newline)
