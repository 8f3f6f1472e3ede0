"""The command line that runs: its command and options, for the provenance of what it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A command and its parameters, as given or by default."""

    command: str
    options: Mapping[str, Any]


_CALL: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def command_line(command: str, options: Mapping[str, Any]) -> Iterator[None]:
    """Note a command line while it runs."""
    token = _CALL.set(Call(command, dict(options)))
    try:
        yield
    finally:
        _CALL.reset(token)


def current_call() -> Call:
    """Return the command line that runs; outside of one, a call without a name."""
    return _CALL.get() or Call("python", {})
