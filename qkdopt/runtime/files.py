"""Write files whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qkdopt.errors import OutputError


def validate_writable(path: str | Path) -> None:
    """Validate that a file can be written, without touching it.

    Raises
    ------
    OutputError
        The path is a folder, or its folder is missing or not writable.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target}: is a folder; expected a file name")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(f"{target}: the folder {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{target}: the folder {folder} is not writable")


def to_text(data: dict[str, Any]) -> str:
    """Return JSON text with one indented line per field and short lists on one line."""
    return _render(data, "") + "\n"


def _render(value: Any, indent: str) -> str:
    """Render like ``json.dumps(indent=1)``, but short values on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or (len(flat) + len(indent) <= 100 and indent):
        return flat
    inner = indent + " "
    if isinstance(value, dict):
        body = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_render(item, inner)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(body) + f"\n{indent}}}"
    body = [inner + _render(item, inner) for item in value]
    return "[\n" + ",\n".join(body) + f"\n{indent}]"


def write_json_whole(path: str | Path, data: dict[str, Any]) -> None:
    """Write JSON to a file, whole or not at all.

    The text goes to a temporary file beside the target, which then takes its place.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    """
    write_text_whole(path, to_text(data))


def write_text_whole(path: str | Path, text: str) -> None:
    """Write text to a file, whole or not at all."""
    write_texts_whole({Path(path): text})


def write_texts_whole(texts: Mapping[Path, str]) -> None:
    """Write several files whole, all of them or, where any cannot be written, none.

    Raises
    ------
    OutputError
        A folder does not exist or cannot be written; every file is as it was.
    """
    write_files_whole({target: text.encode() for target, text in texts.items()})


def write_files_whole(contents: Mapping[Path, bytes]) -> None:
    """Write several files whole, all of them or, where any cannot be written, none.

    Raises
    ------
    OutputError
        A folder does not exist or cannot be written; every file is as it was.
    """
    for target in contents:
        validate_writable(target)
    with contextlib.ExitStack() as leftovers:
        ready = {
            target: _write_temporary(target, content, leftovers)
            for target, content in contents.items()
        }
        _replace_targets(ready)


def _write_temporary(target: Path, content: bytes, leftovers: contextlib.ExitStack) -> Path:
    """Write a temporary file beside the target; ``leftovers`` removes it if it stays."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        leftovers.callback(temporary.unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; a result is as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
    except OSError as problem:
        raise OutputError(f"{target}: cannot be written ({problem.strerror})") from problem
    return temporary


def _replace_targets(ready: Mapping[Path, Path]) -> None:
    """Replace targets by temporary files; restore the earlier content if one fails."""
    before: dict[Path, bytes | None] = {}
    try:
        for target, temporary in ready.items():
            before[target] = target.read_bytes() if target.exists() else None
            temporary.replace(target)
    except BaseException as problem:
        for target, content in before.items():
            _restore(target, content)
        if isinstance(problem, OSError):
            message = f"{target}: cannot be written ({problem.strerror})"
            raise OutputError(message) from problem
        raise


def _restore(target: Path, content: bytes | None) -> None:
    if content is None:
        target.unlink(missing_ok=True)
    elif target.read_bytes() != content:
        target.write_bytes(content)
