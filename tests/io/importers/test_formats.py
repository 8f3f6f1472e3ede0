"""The same five towns in every format that is read: the same network comes out."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

import qkdopt
from qkdopt.io.importers.lengths import great_circle_km

DATA = Path(__file__).parent / "data"
GML = DATA / "towns.gml"
LENGTHS = {
    frozenset({"Aach", "Brey"}): 20.0,
    frozenset({"Brey", "Cham"}): 30.5,
    frozenset({"Cham", "Dorf"}): 12.0,
    frozenset({"Dorf", "Egg"}): 25.0,
    frozenset({"Egg", "Aach"}): 18.0,
    frozenset({"Brey", "Egg"}): 22.0,
}
TRAFFIC = {("Aach", "Cham"): 2, ("Cham", "Aach"): 1, ("Brey", "Dorf"): 5}
FORMATS = {
    "towns": "CSV table",
    "towns_semicolon.csv": "CSV table",
    "towns.gml": "GML",
    "towns.graphml": "GraphML",
    "towns_node_link.json": "node-link JSON",
    "towns_by_direction.json": "node-link JSON",
    "towns_gnpy.json": "GNPy JSON",
    "towns.n2p": "Net2Plan",
}
WITHOUT_LENGTHS = {"towns_sndlib.txt": "SNDlib native", "towns_sndlib.xml": "SNDlib XML"}


def lengths(instance):
    return {frozenset({link.a, link.b}): link.length_km for link in instance.network.links}


@pytest.mark.parametrize(("name", "label"), FORMATS.items())
def test_a_format_gives_nodes_links_and_lengths(name, label):
    instance, report = qkdopt.import_network(DATA / name)
    assert lengths(instance) == LENGTHS
    assert [node.id for node in instance.network.nodes] == ["Aach", "Brey", "Cham", "Dorf", "Egg"]
    assert report.format == label
    assert instance.preset == "paper"
    assert "light, fibre and QKD of preset paper" in report.assumed


@pytest.mark.parametrize(("name", "label"), WITHOUT_LENGTHS.items())
def test_sndlib_has_no_lengths_until_they_are_asked_for(name, label):
    with pytest.raises(qkdopt.InstanceError, match="--lengths great-circle"):
        qkdopt.import_network(DATA / name)
    instance, report = qkdopt.import_network(DATA / name, lengths="great-circle")
    assert set(lengths(instance)) == set(LENGTHS)
    assert lengths(instance)[frozenset({"Aach", "Brey"})] == pytest.approx(
        great_circle_km((8.85, 47.84), (9.1, 47.9)), abs=1e-6
    )
    assert report.format == label
    assert any("great circle" in phrase for phrase in report.assumed)


@pytest.mark.parametrize(
    "name", ["towns", "towns_node_link.json", "towns.n2p", *WITHOUT_LENGTHS, "towns_gnpy.json"]
)
def test_traffic_becomes_lightpaths(name):
    own = {"demands_file": DATA / "towns_services.json"} if "gnpy" in name else {}
    instance, _ = qkdopt.import_network(
        DATA / name, per_lightpath=100.0, lengths="great-circle", **own
    )
    assert {(d.source, d.target): d.channels for d in instance.demands} == TRAFFIC
    shares = {(p.source, p.target): p.share for p in instance.traffic.matrix}
    assert shares == {("Aach", "Cham"): 150.0, ("Cham", "Aach"): 90.0, ("Brey", "Dorf"): 410.0}


def test_losses_of_gnpy_are_summed_over_fibres_connectors_and_splices():
    instance, report = qkdopt.import_network(DATA / "towns_gnpy.json")
    losses = {frozenset({link.a, link.b}): link.loss_db for link in instance.network.links}
    assert losses[frozenset({"Aach", "Brey"})] == pytest.approx(20 * 0.2 + 1.0)
    assert losses[frozenset({"Brey", "Cham"})] == pytest.approx(30.5 * 0.2 + 2.0)
    assert losses[frozenset({"Cham", "Dorf"})] == pytest.approx(12 * 0.2 + 0.25)
    assert losses[frozenset({"Dorf", "Egg"})] == pytest.approx(25 * 0.2 + 1.0)
    (phrase,) = [text for text in report.assumed if "amplifiers" in text]
    assert "Brey-Cham" in phrase
    assert "Aach" not in phrase


def test_columns_of_a_table_reach_the_links():
    instance, _ = qkdopt.import_network(DATA / "towns")
    link = {frozenset({row.a, row.b}): row for row in instance.network.links}
    assert link[frozenset({"Brey", "Cham"})].loss_db == 7.1
    assert link[frozenset({"Cham", "Dorf"})].launch_dbm == -10.0
    assert not link[frozenset({"Dorf", "Egg"})].qkd
    assert link[frozenset({"Brey", "Egg"})].qkd
    assert instance.network.nodes[0].label == "Old Aach"
    assert (instance.network.nodes[0].lat, instance.network.nodes[0].lon) == (47.84, 8.85)
    assert [demand.min_skr_bps for demand in instance.demands] == [None, 100.0, None]


def test_topohub_networks_by_name():
    pytest.importorskip("topohub")
    instance, report = qkdopt.import_network("sndlib/polska", length_scale=0.01)
    assert report.format == "TopoHub"
    assert len(instance.network.nodes) == 12
    assert len(instance.network.links) == 18
    assert len(instance.demands) == 66
    assert instance.network.nodes[0].id == "Gdansk"
    with pytest.raises(qkdopt.InstanceError, match="did you mean sndlib/polska"):
        qkdopt.import_network("sndlib/polsca")
    with pytest.raises(qkdopt.InstanceError, match="of the groups backbone, caida"):
        qkdopt.import_network("topohub:nowhere/../../x")


@pytest.mark.parametrize(
    ("module", "source", "extra"),
    [("topohub", "sndlib/polska", "topologies"), ("openpyxl", "towns.xlsx", "excel")],
)
def test_a_package_that_is_not_installed_is_named(module, source, extra, monkeypatch, tmp_path):
    from tests.io.importers.writers import to_workbook

    pytest.importorskip("openpyxl")
    to_workbook(qkdopt.import_network(DATA / "towns").instance, tmp_path / "towns.xlsx")
    where = tmp_path / source if source.endswith("xlsx") else source
    for place in ("topohub", "xlsx"):
        name = f"qkdopt.io.importers.{place}.find_spec"
        monkeypatch.setattr(name, lambda name: None if name == module else object())
    with pytest.raises(qkdopt.UnsupportedError, match=rf"pip install 'qkdopt\[{extra}\]'"):
        qkdopt.import_network(where)


def test_the_order_of_sheets_and_their_case_do_not_matter(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Read me"
    sheet.append(["Made for the board"])
    sheet = book.create_sheet("DEMANDS")
    sheet.append(["Source", "Target", "Lightpaths"])
    sheet.append(["1", 3, 2])
    sheet = book.create_sheet("Links ")
    sheet.append(["From", "To", "Length [km]"])
    sheet.append([1, 2, 10.5])
    sheet.append([2, 3, 11])
    book.save(tmp_path / "net.xlsx")
    instance, report = qkdopt.import_network(tmp_path / "net.xlsx")
    assert [node.id for node in instance.network.nodes] == ["1", "2", "3"]
    assert [(d.source, d.target, d.channels) for d in instance.demands] == [("1", "3", 2)]
    assert report.left_out == ("sheet 'Read me'",)


YED = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
 <key for="node" id="d5" yfiles.type="nodegraphics"/>
 <key for="edge" id="d6" yfiles.type="edgegraphics"/>
 <graph edgedefault="directed">{nodes}
  <edge id="e0" source="n0" target="n1"><data key="d6"><y:PolyLineEdge/></data></edge>
  <edge id="e1" source="n1" target="n2"/>
 </graph>
</graphml>"""
SHAPE = """
  <node id="n{k}"><data key="d5"><y:ShapeNode><y:Geometry height="30" width="30" x="{x}" y="{y}"/>
   <y:NodeLabel>{name}</y:NodeLabel></y:ShapeNode></data></node>"""


