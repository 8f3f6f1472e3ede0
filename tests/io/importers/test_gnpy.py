"""Lines of GNPy: fibres, amplifiers, splices and services."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

import qkdopt
from tests.io.importers.faults import faults_of

# -- GNPy -------------------------------------------------------------------------------------


def line(*elements):
    """Return a topology of ROADMs a and z, with elements between them in each direction."""
    rows = [{"uid": "roadm a", "type": "Roadm"}, {"uid": "roadm z", "type": "Roadm"}]
    connections = []
    for way, (first, last) in (("east", ("roadm a", "roadm z")), ("west", ("roadm z", "roadm a"))):
        names = [f"{way} {k}" for k in range(len(elements))]
        rows += [{"uid": name, **row} for name, row in zip(names, elements, strict=True)]
        path = [first, *names, last]
        connections += list(pairwise(path))
    return {
        "elements": rows,
        "connections": [{"from_node": a, "to_node": b} for a, b in connections],
    }


def fibre(length, **params):
    return {"type": "Fiber", "params": {"length": length, "length_units": "km", **params}}


def imported(data, tmp_path, **options):
    path = tmp_path / "gnpy.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return qkdopt.import_network(path, **options)


@pytest.mark.parametrize(
    ("elements", "length", "loss"),
    [
        ([fibre(10)], 10, None),
        ([fibre(10, loss_coef=0.2)], 10, 2.0),
        ([fibre(10, loss_coef=0.2, con_in=0.5, con_out=None, att_in=1)], 10, 3.5),
        ([fibre(10, loss_coef=0.2), fibre(5)], 15, None),
        ([fibre(10, loss_coef=0.2, lumped_losses=[{"position": 1, "loss": 1.5}])], 10, 3.5),
        (
            [fibre(10, loss_coef={"value": [0.3, 0.2], "frequency": [185e12, 193e12]})],
            10,
            2.0,
        ),
        ([{"type": "Fused", "params": {"loss": 1}}, fibre(10, loss_coef=0.2)], 10, 3.0),
        ([fibre(10, loss_coef=0.2), {"type": "Fused"}, fibre(5, loss_coef=0.2)], 15, 3.0),
        ([{"type": "Edfa"}, fibre(10, loss_coef=0.2), {"type": "Edfa"}], 10, 2.0),
    ],
)
def test_elements_of_a_line_add_up(elements, length, loss, tmp_path):
    instance, report = imported(line(*elements), tmp_path)
    (link,) = instance.network.links
    assert {link.a, link.b} == {"a", "z"}
    assert link.length_km == pytest.approx(length)
    assert link.loss_db == (None if loss is None else pytest.approx(loss))
    assert not any("amplifiers" in phrase for phrase in report.assumed)


def test_a_splice_of_both_directions_leads_on_and_not_back(tmp_path):
    data = {
        "elements": [
            {"uid": "a", "type": "Transceiver"},
            {"uid": "z", "type": "Transceiver"},
            {"uid": "splice", "type": "Fused", "params": {"loss": 0}},
            *({"uid": uid, **fibre(5, loss_coef=0.2)} for uid in ("a1", "z1", "z2", "a2")),
        ],
        "connections": [
            {"from_node": first, "to_node": second}
            for first, second in (
                ("a", "a1"), ("a1", "splice"), ("splice", "z1"), ("z1", "z"),
                ("z", "z2"), ("z2", "splice"), ("splice", "a2"), ("a2", "a"),
            )
        ],
    }  # fmt: skip
    instance, _ = imported(data, tmp_path)
    assert [(link.a, link.b, link.length_km) for link in instance.network.links] == [
        ("a", "z", 10.0)
    ]


def test_sites_without_fibre_between_them_are_0_km_apart(tmp_path):
    data = line()
    (fault,) = faults_of(imported, data, tmp_path)
    assert "have a length of 0 km" in fault


def test_services_lead_to_the_sites_of_their_transceivers(tmp_path):
    data = line(fibre(10))
    data["elements"].append({"uid": "trx 7", "type": "Transceiver"})
    data["connections"] += [
        {"from_node": "trx 7", "to_node": "roadm a"},
        {"from_node": "roadm a", "to_node": "trx 7"},
    ]
    request = {
        "request-id": "r",
        "source": "trx 7",
        "destination": "roadm z",
        "bidirectional": True,
        "path-constraints": {"te-bandwidth": {"path_bandwidth": 250e9}},
    }
    services = tmp_path / "services.json"
    services.write_text(json.dumps({"path-request": [request]}))
    instance, _ = imported(data, tmp_path, demands_file=services, per_lightpath=100.0)
    assert [(d.id, d.source, d.target, d.channels) for d in instance.demands] == [
        ("r", "a", "z", 3), ("r back", "z", "a", 3),
    ]  # fmt: skip


def test_a_line_with_more_loss_than_a_link_may_have_names_the_scale(tmp_path):
    spans = [fibre(400.0, loss_coef=0.2), {"type": "Edfa"}, fibre(400.0, loss_coef=0.2)]
    faults = faults_of(imported, line(*spans), tmp_path)
    assert faults[0].startswith("line from east 2 to roadm z: 160 dB over 800 km; expected at most")
    assert "--length-scale 0.01" in faults[0]
    instance, _ = imported(line(*spans), tmp_path, length_scale=0.01)
    assert [link.loss_db for link in instance.network.links] == [1.6]


@pytest.mark.parametrize("unit", [["km"], {"km": 1}, "miles", 3])
def test_a_unit_that_is_none_is_one_fault(unit, tmp_path):
    with pytest.raises(qkdopt.InstanceError) as caught:
        imported(line(fibre(10, length_units=unit)), tmp_path)
    assert all("length_units = " in fault for fault in caught.value.faults)
    assert all("expected km or m" in fault for fault in caught.value.faults)
