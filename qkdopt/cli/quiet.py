"""Whether a command says nothing but its answer, warnings of faults and errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import typer

# None outside a command line: parsing alone, as completion does, makes nothing quiet.
_QUIET: ContextVar[bool | None] = ContextVar("quiet", default=None)


@contextmanager
def loud_at_first() -> Iterator[None]:
    """Begin a command line without ``--quiet``, and forget it at the end."""
    token = _QUIET.set(False)
    try:
        yield
    finally:
        _QUIET.reset(token)


def be_quiet(value: bool) -> bool:
    """Take the option's value: once quiet, the command line stays so."""
    if value and _QUIET.get() is not None:
        _QUIET.set(True)
    return value


def is_quiet() -> bool:
    """Return whether progress and hints are left out."""
    return bool(_QUIET.get())


def hint(text: str) -> None:
    """Say something on stderr that is no part of the answer; nothing with ``--quiet``."""
    if not is_quiet():
        typer.echo(text, err=True)