def test_drawings_of_yed_have_labels_and_pixels(tmp_path):
    path = tmp_path / "drawing.graphml"
    rows = [("Aach", 0, 0), ("Brey", 300, 400), ("Cham", 300, 0)]
    nodes = "".join(SHAPE.format(k=k, name=name, x=x, y=y) for k, (name, x, y) in enumerate(rows))
    path.write_text(YED.format(nodes=nodes), encoding="utf-8")
    with pytest.raises(qkdopt.InstanceError, match="--lengths plane --length-scale KM"):
        qkdopt.import_network(path)
    instance, report = qkdopt.import_network(path, length_scale=0.1)
    assert [(x.a, x.b, x.length_km) for x in instance.network.links] == [
        ("Aach", "Brey", 50.0), ("Brey", "Cham", 40.0),
    ]  # fmt: skip
    assert "2 links listed in one direction run in both: edge 1, edge 2" in report.assumed


def test_degrees_of_some_nodes_count_more_than_pixels_of_others(tmp_path):
    path = tmp_path / "graph.gml"
    path.write_text(
        "graph [\nnode [ id 0 Latitude 47.0 Longitude 8.0 graphics [ x 10 y 20 ] ]\n"
        "node [ id 1 graphics [ x 30 y 40 ] ]\nedge [ source 0 target 1 length 7 ]\n]\n"
    )
    instance, _ = qkdopt.import_network(path)
    assert [(node.lat, node.lon) for node in instance.network.nodes] == [(47.0, 8.0), (None, None)]


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(GML.read_bytes())))
    instance, report = qkdopt.import_network("-")
    assert lengths(instance) == LENGTHS
    assert report.source == "standard input"


def test_blank_lines_in_gml_are_nothing(tmp_path):
    """Searched once each: a search that begins again at every blank line takes minutes."""
    text = (DATA / "towns.gml").read_text(encoding="utf-8")
    path = tmp_path / "towns.gml"
    path.write_text(text.replace("graph [", "graph [" + "\n" * 200_000, 1), encoding="utf-8")
    plain, _ = qkdopt.import_network(DATA / "towns.gml")
    assert qkdopt.import_network(path).instance == plain
