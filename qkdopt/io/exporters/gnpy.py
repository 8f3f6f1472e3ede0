"""The lightpaths of a plan as a service list that GNPy reads.

One request a lightpath: fixed slot, fixed route, launch power. Elements are named as GNPy names
those it makes of a spreadsheet: ``trx CITY`` and ``roadm CITY``, here with the id of the node.

References
----------
.. [1] GNPy, documentation of service files, and ``meshTopologyExampleV2_services.json``.
.. [2] ITU-T G.694.1 (10/2020): slots of centre 193.1 THz + N x 6.25 GHz and width M x 12.5 GHz.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from qkdopt.errors import UnsupportedError
from qkdopt.instance import NodeId
from qkdopt.io.exporters.plan import ExportedPlan
from qkdopt.result import Lightpath

ANCHOR_THZ = 193.1
STEP_GHZ = 6.25
SLOT_GHZ = 12.5
# Of GNPy's own library of equipment; both are changed in the file where another is used.
TRANSCEIVER = "Voyager"
MODE = "mode 1"
MODE_BITS_PER_S = 100e9


def gnpy_file(plan: ExportedPlan) -> bytes:
    """Return the JSON text of the service list.

    Raises
    ------
    UnsupportedError
        A channel lies on no flexible-grid slot.
    """
    slots = {
        channel: _slot(plan, channel) for path in plan.plan.lightpaths for channel in path.channels
    }
    power_w = _power_w(plan)
    requests = [
        _request(plan, path, channel, slots[channel], power_w)
        for path in plan.plan.lightpaths
        for channel in path.channels
    ]
    data = {"path-request": requests}
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _slot(plan: ExportedPlan, channel: int) -> dict[str, int]:
    spacing_ghz = plan.instance.grid.spacing_ghz
    steps = 1e3 * (plan.frequency_thz(channel) - ANCHOR_THZ) / STEP_GHZ
    widths = spacing_ghz / SLOT_GHZ
    if abs(steps - round(steps)) > 1e-4 or abs(widths - round(widths)) > 1e-6:
        raise UnsupportedError(
            f"gnpy: channel {channel} at {plan.frequency_thz(channel):g} THz with {spacing_ghz:g} "
            "GHz of spacing is no slot of ITU-T G.694.1; expected 193.1 THz plus multiples of "
            "6.25 GHz and a spacing in multiples of 12.5 GHz (csv has any grid)"
        )
    return {"N": round(steps), "M": round(widths)}


def _power_w(plan: ExportedPlan) -> float | None:
    """Return the launch power of every channel [W]; None where it differs by link."""
    classical, links = plan.instance.classical, plan.instance.network.links
    if classical.launch_dbm is None or any(link.launch_dbm is not None for link in links):
        return None
    return float(10.0 ** (classical.launch_dbm / 10.0) * 1e-3)


def _request(
    plan: ExportedPlan, path: Lightpath, channel: int, slot: dict[str, int], power_w: float | None
) -> dict[str, Any]:
    source, target = f"trx {path.route[0]}", f"trx {path.route[-1]}"
    return {
        "request-id": f"{path.demand} channel {channel}",
        "source": source,
        "destination": target,
        "src-tp-id": source,
        "dst-tp-id": target,
        "bidirectional": False,
        "path-constraints": {
            "te-bandwidth": {
                "technology": "flexi-grid",
                "trx_type": TRANSCEIVER,
                "trx_mode": MODE,
                "effective-freq-slot": [slot],
                "spacing": plan.instance.grid.spacing_ghz * 1e9,
                "max-nb-of-channel": None,
                "output-power": power_w,
                "path_bandwidth": MODE_BITS_PER_S,
            }
        },
        "explicit-route-objects": {
            "route-object-include-exclude": list(_hops(path.route)),
        },
    }


def _hops(route: Sequence[NodeId]) -> Iterator[dict[str, Any]]:
    for index, node in enumerate(route):
        yield {
            "index": index,
            "explicit-route-usage": "route-include-ero",
            "num-unnum-hop": {
                "node-id": f"roadm {node}",
                "link-tp-id": "link-tp-id is not used",
                "hop-type": "STRICT",
            },
        }
