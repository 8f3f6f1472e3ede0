"""Differences between two outputs, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# About time and machine, or where a file lies: they differ between repetitions.
CIRCUMSTANCES = frozenset({
    "seconds", "requests_per_second", "environment", "provenance", "history", "versions", "cpu",
    "platform", "written_at", "folder", "trace_seconds",
})  # fmt: skip
# Relative difference that the last digits of another processor or library may make.
ROUNDING = 1e-9
MOST_SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """A place where two outputs differ.

    Parameters
    ----------
    where
        Path of names and numbers, such as ``qkd[3].skr_bps``.
    earlier, now
        What stands there.
    """

    where: str
    earlier: Any
    now: Any

    @property
    def relative(self) -> float | None:
        """Relative difference of two numbers; None of counts and names, and of a first 0."""
        pair = (self.earlier, self.now)
        # Of channels and other whole numbers it would say nothing.
        if not any(isinstance(x, float) for x in pair):
            return None
        if any(isinstance(x, bool) or not isinstance(x, int | float) for x in pair):
            return None
        return (self.now - self.earlier) / abs(self.earlier) if self.earlier else None

    @property
    def rounding(self) -> bool:
        """Whether it is no more than the last digits."""
        relative = self.relative
        return relative is not None and abs(relative) <= ROUNDING

    def __str__(self) -> str:
        relative = self.relative
        by = "" if relative is None else f" ({100.0 * relative:+.3g} %)"
        return f"{self.where}: {_short(self.earlier)} -> {_short(self.now)}{by}"

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "where": self.where, "earlier": self.earlier, "now": self.now,
            "relative": self.relative,
        }  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A part of an output, such as the plan, and where it differs.

    Parameters
    ----------
    name
        Of the part.
    compared
        How many values were compared.
    differences
        None where the part is equal bit for bit.
    """

    name: str
    compared: int
    differences: tuple[Difference, ...]

    @property
    def identical(self) -> bool:
        """Whether it is equal bit for bit."""
        return not self.differences

    @property
    def rounded(self) -> bool:
        """Whether it is equal but for the last digits."""
        return all(difference.rounding for difference in self.differences)

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name, "identical": self.identical, "compared": self.compared,
            "differences": [difference.to_json_dict() for difference in self.differences],
        }  # fmt: skip


def part(name: str, earlier: Any, now: Any) -> Part:
    """Compare plain data; what is about time and machine is left out.

    Parameters
    ----------
    name
        Of the part.
    earlier, now
        Plain data, as JSON holds it.
    """
    places = list(_places("", earlier, now))
    return Part(
        name,
        len(places),
        tuple(Difference(*place) for place in places if not _equal(*place[1:])),
    )


def _places(where: str, earlier: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every place of two trees with what stands there."""
    if isinstance(earlier, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys((*earlier, *now)):
            if name not in CIRCUMSTANCES:
                inner = f"{where}.{name}" if where else name
                yield from _places(inner, earlier.get(name), now.get(name))
    elif isinstance(earlier, list | tuple) and isinstance(now, list | tuple):
        if len(earlier) != len(now):
            yield f"number of {where or 'rows'}", len(earlier), len(now)
            return
        for number, (one, other) in enumerate(zip(earlier, now, strict=True)):
            yield from _places(f"{where}[{number}]", one, other)
    else:
        yield where, earlier, now


def _equal(earlier: Any, now: Any) -> bool:
    if isinstance(earlier, float) and isinstance(now, float) and math.isnan(earlier):
        return math.isnan(now)
    return bool(earlier == now)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
