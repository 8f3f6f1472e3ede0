"""Which tests a plain run leaves to `.ci/run`: parameters that only repeat what others show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_beyond(count: int, values: Iterable[Any]) -> list[Any]:
    """Return values for ``parametrize``; all but the first ``count`` of them are slow."""
    quick = list(values)
    if not 0 < count < len(quick):
        raise ValueError(f"count = {count}; expected 1 to {len(quick) - 1}: both kinds are there")
    return quick[:count] + [_slow(value) for value in quick[count:]]


def slow_if(names: Iterable[str], values: Iterable[Any]) -> list[Any]:
    """Return values for ``parametrize``; those whose text is among ``names`` are slow."""
    marked, found = [], set()
    for value in values:
        name = getattr(value, "stem", str(value))
        found.add(name)
        marked.append(_slow(value) if name in set(names) else value)
    if missing := set(names) - found:
        raise ValueError(f"no such parameters: {sorted(missing)}")
    return marked


def _slow(value: Any) -> Any:
    parts = value if isinstance(value, tuple) else (value,)
    return pytest.param(*parts, marks=pytest.mark.slow)
