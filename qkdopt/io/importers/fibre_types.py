"""Fibre types of links: the names that a file gives, and types of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qkdopt.errors import InstanceError
from qkdopt.instance import SHIPPED_FIBRES, FibreType, Link, fibre_named, folded_fibre
from qkdopt.instance.faults import fault_texts
from qkdopt.io.importers.columns import FIBRE_COLUMNS, FIBRE_NUMBERS, Table, records
from qkdopt.io.importers.content import content_of, read_bytes
from qkdopt.io.importers.csv_files import csv_table
from qkdopt.io.importers.draft import Draft, DraftLink
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, counted, shown, suggestion

OWN = "own types: --fibres FILE"


def with_types(links: Sequence[DraftLink], draft: Draft, reading: Reading) -> list[DraftLink]:
    """Return links that name their types by id; a fault for each name of no type.

    Parameters
    ----------
    links
        Links with the names that the file gives.
    draft
        Says which types are the file's own, and whether its names may mean something else.
    reading
        Gets faults and notes.
    """
    names = {link.fibre for link in links if link.fibre is not None}
    ids = {name: fibre.id for name in names if (fibre := fibre_named(name, draft.fibres))}
    unknown = sorted(names - set(ids))
    if unknown and draft.fibre_from == "type":
        # A column of this name holds types of anything: taken where all are types of fibre.
        reading.leave_out(f"'type' of links: {shown(unknown[0])} is no fibre type")
        ids = {}
    elif unknown and draft.fibre_from == "type_variety":
        for name in unknown:
            times = sum(link.fibre == name for link in links)
            reading.leave_out(
                f"fibre type {name!r} of {counted(times, 'direction')}, none of "
                f"{_known(draft.fibres)} ({OWN})"
            )
    else:
        for name in unknown:
            where = [link.where for link in links if link.fibre == name]
            reading.fault(_unknown(f"fibre = {name!r} ({some(where)})", name, draft.fibres))
    for name, fibre_id in sorted(ids.items()):
        if folded_fibre(name) != folded_fibre(fibre_id):
            reading.assumed.append(f"fibre type {name!r} is {fibre_id}")
    return [link.model_copy(update={"fibre": ids.get(link.fibre or "")}) for link in links]


def default_type(chosen: str | None, draft: Draft, reading: Reading) -> FibreType | None:
    """Return the type of links that name none; None for the network's own fibre."""
    if chosen is None:
        return None
    fibre = fibre_named(chosen, draft.fibres)
    if fibre is None:
        reading.fault(_unknown(f"fibre_type = {chosen!r}", chosen, draft.fibres))
    return fibre


def with_default(
    links: Sequence[DraftLink], default: FibreType | None, reading: Reading
) -> list[DraftLink]:
    """Return links of which those without a type have the default one, and note how many."""
    alone = sum(link.fibre is None for link in links)
    if default is None or not alone:
        return [*links]
    reading.assumed.append(f"fibre type of {counted(alone, 'link')}: {default.id}, by --fibre-type")
    return [link.model_copy(update={"fibre": link.fibre or default.id}) for link in links]


def type_phrases(links: Sequence[DraftLink]) -> tuple[str, ...]:
    """Return how many links name which type; nothing where none names one."""
    counts = type_counts(links)
    alone = len(links) - sum(counts.values())
    phrases = [f"{counted(times, 'link')} of {name}" for name, times in counts.items()]
    phrases += [f"{counted(alone, 'link')} that name{'s' * (alone == 1)} none"] if alone else []
    return (f"fibre types: {', '.join(phrases)}",) if counts else ()


def _known(own: Iterable[FibreType]) -> str:
    return ", ".join(dict.fromkeys(fibre.id for fibre in (*own, *SHIPPED_FIBRES)))


