"""Sets of channels in text: how people type them, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable

from qkdopt.errors import UsageError


def read_channels(text: str, what: str) -> tuple[int, ...]:
    """Read channel numbers such as ``3,13,23,33``; whether a grid has them is not judged.

    Raises
    ------
    UsageError
        Something else; the message begins with ``what``, the name of the option.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise UsageError(f"{what} = {text!r}; expected channel numbers such as 3,13,23,33")
    return tuple(map(int, words))


def spell_channels(channels: Iterable[object]) -> str:
    """Spell a set as tables and plots do: ``{3,13,23,33}``."""
    return "{" + ",".join(map(str, channels)) + "}"
