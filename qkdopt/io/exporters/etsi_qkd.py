"""A plan in the terms of ETSI GS QKD 015, as YANG-JSON (RFC 7951).

The specification describes one node to its controller. A plan is a list of such nodes:
``qkdopt/data/yang/qkdopt-qkd-plan.yang`` says which of its terms are used, and how. Identifiers are
UUIDs made of the instance's hash and the name: the same plan has the same ones.

References
----------
.. [1] ETSI GS QKD 015 V2.1.1 (2022-04), Control Interface for Software Defined Networks.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from qkdopt.instance import Link, NodeId
from qkdopt.io.exporters.plan import ExportedPlan
from qkdopt.result import Lightpath
from qkdopt.units import thz_to_nm

MODULE = "qkdopt-qkd-plan"
TRANSMITTER, RECEIVER = "TRANSMITTER", "RECEIVER"


def etsi_qkd_file(plan: ExportedPlan) -> bytes:
    """Return the JSON text of the plan: nodes with interfaces, quantum links and applications.

    A link with QKD is in both its nodes, a served demand with key is an application in its first
    and its last node. With ``qkd.relay`` ``widest`` an application names no links: which ones its
    key takes is decided by their rates.
    """
    nodes = [_node(plan, node.id, node.label) for node in plan.instance.network.nodes]
    content = {
        "instance": plan.instance.name,
        "instance_sha256": plan.instance.sha256(),
        "qkd_node": nodes,
    }
    data = {f"{MODULE}:plan": content}
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _id(plan: ExportedPlan, kind: str, name: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{plan.instance.sha256()}/{kind}/{name}"))


def _node(plan: ExportedPlan, node: NodeId, label: str) -> dict[str, Any]:
    links = [link for link in plan.instance.network.links if node in (link.a, link.b) and link.qkd]
    return {
        "qkdn_id": _id(plan, "node", node),
        "qkdn_location_id": label or str(node),
        "qkdn_capabilities": {"key_relay_mode_enable": True},
        "qkd_applications": {"qkd_app": list(_applications(plan, node))},
        "qkd_interfaces": {"qkd_interface": [_interface(plan, node, link) for link in links]},
        "qkd_links": {"qkd_link": [_link(plan, node, link) for link in links]},
    }


def _role(node: NodeId, link: Link) -> str:
    first = link.a if link.qkd_direction == "a->b" else link.b
    return TRANSMITTER if node == first else RECEIVER


def _interface(plan: ExportedPlan, node: NodeId, link: Link) -> dict[str, Any]:
    return {
        "qkdi_id": _id(plan, "interface", f"{node}/{link.id}"),
        "qkdi_att_point": {"device": str(node), "port": link.id},
        "qkdi_capabilities": {"role_support": _role(node, link)},
    }


def _end(plan: ExportedPlan, node: NodeId, link: Link) -> dict[str, str]:
    return {
        "qkdn_id": _id(plan, "node", node),
        "qkdi_id": _id(plan, "interface", f"{node}/{link.id}"),
    }


def _link(plan: ExportedPlan, node: NodeId, link: Link) -> dict[str, Any]:
    other = link.b if node == link.a else link.a
    working, numbers = plan.working(link), plan.links[link.id]
    assert working is not None  # checked: every link with QKD works on one of its candidates
    loss_db = plan.instance.candidate_loss_db(link, working)
    wavelength_nm = float(thz_to_nm(plan.instance.candidate_thz(working)))
    return {
        "qkdl_id": _id(plan, "link", link.id),
        "qkdl_enable": True,
        "qkdl_type": "PHYS",
        "qkdl_local": _end(plan, node, link),
        "qkdl_remote": _end(plan, other, link),
        # RFC 7951: a decimal64 is a string.
        "phys_channel_att": f"{loss_db:.3f}",
        "phys_wavelength": f"{wavelength_nm:.3f}",
        "phys_qkd_role": _role(node, link),
        "qkdl_performance": {"skr": int(numbers.skr_bps), "qber": f"{numbers.qber:.6f}"},
    }


def _applications(plan: ExportedPlan, node: NodeId) -> Iterator[dict[str, Any]]:
    for path in plan.plan.lightpaths:
        if node in (path.route[0], path.route[-1]) and plan.demand_skr_bps[path.demand] > 0.0:
            yield _application(plan, node, path)


def _application(plan: ExportedPlan, node: NodeId, path: Lightpath) -> dict[str, Any]:
    other = path.route[-1] if node == path.route[0] else path.route[0]
    demand = next(row for row in plan.instance.demands if row.id == path.demand)
    lightpath = plan.instance.qkd.relay == "lightpath"
    return {
        "app_id": _id(plan, "application", path.demand),
        "app_name": str(path.demand),
        "local_qkdn_id": _id(plan, "node", node),
        "remote_qkdn_id": _id(plan, "node", other),
        "app_qos": {
            "min_bandwidth": int(demand.min_skr_bps or 0.0),
            "max_bandwidth": int(plan.demand_skr_bps[path.demand]),
        },
        "backing_qkdl_id": [_id(plan, "link", name) for name in path.links] if lightpath else [],
    }