def _unknown(read: str, name: str, own: Sequence[FibreType]) -> str:
    ids = [fibre.id for fibre in (*own, *SHIPPED_FIBRES)]
    return f"{read}; expected one of {_known(own)} ({OWN}){suggestion(name, ids)}"


def types_by_id(own: Iterable[FibreType]) -> dict[str, FibreType]:
    """Return shipped types and one's own, which take their place, by id."""
    return {fibre.id: fibre for fibre in (*SHIPPED_FIBRES, *own)}


def type_counts(links: Iterable[DraftLink | Link]) -> dict[str, int]:
    """Return how many links have which type of fibre."""
    return dict(sorted(Counter(link.fibre for link in links if link.fibre is not None).items()))


def with_own_types(draft: Draft, path: str | Path, encoding: str | None) -> Draft:
    """Return a draft with the fibre types of a file, which take the place of its own.

    Raises
    ------
    InstanceError
        With every fault of the file.
    """
    where = str(path)
    content = content_of(read_bytes(path), where, encoding)
    reading = Reading(where)
    reading.faults += content.faults
    if content.kind == "json":
        fibres = _of_json(content.tree, reading)
    elif content.kind == "text":
        fibres = types_of_table(reading, csv_table(content.text, where, Path(path).name))
    else:
        expected = "expected fibre types as CSV, as JSON, or GNPy's equipment (JSON)"
        raise InstanceError(where, [f"holds {content.kind}; {expected}"])
    reading.stop()
    left_out = (*draft.left_out, *reading.left_out)
    return draft.model_copy(update={"fibres": fibres, "left_out": left_out})


def types_of_table(reading: Reading, table: Table) -> tuple[FibreType, ...]:
    """Return the fibre types of a table."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for where, row in records(reading, table, FIBRE_COLUMNS, {"id"}):
        values: dict[str, Any] = {"id": reading.name(row.get("id"), f"{where}: id")}
        for column in FIBRE_NUMBERS:
            values[column] = reading.number(
                row.get(column), f"{where}: {column}", comma=table.comma
            )
        rows.append((where, values))
    return _validated(rows, reading)


def _of_json(tree: Any, reading: Reading) -> tuple[FibreType, ...]:
    """Return the types of a list, of an instance, or of the equipment of GNPy."""
    if isinstance(tree, dict) and "Fiber" in tree:
        return _validated(list(_of_equipment(tree["Fiber"])), reading)
    rows = tree.get("fibres") if isinstance(tree, dict) else tree
    if not isinstance(rows, list):
        reading.fault(
            "holds no fibre types; expected a list of them, an instance with `fibres`, or the "
            "equipment of GNPy with `Fiber`"
        )
        return ()
    return _validated([(f"fibres[{k}]", row) for k, row in enumerate(rows)], reading)


def _of_equipment(rows: Any) -> Iterable[tuple[str, Any]]:
    """Yield the rows of GNPy's equipment: areas in m2; losses stand with each fibre's length."""
    for k, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, dict):
            yield f"Fiber[{k}]", row
            continue
        area = row.get("effective_area")
        area = round(area * 1e12, 6) if isinstance(area, int | float) else area
        yield f"Fiber[{k}]", {"id": row.get("type_variety"), "effective_area_um2": area}


def _validated(rows: Sequence[tuple[str, Any]], reading: Reading) -> tuple[FibreType, ...]:
    fibres: dict[str, FibreType] = {}
    for where, row in rows:
        if not isinstance(row, Mapping):
            reading.fault(f"{where} = {shown(row)}; expected an object with id")
            continue
        given = {name: value for name, value in row.items() if value is not None}
        try:
            fibre = FibreType.model_validate(given, strict=False)
        except ValidationError as error:
            for fault in fault_texts(error, given, FibreType):
                reading.fault(f"{where}: {fault}")
            continue
        if fibre.id in fibres:
            reading.fault(f"{where}: id {fibre.id!r} is given twice; expected once")
        fibres[fibre.id] = fibre
    return tuple(fibres.values())
