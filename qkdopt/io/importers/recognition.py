"""Tell formats apart by their content; what is read by no reader is called by its likely name."""

from __future__ import annotations

import re
from typing import Any

from qkdopt.errors import InstanceError
from qkdopt.io.importers.content import Content
from qkdopt.io.importers.csv_files import looks_like_csv
from qkdopt.io.importers.values import shown
from qkdopt.io.importers.xml_tree import children, local_name

EXPECTED = (
    "expected CSV, XLSX, GraphML, GML, node-link JSON, SNDlib, GNPy or Net2Plan "
    "(docs/own_network.md)"
)
# Root elements of other XML, and what to do with it.
OTHER_XML = {
    "gexf": "GEXF; write it as GraphML (networkx.write_graphml)",
    "kml": "KML, which has places and no links; make a table of links",
    "gpx": "GPX, which has tracks and no links; make a table of links",
    "svg": "an SVG drawing; expected the data that it was drawn from",
    "html": "a web page; save the file that it links to",
    "osm": "OpenStreetMap data; make a table of links",
    "mxfile": "a draw.io drawing; make a table of links",
    "workbook": "an Excel 2003 XML file; save it as .xlsx or CSV",
}
# Spaces, but no line ends: over blank lines each search would begin again at each of them.
NATIVE = re.compile(r"^[^\S\n]*(NODES|LINKS|DEMANDS|META)\s*\(", flags=re.MULTILINE)
GML = re.compile(r"^[^\S\n]*graph\b\s*\[", flags=re.MULTILINE)
# First characters of other texts, and what they are.
OTHER_TEXT = (
    (r"\s*\*(network|vertices)\b", "Pajek; write it as GraphML (networkx.write_graphml)"),
    (r"\s*(strict\s+)?(di)?graph\b[^\[{]*\{", "Graphviz DOT; write it as GraphML"),
    (r"\s*%%MatrixMarket", "Matrix Market; make a table of links"),
    (r"[^\n]*:\s*(\n\s+|\[|$)", "YAML; write it as JSON"),
    (r"\s*\[[\w.]+\]\s*\n", "TOML or INI; make a table of links"),
)


def recognise(content: Content) -> str:
    """Return the name of the format of content.

    Raises
    ------
    InstanceError
        None that is read; the fault says what it looks like.
    """
    if content.kind == "archive":
        return "xlsx"
    if content.kind == "xml":
        name, likely = _xml(content.tree)
    elif content.kind == "json":
        name, likely = _json(content.tree)
    else:
        name, likely = _text(content.text)
    if name is None:
        raise InstanceError(content.where, [f"{likely}; {EXPECTED}"])
    return name


def _xml(root: Any) -> tuple[str | None, str]:
    name = local_name(root)
    if name == "graphml":
        return "graphml", ""
    if name == "network" and (children(root, "networkStructure") or "sndlib" in str(root.tag)):
        return "sndlib-xml", ""
    if name == "network" and (children(root, "node") or children(root, "layer")):
        return "net2plan", ""
    if name.lower() in OTHER_XML:
        return None, f"looks like {OTHER_XML[name.lower()]}"
    return None, f"is XML with the root element {shown(name)}"


def _json(data: Any) -> tuple[str | None, str]:
    keys = set(data) if isinstance(data, dict) else set()
    elements = data.get("elements") if "elements" in keys else None
    if "gnpy-network-topology:topology" in keys or (
        isinstance(elements, list) and "connections" in keys
    ):
        return "gnpy", ""
    schema = data.get("schema") if keys else None
    if isinstance(schema, str) and schema.startswith("qkdopt/"):
        use = "solve takes it as it is" if "instance" in schema else "expected a network"
        return None, f"is a file of qkdopt already (schema {shown(schema)}); {use}"
    if "nodes" in keys and keys & {"links", "edges"}:
        return "node-link", ""
    return None, _other_json(data, keys)


def _other_json(data: Any, keys: set[str]) -> str:
    if keys & {"path-request", "gnpy-path-computation:services"}:
        return "looks like services of GNPy: give the topology, and these by --demands-file"
    if "Fiber" in keys and "Edfa" in keys:
        return "looks like an equipment library of GNPy; give the topology"
    if isinstance(data, dict) and isinstance(data.get("elements"), dict):
        return "looks like Cytoscape JSON; write it as node-link JSON"
    if "adjacency" in keys:
        return "looks like adjacency JSON; write it as node-link JSON (networkx.node_link_data)"
    if "features" in keys:
        return "looks like GeoJSON, which has places and no links; make a table of links"
    if isinstance(data, list):
        return "is a JSON list"
    return f"is JSON with the keys {shown(', '.join(map(str, sorted(keys)[:8])))}"


def _text(text: str) -> tuple[str | None, str]:
    start = text.lstrip()
    if start.startswith("?SNDlib") and "network" not in start.split("\n", 1)[0]:
        return None, f"is {shown(start.splitlines()[0])}, no network of SNDlib"
    if start.startswith("?SNDlib") or (NATIVE.search(text) and "(" in text):
        return "sndlib-native", ""
    if GML.search(text):
        return "gml", ""
    if looks_like_csv(text):
        return "csv", ""
    for pattern, likely in OTHER_TEXT:
        if re.match(pattern, text, flags=re.IGNORECASE):
            return None, f"looks like {likely}"
    line = next((line for line in text.splitlines() if line.strip()), "")
    if re.fullmatch(r"\s*[\w.-]+([\s,;]+[\w.+-]+)+\s*", line):
        hint = "names no column (a list of links? add a first line such as a,b,length_km)"
        return None, f"line 1: {shown(line)} {hint}"
    return None, f"begins with {shown(line)}, which is no format that is read"
