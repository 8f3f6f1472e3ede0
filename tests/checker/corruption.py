"""Walks over the JSON of a record, and corrupts one field after the other."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from qkdopt.result import BlockedBy, Objective, Status, StoppedBy

Step = str | int
FieldPath = tuple[Step, ...]

NUDGE = 1e-3
# What a field of these names can be, beside what it is elsewhere in the record.
OPTIONS: Mapping[str, tuple[Any, ...]] = {
    "objective": get_args(Objective),
    "status": get_args(Status),
    "stopped_by": get_args(StoppedBy),
    "blocked_by": get_args(BlockedBy),
    "routes": ("all",),
}
# Lists whose order says nothing.
UNORDERED = frozenset(
    {"lightpaths", "qkd", "demands", "channels", "moved", "freed", "notes", "faults"}
)
# Values of any type for a field without one: what the schema refuses is refused on reading.
FILLINGS = (1, 0.5, "x", True, [])


@dataclass(frozen=True)
class Corruption:
    """One field of a record that is not what it was.

    Parameters
    ----------
    path
        Where, from the root.
    kind
        What was done, such as ``nudged``.
    data
        The whole record with it.
    """

    path: FieldPath
    kind: str
    data: Any

    @property
    def field(self) -> str:
        """Return the path with every position in a list as ``[]``, such as ``qkd[].qber``."""
        return field_of(self.path)

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))} {self.kind}: {value_at(self)!r:.60}"


def value_at(corruption: Corruption) -> Any:
    """Return what a field was made to be."""
    value: Any = corruption.data
    for step in corruption.path:
        value = value[step]
    return value


def field_of(path: FieldPath) -> str:
    """Return a path with every position in a list as ``[]``."""
    text = "".join("[]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def fields(data: Any) -> set[str]:
    """Return every field of a record, those that hold others too."""
    return {field_of(path) for path, _ in _nodes(data, ())}


def corruptions(data: Any) -> Iterator[Corruption]:
    """Yield every corruption of a record, one field at a time."""
    values = _values_by_field(data)
    for path, value in _nodes(data, ()):
        for kind, changed in _changed(path, value, values[field_of(path)]):
            yield Corruption(path, kind, _with(data, path, changed))


def _nodes(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _nodes(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _nodes(part, (*path, number))


def _values_by_field(data: Any) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for path, value in _nodes(data, ()):
        if not isinstance(value, (dict, list)):
            found[field_of(path)].append(value)
    return found


def _changed(path: FieldPath, value: Any, others: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the kinds of corruption of one value, each with what it becomes."""
    if value is not None:
        yield "null", None
    if isinstance(value, bool):
        yield "flipped", not value
    elif isinstance(value, float):
        yield from _of_number(value)
    elif isinstance(value, int):
        yield from (("raised", value + 1), ("lowered", value - 1), ("negated", -value - 1))
    elif isinstance(value, list):
        yield from _of_list(path, value)
    elif isinstance(value, str):
        yield "edited", value + "x"
    if not isinstance(value, (bool, float, dict, list)):
        yield from _swaps(path, value, others)


def _of_number(value: float) -> Iterator[tuple[str, Any]]:
    yield "nudged", value * (1.0 + NUDGE) if value else NUDGE
    yield "nudged down", value * (1.0 - NUDGE) if value else -NUDGE
    yield "negated", -value if value else -1.0
    yield "text", str(value)


def _of_list(path: FieldPath, value: list[Any]) -> Iterator[tuple[str, Any]]:
    for number in range(len(value)):
        yield "item removed", value[:number] + value[number + 1 :]
        yield "item repeated", [*value[: number + 1], *value[number:]]
    if path[-1] not in UNORDERED and value != value[::-1]:
        yield "reversed", value[::-1]


def _swaps(path: FieldPath, value: Any, others: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield other values that the field has in this record, or may have at all."""
    known = [*others, *OPTIONS.get(str(path[-1]), ())]
    distinct = [one for n, one in enumerate(known) if one not in (None, value, *known[:n])]
    for one in distinct:
        yield "swapped" if value is not None else "filled", one
    if value is None and not distinct:
        yield from (("filled", one) for one in FILLINGS)


def _with(data: Any, path: FieldPath, value: Any) -> Any:
    """Return a copy of a record with another value at a path."""
    first, *rest = path
    part = copy.copy(data)
    part[first] = _with(data[first], tuple(rest), value) if rest else copy.deepcopy(value)
    return part
