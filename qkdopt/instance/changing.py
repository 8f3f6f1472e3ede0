"""Data of a part of an instance with some of them changed, as :meth:`Instance.replace` does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qkdopt.instance.base import Part


def merged(where: str, present: object, change: object, faults: list[str]) -> object:
    """Return what takes the place of a value: a mapping keeps whatever it does not name.

    Parameters
    ----------
    where
        Path of the value in the instance, for a fault.
    present
        The value as it stands.
    change
        For a part a mapping of some of its fields, for rows with an id a mapping of changed rows
        by id, where None takes a row away; anything else takes the place of the value.
    faults
        Gets one text for each id that no row has.
    """
    if isinstance(change, Mapping):
        if isinstance(present, Part):
            return _fields_of(present) | {
                name: merged(f"{where}.{name}", getattr(present, name, None), value, faults)
                for name, value in change.items()
            }
        if isinstance(present, tuple) and all(hasattr(row, "id") for row in present):
            return _merged_rows(where, present, change, faults)
        return dict(change)
    if isinstance(change, Iterable) and not isinstance(change, str | Part):
        return list(change)  # of what is iterated over once, so that an error can show it
    return change


def _fields_of(part: Part) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.model_fields_set}


def _merged_rows(
    where: str, rows: tuple[Any, ...], changes: Mapping[Any, object], faults: list[str]
) -> list[object]:
    """Return rows, in their order, with those changed or left out that the changes name."""
    known = {row.id for row in rows}
    faults += [
        f"{where}: no id {key!r}; expected one that is there" for key in changes if key not in known
    ]
    return [
        merged(f"{where}.{row.id}", row, changes[row.id], faults) if row.id in changes else row
        for row in rows
        if changes.get(row.id, row) is not None
    ]
