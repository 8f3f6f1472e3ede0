"""Wrong, broken and hostile sources: one located error, the likely format, exit status 2."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

import qkdopt
from qkdopt.io.importers import xlsx
from tests.command import exit_status

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent.parent.parent
BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">
<node id="&b;"/></graph></graphml>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE n [<!ENTITY x SYSTEM "file:///etc/passwd">]><network><node id="&x;"/></network>"""
DEEP = "[" * 600 + "]" * 600
NODES = '"nodes": [{"id": 1}, {"id": 2}]'


def zipped(**files: bytes) -> bytes:
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return data.getvalue()


WRONG = {
    "empty": (b" \n", "is empty"),
    "nothing": (b"", "is empty"),
    "gexf": (b"<gexf><graph/></gexf>", "looks like GEXF; write it as GraphML"),
    "html": (b"<!DOCTYPE html><html><body/></html>", "looks like a web page"),
    "kml": (b"<kml xmlns='http://www.opengis.net/kml/2.2'/>", "looks like KML"),
    "other xml": (b"<settings/>", "root element 'settings'; expected CSV, XLSX"),
    "instance": (
        (ROOT / "instances" / "small" / "line.json").read_bytes(),
        "is a file of qkdopt already (schema 'qkdopt/instance/1'); solve takes it as it is",
    ),
    "services": ((DATA / "towns_services.json").read_bytes(), "services of GNPy"),
    "geojson": (b'{"type": "FeatureCollection", "features": []}', "looks like GeoJSON"),
    "cytoscape": (b'{"elements": {"nodes": []}}', "looks like Cytoscape"),
    "json list": (b"[1, 2]", "is a JSON list"),
    "other json": (b'{"a": 1}', "is JSON with the keys 'a'"),
    "dot": (b"graph G {\n a -- b;\n}\n", "looks like Graphviz DOT"),
    "pajek": (b"*Vertices 3\n1 a\n", "looks like Pajek"),
    "yaml": (b"nodes:\n  - a\n", "looks like YAML"),
    "edge list": (b"0 1 1050\n1 2 600\n", "names no column (a list of links? add a first line"),
    "comma edge list": (b"0,1,1050\n1,2,600\n", "names no column"),
    "prose": (b"Dear all!\nhere it is.\n", "begins with 'Dear all!'"),
    "solution": (b"?SNDlib native format; type: solution; version: 1.0\n", "no network of SNDlib"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (.xls)"),
    "gzip": (gzip.compress(b"x"), "a gzip archive; unpack it first"),
    "pdf": (b"%PDF-1.4\n", "is a PDF"),
    "picture": (b"\x89PNG\r\n\x1a\n", "is a picture"),
    "zip": (zipped(links=b"a,b\n"), "is a zip archive; unpack it first"),
    "open document": (zipped(mimetype=b"application/x"), "is an OpenDocument file"),
    "broken zip": (b"PK\x03\x04 nothing more", "broken archive"),
    "broken workbook": (zipped(xl__workbook_xml=b"<a/>"), "is a zip archive"),
    "columns without end": (
        b"a,b,length_km" + b",1" * 600 + b"\nx,y,1\n",
        "603 columns; expected at most 500",
    ),
    # Each line once: over blank lines a search that begins again at each of them takes minutes.
    "blank lines": (b"Dear all!" + b"\n" * 400_000 + b"here it is.", "begins with 'Dear all!'"),
    "noise": (bytes(range(128, 256)) * 3, "is no UTF-8"),
    "zero bytes": (b"a,b,length_km\nx,\x00y,1\n", "line 2: holds a zero byte"),
    "latin 1": ("a,b,length_km\nZürich,Bern,1\n".encode("latin-1"), "line 2, byte 15: 0xfc is no"),
    "bad xml": (b"<graphml><graph></graphml>", "line 1, column 19: mismatched tag"),
    "xml encoding": (b"<?xml version='1.0' encoding='klingon'?><graphml/>", "unknown encoding"),
    "entities": (BOMB.encode(), "entities or external references"),
    "outside": (OUTSIDE.encode(), "entities or external references"),
    "deep xml": (b"<graphml>" + b"<a>" * 50_000, "nested deeper than 100"),
    "deep json": (b"[" * 100_000, "nested too deeply"),
    "deep node-link": (
        f'{{{NODES}, "links": [{{"source": 1, "target": 2, "length": {DEEP}}}]}}'.encode(),
        "links[0]",
    ),
    "deep gml": (b"graph [ " + b"a [ " * 5_000, "nested too deeply"),
    "deep native": (b"NODES (\n" + b"( " * 100_000, "the last section has no end"),
    "bad json": (b'{"nodes": [1, 2', "line 1, column 16"),
    "nan": (b'{"nodes": [1, 2], "links": [{"source": 1, "target": 2, "length": NaN}]}', "NaN"),
    "huge int": (b'{"nodes": [' + b"9" * 5000 + b'], "links": []}', "of 5,000 digits"),
    "huge id": (b'{"nodes": [' + b"9" * 300 + b'], "links": []}', "expected a name"),
    "huge gml": (b"graph [ node [ id " + b"9" * 5000 + b" ] ]", "not readable as GML"),
    "twice": (b'{"nodes": [1], "nodes": [2], "links": []}', "'nodes' is given twice"),
    "surrogate": (b'{"nodes": ["\\ud800", "b"], "links": []}', "printable"),
    "no list": (b'{"nodes": 3, "links": {}}', "nodes = 3; expected a list"),
    "no edges": (b'{"nodes": [1, 2], "links": [3, {}]}', "links[1]: no two ends"),
    "one node": (b'{"nodes": [1], "links": []}', "1 node and 0 links"),
    "two graphs": (b"<graphml><graph/><graph/></graphml>", "2 graphs in one GraphML file"),
    "gml without id": (b'graph [\n node [ label "x" ]\n]\n', "not readable as GML"),
    "gml with a text for a number": (
        b'graph [\nnode [ id 0 ]\nnode [ id 1 ]\nedge [ source 0 target 1 dist "far" ]\n]\n',
        "edge 1: dist = 'far'; expected a number",
    ),
    "broken quote": (b'a,b,length_km\nx,"y"z,1\n', "line 2"),
    "more values": (b"a,b,length_km\nx,y,1,5\n", "line 2: 4 values for 3 columns"),
    "header alone": (b"a,b,length_km\n", "0 nodes and 0 links"),
    "native link": (
        b"NODES (\n a\n b\n)\nLINKS (\n L1 a b\n)\n",
        "line 6: expected a link such as",
    ),
    "native without links": (b"NODES (\n a ( 1 2 )\n)\n", "no section LINKS"),
    "gnpy type": (
        b'{"elements": [{"uid": "a", "type": "Laser"}], "connections": []}',
        "elements[0].type = 'Laser'; expected one of Roadm",
    ),
    "gnpy splitter": (
        json.dumps(
            {
                "elements": [
                    *({"uid": uid, "type": "Roadm"} for uid in "abc"),
                    {"uid": "f", "type": "Fiber", "params": {"length": 3, "length_units": "km"}},
                ],
                "connections": [{"from_node": a, "to_node": b} for a, b in ("af", "fb", "fc")],
            }
        ).encode(),
        "f: leads to",
    ),
    "n2p without ends": (
        b'<network><node id="1"/><layer><link id="7" lengthInKm="3"/></layer></network>',
        "link 7: originNodeId",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_source_is_one_error_and_nothing_is_written(name, tmp_path, capsys):
    data, expected = WRONG[name]
    path = tmp_path / "source.json"
    path.write_bytes(data)
    assert exit_status("instance", "import", path, "-o", tmp_path / "out.json") == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.err.startswith(f"qkdopt: {path}: ")
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["source.json"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.csv"], "no such file; expected a network"),
        (["."], "is a folder without links.csv"),
        (["a\x00b"], "not readable"),
        (["sndlib/nowhere/deeper"], "no network of TopoHub"),
        (["towns.gml", "--format", "graphml"], "holds text; expected xml, as graphml is"),
        (["towns.gml", "--encoding", "klingon"], "encoding = 'klingon'; expected a text encoding"),
        (["towns.gml", "--nodes", "towns.gml"], "--nodes goes with a CSV table of links"),
        (["towns.gml", "--demands-file", "missing.csv"], "no such file"),
        (["towns.gml", "--demands", "-3"], "demands = -3; expected 0 or more"),
        (["towns.gml", "--candidates", "a"], "expected channel numbers"),
    ],
)
def test_a_wrong_command_is_one_error(arguments, expected, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("towns.gml").write_bytes((DATA / "towns.gml").read_bytes())
    assert exit_status("instance", "import", *arguments, "-o", "out.json") == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert "Traceback" not in shown.err
    assert [file.name for file in tmp_path.iterdir()] == ["towns.gml"]


def test_older_encodings_are_read_where_they_are_named(tmp_path):
    path = tmp_path / "links.csv"
    for encoding, named in (("cp1252", "cp1252"), ("utf-16", None), ("utf-8-sig", None)):
        path.write_bytes("a,b,length_km\nZürich,Bern,95\n".encode(encoding))
        instance, _ = qkdopt.import_network(path, encoding=named)
        assert [node.id for node in instance.network.nodes] == ["Bern", "Zürich"]
    xml = (DATA / "towns.graphml").read_text("utf-8").replace("Aach", "Zürich")
    path.write_bytes(xml.replace('"utf-8"', '"ISO-8859-1"').encode("latin-1"))
    instance, _ = qkdopt.import_network(path)
    assert instance.network.nodes[0].id == "Zürich"


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(zipped(**{"xl__workbook.xml": b" " * 3_000_000}))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(xlsx, "MOST_UNPACKED_BYTES", 2_000_000)
    with pytest.raises(qkdopt.InstanceError, match="unpacks to more than 2 MB"):
        qkdopt.import_network(path)


def test_a_workbook_of_noise_is_one_error(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "noise.xlsx"
    path.write_bytes(zipped(**{"xl__workbook.xml": b"<a/>", "[Content_Types].xml": b"<"}))
    with pytest.raises(qkdopt.InstanceError, match="not readable as XLSX"):
        qkdopt.import_network(path)


def test_a_source_larger_than_any_network_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("qkdopt.io.importers.content.MOST_BYTES", 1000)
    path = tmp_path / "large.csv"
    path.write_text("a,b\n" + "x,y\n" * 1000)
    with pytest.raises(qkdopt.InstanceError, match="larger than"):
        qkdopt.import_network(path)
