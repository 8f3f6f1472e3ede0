"""QKD systems that links of an imported network name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qkdopt.instance import Instance, QkdSystem
from qkdopt.instance.faults import fault_texts
from qkdopt.io.importers.content import content_of, read_bytes
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.values import Reading, counted, shown


def with_own_systems(draft: Draft, path: str | Path, encoding: str | None) -> Draft:
    """Return a draft with the QKD systems of a JSON file: a list, or an instance's ``qkd_systems``.

    Parameters
    ----------
    draft
        Network so far; it does not change.
    path
        File of the systems.
    encoding
        Of the file; None for UTF-8.

    Raises
    ------
    InstanceError
        With every fault of the file.
    """
    where = str(path)
    content = content_of(read_bytes(path), where, encoding)
    reading = Reading(where)
    reading.faults += content.faults
    rows: Any = content.tree if content.kind == "json" else None
    if isinstance(rows, dict):
        rows = rows.get("qkd_systems")
    if not isinstance(rows, list):
        reading.fault(
            "holds no QKD systems; expected a list of them (JSON), or an instance with "
            "`qkd_systems`"
        )
        rows = []
    systems = [one for k, row in enumerate(rows) for one in _system(row, k, reading)]
    reading.stop()
    return draft.model_copy(update={"qkd_systems": tuple(systems)})


def _system(row: Any, number: int, reading: Reading) -> Iterator[QkdSystem]:
    where = f"qkd_systems[{number}]"
    if not isinstance(row, Mapping):
        reading.fault(f"{where} = {shown(row)}; expected an object with id")
        return
    try:
        yield QkdSystem.model_validate(row, strict=False)
    except ValidationError as error:
        for fault in fault_texts(error, dict(row), QkdSystem):
            reading.fault(f"{where}: {fault}")


def system_phrases(instance: Instance) -> tuple[str, ...]:
    """Return how many links name which system; nothing where none names one."""
    links = instance.network.links
    counts = Counter(link.qkd_system for link in links if link.qkd_system is not None)
    phrases = [f"{counted(times, 'link')} of {name}" for name, times in sorted(counts.items())]
    return (f"QKD systems: {', '.join(phrases)}",) if counts else ()
