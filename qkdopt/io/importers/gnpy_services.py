"""Services of GNPy: requests for paths between transceivers, with their bandwidth."""

from __future__ import annotations

from typing import Any

from qkdopt.io.importers.draft import DraftDemand
from qkdopt.io.importers.values import Reading, label_of, shown

SERVICES = "path-request"
YANG = "gnpy-path-computation:services"
BIT_PER_GBIT = 1e9


def services_of(data: Any, reading: Reading) -> tuple[DraftDemand, ...]:
    """Return the demands of a file of services, their traffic in Gbit/s.

    Parameters
    ----------
    data
        The JSON of the file.
    reading
        Gets faults, and what is left out: fixed routes, disjointness, transponder modes.
    """
    inner = data.get(YANG, data) if isinstance(data, dict) else data
    rows = inner.get(SERVICES) if isinstance(inner, dict) else None
    if not isinstance(rows, list):
        reading.fault(f"no list {SERVICES!r}; expected services of GNPy")
        return ()
    demands = []
    for k, row in enumerate(rows):
        where = f"{SERVICES}[{k}]"
        if not isinstance(row, dict):
            reading.fault(f"{where} = {shown(row)}; expected an object")
            continue
        demands += _demand(row, where, reading)
    if inner.get("synchronization"):
        reading.leave_out("disjointness of services")
    return tuple(demands)


def _demand(row: dict[str, Any], where: str, reading: Reading) -> list[DraftDemand]:
    limits = row.get("path-constraints")
    bandwidth = limits.get("te-bandwidth") if isinstance(limits, dict) else None
    bit_rate = bandwidth.get("path_bandwidth") if isinstance(bandwidth, dict) else None
    bit_per_s = reading.number(bit_rate, f"{where}: path_bandwidth", low=0.0)
    source = reading.name(row.get("source"), f"{where}: source")
    target = reading.name(row.get("destination"), f"{where}: destination")
    if row.get("explicit-route-objects"):
        reading.leave_out("nodes that a service must pass")
    name = label_of(row.get("request-id")) or None
    first = DraftDemand(
        where=where,
        source=source,
        target=target,
        id=name,
        traffic=bit_per_s / BIT_PER_GBIT if bit_per_s else None,
    )
    if row.get("bidirectional") is not True:
        return [first]
    back = {"source": target, "target": source, "id": name and f"{name} back"}
    return [first, first.model_copy(update=back)]
