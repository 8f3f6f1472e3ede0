"""What is exported is the plan: every format read back by a reader of its own."""

from __future__ import annotations

import csv
import json
from importlib.resources import files

import networkx as nx
import pandas as pd
import pytest
from yangson import DataModel
from yangson.enumerations import ContentType, ValidationScope

import qkdopt
from qkdopt.io.exporters import FORMATS
from tests.command import exit_status

RING = "instances/small/ring.json"
PLAN = "instances/best_known/small/ring.json"


def export(folder, name, *options, instance=RING, plan=PLAN):
    out = folder / name
    assert exit_status("export", instance, plan, "-o", out, *options) == 0
    return out


@pytest.fixture(scope="module")
def ring():
    instance = qkdopt.read_instance(RING)
    plan = qkdopt.read_plan(PLAN)
    return instance, plan, qkdopt.check(instance, plan)


def test_csv_holds_the_plan_and_the_checkers_numbers(ring, tmp_path):
    instance, plan, report = ring
    folder = export(tmp_path, "plan", "--format", "csv")
    tables = {
        path.stem: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in folder.iterdir()
    }
    assert set(tables) == {"demands", "lightpaths", "links"}
    assert [row["link"] for row in tables["links"]] == [k.id for k in instance.network.links]
    for row in tables["links"]:
        assert float(row["skr_bps"]) == pytest.approx(report.link_skr_bps[row["link"]])
    for row, path in zip(tables["lightpaths"], plan.lightpaths, strict=True):
        assert row["route"] == " ".join(map(str, path.route))
        assert row["channels"] == " ".join(map(str, path.channels))
        assert float(row["frequencies_thz"].split()[0]) == pytest.approx(
            192.1 + 0.1 * path.channels[0]
        )
    served = {row["demand"] for row in tables["demands"] if row["served"] == "True"}
    assert served == {str(path.demand) for path in plan.lightpaths}
    lit = sum(len(row["lit_a_to_b"].split() + row["lit_b_to_a"].split()) for row in tables["links"])
    assert lit == sum(len(path.links) * len(path.channels) for path in plan.lightpaths)


def test_parquet_keeps_lists(ring, tmp_path):
    _, plan, _ = ring
    folder = export(tmp_path, "plan", "--format", "parquet")
    frame = pd.read_parquet(folder / "lightpaths.parquet")
    assert [list(row) for row in frame["channels"]] == [list(p.channels) for p in plan.lightpaths]
    assert list(frame["demand"]) == [str(path.demand) for path in plan.lightpaths]


def test_graphml_is_the_network(ring, tmp_path):
    instance, _, report = ring
    graph = nx.read_graphml(export(tmp_path, "plan.graphml"))
    ends = [(values["end_a"], values["end_b"]) for _, _, values in graph.edges(data=True)]
    assert sorted(ends) == sorted((str(k.a), str(k.b)) for k in instance.network.links)
    for _, _, values in graph.edges(data=True):
        assert values["skr_bps"] == pytest.approx(report.link_skr_bps[values["link"]])


def test_parallel_links_stay_two_in_graphml(tmp_path):
    network = qkdopt.Network("two").add_node("A").add_node("B", lat=1.0, lon=2.0)
    network.add_link("A", "B", length_km=5.0).add_link("A", "B", length_km=6.0, qkd=False)
    instance = network.add_demand("A", "B").instance()
    qkdopt.write_instance(tmp_path / "i.json", instance)
    qkdopt.write_result(tmp_path / "r.json", qkdopt.solve(instance, strategy="ds-qkd"))
    own = {"instance": tmp_path / "i.json", "plan": tmp_path / "r.json"}
    graph = nx.read_graphml(export(tmp_path, "two.graphml", **own))
    assert graph.number_of_edges() == 2
    table = pd.read_csv(export(tmp_path, "plan", "--format", "csv", **own) / "links.csv")
    assert table["skr_bps"].isna().tolist() == [False, True]
    validate_etsi(export(tmp_path, "two.json", "--format", "etsi-qkd", **own))


def test_geojson_has_longitude_first_and_asks_for_places(tmp_path, capsys):
    network = (
        qkdopt.Network("two").add_node("A", lat=48.0, lon=11.0).add_node("B", lat=52.0, lon=9.0)
    )
    network.add_link("A", "B", length_km=5.0).add_demand("B", "A")
    instance = network.instance()
    qkdopt.write_instance(tmp_path / "i.json", instance)
    qkdopt.write_result(tmp_path / "r.json", qkdopt.solve(instance, strategy="ds-qkd"))
    out = export(tmp_path, "x.geojson", instance=tmp_path / "i.json", plan=tmp_path / "r.json")
    data = json.loads(out.read_text(encoding="utf-8"))
    assert data["type"] == "FeatureCollection"
    kinds = [feature["properties"]["kind"] for feature in data["features"]]
    assert kinds == ["node", "node", "link", "lightpath"]
    assert data["features"][0]["geometry"] == {"type": "Point", "coordinates": [11.0, 48.0]}
    assert data["features"][3]["geometry"]["coordinates"] == [[9.0, 52.0], [11.0, 48.0]]
    capsys.readouterr()
    assert exit_status("export", RING, PLAN, "-o", tmp_path / "ring.geojson") == 2
    assert "geojson: node 0 and 4 more have no place; expected lat" in capsys.readouterr().err
    assert not (tmp_path / "ring.geojson").exists()


