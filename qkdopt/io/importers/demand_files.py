"""Demands in a file of their own, for a network of any format: CSV, or services of GNPy."""

from __future__ import annotations

from pathlib import Path

from qkdopt.errors import InstanceError
from qkdopt.io.importers.content import content_of, read_bytes
from qkdopt.io.importers.csv_files import csv_table
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.gnpy_services import SERVICES, services_of
from qkdopt.io.importers.tables import demands_of_table
from qkdopt.io.importers.values import Reading


def is_services(path: str | Path) -> bool:
    """Whether a file begins as JSON does."""
    return read_bytes(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def with_demands(draft: Draft, path: str | Path, encoding: str | None) -> Draft:
    """Return a draft with the demands of a file in place of its own.

    Parameters
    ----------
    draft
        Network so far; it does not change.
    path
        File of the demands, CSV or services of GNPy.
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
    left_out = list(draft.left_out)
    if draft.demands:
        left_out.append(f"{len(draft.demands)} demands of the network's own file")
    if content.kind == "json":
        reading.faults += content.faults
        demands = services_of(content.tree, reading)
        traffic_gbps: float | None = 1.0
    elif content.kind == "text":
        demands, traffic_gbps = demands_of_table(
            reading, csv_table(content.text, where, Path(path).name)
        )
    else:
        raise InstanceError(
            where,
            [f"holds {content.kind}; expected demands as CSV, or services of GNPy ({SERVICES})"],
        )
    reading.stop()
    return draft.model_copy(
        update={
            "demands": demands,
            "traffic_gbps": traffic_gbps,
            "assumed": (*draft.assumed, *reading.assumed),
            "left_out": (*left_out, *reading.left_out),
        }
    )
