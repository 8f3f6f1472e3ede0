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
from qkdopt.instance import Instance
from qkdopt.result import Result, SavedPlan


def refuse_unwritable(path: str | Path) -> None:
    """Raise :class:`OutputError` now where writing would fail later, and touch nothing."""
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target}: is a folder; expected a file name")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(f"{target}: the folder {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{target}: the folder {folder} is not writable")


def to_text(data: dict[str, Any]) -> str:
    """JSON text with one indented line per field and short lists on one line."""
    return _render(data, "") + "\n"


def _render(value: Any, indent: str) -> str:
    """Render like ``json.dumps(indent=1)``, but keep what fits on one line together."""
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
    for target in texts:
        refuse_unwritable(target)
    with contextlib.ExitStack() as leftovers:
        ready = {target: _beside(target, text, leftovers) for target, text in texts.items()}
        _put_in_place(ready)


def _beside(target: Path, text: str, leftovers: contextlib.ExitStack) -> Path:
    """Write a temporary file beside the target; ``leftovers`` removes it if it stays."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        leftovers.callback(temporary.unlink, missing_ok=True)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; a result is as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
    except OSError as problem:
        raise OutputError(f"{target}: cannot be written ({problem.strerror})") from problem
    return temporary


def _put_in_place(ready: Mapping[Path, Path]) -> None:
    """Let temporary files take their targets' places; put back what was there if one fails."""
    before: dict[Path, bytes | None] = {}
    try:
        for target, temporary in ready.items():
            before[target] = target.read_bytes() if target.exists() else None
            temporary.replace(target)
    except BaseException as problem:
        for target, content in before.items():
            _restore(target, content)
        if isinstance(problem, OSError):
            told = f"{target}: cannot be written ({problem.strerror})"
            raise OutputError(told) from problem
        raise


def _restore(target: Path, content: bytes | None) -> None:
    if content is None:
        target.unlink(missing_ok=True)
    elif target.read_bytes() != content:
        target.write_bytes(content)