def test_gnpy_gets_slots_routes_and_power(ring, tmp_path):
    instance, plan, _ = ring
    data = json.loads(export(tmp_path, "s.json", "--format", "gnpy").read_text(encoding="utf-8"))
    requests = data["path-request"]
    assert len(requests) == sum(len(path.channels) for path in plan.lightpaths)
    assert len({request["request-id"] for request in requests}) == len(requests)
    for path, request in zip(plan.lightpaths, requests, strict=True):
        band = request["path-constraints"]["te-bandwidth"]
        (slot,) = band["effective-freq-slot"]
        centre = 193.1 + slot["N"] * 6.25e-3
        assert centre == pytest.approx(instance.grid.frequency_thz(path.channels[0]))
        assert slot["M"] * 12.5e9 == band["spacing"] == 100e9
        assert band["output-power"] == pytest.approx(1e-3 * 10**-1.24)
        hops = request["explicit-route-objects"]["route-object-include-exclude"]
        assert [hop["num-unnum-hop"]["node-id"] for hop in hops] == [
            f"roadm {n}" for n in path.route
        ]
        assert (request["source"], request["destination"]) == (
            f"trx {path.route[0]}", f"trx {path.route[-1]}"
        )  # fmt: skip


def test_gnpy_refuses_a_grid_without_slots(tmp_path, capsys):
    instance = qkdopt.read_instance(RING).replace(grid={"first_thz": 192.1013})
    qkdopt.write_instance(tmp_path / "i.json", instance)
    qkdopt.write_result(tmp_path / "r.json", qkdopt.solve(instance, strategy="ds-qkd"))
    paths = (tmp_path / "i.json", tmp_path / "r.json")
    assert exit_status("export", *paths, "-o", tmp_path / "s.json", "--format", "gnpy") == 2
    assert "is no slot of ITU-T G.694.1" in capsys.readouterr().err


def yang_model():
    folder = files("qkdopt").joinpath("data", "yang")
    library = {
        "ietf-yang-library:modules-state": {
            "module-set-id": "1",
            "module": [
                {
                    "name": "qkdopt-qkd-plan",
                    "revision": "2026-11-27",
                    "namespace": "urn:qkdopt:yang:qkd-plan",
                    "conformance-type": "implement",
                }
            ],
        }
    }
    return DataModel(json.dumps(library), (str(folder),))


def validate_etsi(path, change=None):
    data = json.loads(path.read_text(encoding="utf-8"))
    if change is not None:
        change(data["qkdopt-qkd-plan:plan"])
    value = yang_model().from_raw(data)
    value.validate(ValidationScope.all, ContentType.all)
    return data["qkdopt-qkd-plan:plan"]


def test_etsi_terms_are_valid_and_those_of_the_plan(ring, tmp_path):
    instance, plan, report = ring
    content = validate_etsi(export(tmp_path, "q.json", "--format", "etsi-qkd"))
    nodes = content["qkd_node"]
    assert len(nodes) == len(instance.network.nodes)
    links = [link for node in nodes for link in node["qkd_links"]["qkd_link"]]
    assert len(links) == 2 * len(instance.network.links)
    assert len({link["qkdl_id"] for link in links}) == len(instance.network.links)
    roles = [link["phys_qkd_role"] for link in links]
    assert roles.count("TRANSMITTER") == roles.count("RECEIVER") == len(instance.network.links)
    rates = sorted(link["qkdl_performance"]["skr"] for link in links)
    assert rates == sorted(int(rate) for rate in report.link_skr_bps.values() for _ in range(2))
    wavelengths = {float(link["phys_wavelength"]) for link in links}
    assert all(1555.0 < nm < 1561.0 for nm in wavelengths)
    apps = [app for node in nodes for app in node["qkd_applications"]["qkd_app"]]
    assert len(apps) == 2 * sum(rate > 0.0 for rate in report.demand_skr_bps.values())
    assert {len(app["backing_qkdl_id"]) for app in apps} <= {len(p.links) for p in plan.lightpaths}


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan["qkd_node"][0].update(qkdn_id="1"),
        lambda plan: plan["qkd_node"][0]["qkd_links"]["qkd_link"][0].pop("phys_wavelength"),
        lambda plan: plan["qkd_node"][0]["qkd_links"]["qkd_link"][0]["qkdl_remote"].update(
            qkdn_id="00000000-0000-0000-0000-000000000000"
        ),
        lambda plan: plan.update(colour="blue"),
    ],
)
def test_the_module_refuses_what_is_no_plan(change, tmp_path):
    from yangson.exceptions import YangsonException

    out = export(tmp_path, "q.json", "--format", "etsi-qkd")
    with pytest.raises(YangsonException):
        validate_etsi(out, change)


@pytest.mark.parametrize("name", FORMATS)
def test_a_plan_that_breaks_a_rule_is_not_exported(name, ring, tmp_path, capsys):
    _, plan, _ = ring
    data = plan.to_json_dict()
    data["lightpaths"][0]["channels"] = [99]
    (tmp_path / "p.json").write_text(json.dumps(data), encoding="utf-8")
    out = tmp_path / "out"
    assert exit_status("export", RING, tmp_path / "p.json", "-o", out, "--format", name) == 1
    assert "not exported" in capsys.readouterr().err
    assert not out.exists()


def test_a_format_is_asked_for(tmp_path, capsys):
    assert exit_status("export", RING, PLAN, "-o", tmp_path / "plan.json") == 2
    assert "--format is missing; expected one of csv, parquet" in capsys.readouterr().err
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert exit_status("export", RING, PLAN, "-o", tmp_path / "file", "--format", "csv") == 2
    assert "expected a folder for the tables" in capsys.readouterr().err
