"""``qkdopt instance new``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from qkdopt.errors import UsageError
from qkdopt.generate import new_instance
from qkdopt.io import refuse_unwritable, write_json_whole

CHOICES = {"reserve": ("working", "all"), "layout": ("single", "pair", None)}


def run_new(output: Path, *, candidates: str | None, **options: Any) -> None:
    """Make an instance and write it; nothing is written on a fault."""
    refuse_unwritable(output)
    for name, known in CHOICES.items():
        if options[name] not in known:
            expected = " or ".join(str(word) for word in known if word)
            raise UsageError(f"{name} = {options[name]!r}; expected {expected}")
    instance = new_instance(output.stem, candidates=_channels(candidates), **options)
    write_json_whole(output, instance.to_json_dict())
    typer.echo(f"{output}: {len(instance.demands)} demands, sha256 {instance.sha256()[:12]}")


def _channels(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise UsageError(
            f"candidates = {text!r}; expected channel numbers such as 3,13,23,33"
        ) from None
