"""Files of a network as other tools write them, for ``held_out.py``.

Each is written from the nodes and links of a topology in TopoHub's node-link JSON, in the shape of
its own tool: what that tool leaves out (lengths, coordinates) is not there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

# Longest fibre between two amplifiers in a file of GNPy [km].
SPAN_KM = 80.0
# Of a line, where a topology has places in a drawing for degrees and its lengths are no one's.
MOST_SPANS = 30


@dataclass(frozen=True)
class Site:
    """A node: its number, its name, its place [degree]."""

    number: int
    name: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Span:
    """A link: its ends, its length [km]."""

    a: Site
    b: Site
    km: float


@dataclass(frozen=True)
class Topology:
    """Sites, links and traffic [Gbit/s] between sites."""

    name: str
    sites: tuple[Site, ...]
    spans: tuple[Span, ...]
    traffic: tuple[tuple[Site, Site, float], ...]


def topology_of(data: dict[str, Any], name: str, most_traffic: int = 20) -> Topology:
    """Return a topology of TopoHub's JSON; sites without a name of their own get one."""
    names = [str(node.get("name") or "") for node in data["nodes"]]
    sites = [
        Site(
            number=number,
            name=given if given and names.count(given) == 1 else f"Site {number}",
            lon=node["pos"][0],
            lat=node["pos"][1],
        )
        for number, (node, given) in enumerate(zip(data["nodes"], names, strict=True))
    ]
    at = {str(node["id"]): site for node, site in zip(data["nodes"], sites, strict=True)}
    rows = data.get("links") or data.get("edges") or []
    spans = [
        Span(at[str(row["source"])], at[str(row["target"])], float(row["dist"]))
        for row in rows
        if row["source"] != row["target"]
    ]
    matrix = data["graph"].get("demands") or {}
    traffic = [
        (at[a], at[b], float(value))
        for a, row in matrix.items()
        for b, value in row.items()
        if value and a in at and b in at and a != b
    ]
    return Topology(name, tuple(sites), tuple(spans), tuple(traffic[:most_traffic]))


def sndlib_native(net: Topology, path: Path) -> None:
    """Write SNDlib's native format as its web site does: with places, without lengths."""
    ids = {site: _word(site) for site in net.sites}
    nodes = "".join(f"  {ids[s]} ( {s.lon:.2f} {s.lat:.2f} )\n" for s in net.sites)
    links = "".join(
        f"  Link_{k} ( {ids[span.a]} {ids[span.b]} ) 0.00 0.00 0.00 0.00 ( 155.00 46.00 )\n"
        for k, span in enumerate(net.spans)
    )
    demands = "".join(
        f"  Demand_{k} ( {ids[a]} {ids[b]} ) 1 {value:.2f} UNLIMITED\n"
        for k, (a, b, value) in enumerate(net.traffic)
    )
    path.write_text(
        "?SNDlib native format; type: network; version: 1.0\n# network " + net.name + "\n\n"
        "# NODE SECTION\n#\n# <node_id> [(<longitude>, <latitude>)]\n\n"
        f"NODES (\n{nodes})\n\n# LINK SECTION\n\nLINKS (\n{links})\n\n"
        f"# DEMAND SECTION\n\nDEMANDS (\n{demands})\n",
        encoding="utf-8",
    )


def sndlib_xml(net: Topology, path: Path) -> None:
    """Write SNDlib's XML with places in a drawing: 10 pixels a degree, without lengths."""
    ids = {site: _word(site) for site in net.sites}
    nodes = "".join(
        f'   <node id="{ids[s]}">\n    <coordinates>\n     <x>{1800 + 10 * s.lon:.1f}</x>\n'
        f"     <y>{900 + 10 * s.lat:.1f}</y>\n    </coordinates>\n   </node>\n"
        for s in net.sites
    )
    links = "".join(
        f'   <link id="L{k}">\n    <source>{ids[span.a]}</source>\n'
        f"    <target>{ids[span.b]}</target>\n    <additionalModules>\n     <addModule>\n"
        "      <capacity>40.0</capacity>\n      <cost>28.0</cost>\n     </addModule>\n"
        "    </additionalModules>\n   </link>\n"
        for k, span in enumerate(net.spans)
    )
    demands = "".join(
        f'  <demand id="D{k}">\n   <source>{ids[a]}</source>\n   <target>{ids[b]}</target>\n'
        f"   <demandValue>{value:.1f}</demandValue>\n  </demand>\n"
        for k, (a, b, value) in enumerate(net.traffic)
    )
    path.write_text(
        '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
        '<network xmlns="http://sndlib.zib.de/network" version="1.0">\n <meta>\n'
        f"  <origin>{escape(net.name)}</origin>\n </meta>\n <networkStructure>\n"
        f'  <nodes coordinatesType="pixel">\n{nodes}  </nodes>\n  <links>\n{links}  </links>\n'
        f" </networkStructure>\n <demands>\n{demands} </demands>\n</network>\n",
        encoding="latin-1",
        errors="xmlcharrefreplace",
    )


def graphml(net: Topology, path: Path) -> None:
    """Write GraphML as the Internet Topology Zoo does: labels and places, without lengths."""
    keys = (
        ("d29", "node", "Latitude", "double"), ("d32", "node", "Longitude", "double"),
        ("d33", "node", "label", "string"), ("d35", "edge", "LinkLabel", "string"),
    )  # fmt: skip
    head = "".join(
        f'  <key attr.name="{name}" attr.type="{kind}" for="{what}" id="{key}" />\n'
        for key, what, name, kind in keys
    )
    nodes = "".join(
        f'    <node id="{s.number}">\n      <data key="d29">{s.lat}</data>\n'
        f'      <data key="d32">{s.lon}</data>\n      <data key="d33">{escape(s.name)}</data>\n'
        "    </node>\n"
        for s in net.sites
    )
    edges = "".join(
        f'    <edge source="{span.a.number}" target="{span.b.number}">\n'
        '      <data key="d35">OC-192</data>\n    </edge>\n'
        for span in net.spans
    )
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f'{head}  <graph edgedefault="undirected">\n{nodes}{edges}  </graph>\n</graphml>\n',
        encoding="utf-8",
    )


def gml(net: Topology, path: Path) -> None:
    """Write GML with a length an edge, text in ASCII as GML asks for."""
    lines = ["graph [", "  directed 0", f"  Network {_quoted(net.name)}"]
    for s in net.sites:
        lines += ["  node [", f"    id {s.number}", f"    label {_quoted(s.name)}"]
        lines += [f"    Longitude {float(s.lon)}", f"    Latitude {float(s.lat)}", "  ]"]
    for span in net.spans:
        lines += ["  edge [", f"    source {span.a.number}", f"    target {span.b.number}"]
        lines += [f"    length {float(span.km)}", '    LinkSpeed "10"', "  ]"]
    path.write_text("\n".join([*lines, "]"]) + "\n", encoding="ascii")


def node_link(net: Topology, path: Path) -> None:
    """Write node-link JSON as D3 uses it: names as ids, an index of links, a distance."""
    data = {
        "nodes": [{"id": s.name, "group": 1, "lon": s.lon, "lat": s.lat} for s in net.sites],
        "links": [{"source": s.a.name, "target": s.b.name, "distance": s.km} for s in net.spans],
    }
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")


def csv_table(net: Topology, path: Path) -> None:
    """Write a table as a spreadsheet in Europe saves it: semicolons, decimal commas, a mark."""
    rows = [["From", "To", "Length (km)", "Remark"]]
    rows += [[_cell(s.a.name), _cell(s.b.name), f"{s.km:.3f}".replace(".", ","), ""]
             for s in net.spans]  # fmt: skip
    path.write_text("\r\n".join(";".join(row) for row in rows) + "\r\n", encoding="utf-8-sig")


def workbook(net: Topology, path: Path) -> None:
    """Write an Excel workbook with a title above the links, lengths in metres, and nodes."""
    import openpyxl

    book = openpyxl.Workbook()
    links = book.active
    links.title = "Links"
    links.append([f"Fibres of {net.name}"])
    links.append(["Node A", "Node B", "Distance [m]"])
    for span in net.spans:
        links.append([span.a.name, span.b.name, round(span.km * 1000.0)])
    nodes = book.create_sheet("Nodes")
    nodes.append(["Site", "Latitude", "Longitude"])
    for s in net.sites:
        nodes.append([s.name, s.lat, s.lon])
    book.save(path)


def gnpy(net: Topology, path: Path) -> None:
    """Write a topology of GNPy: fibres of at most 80 km between amplifiers, a line a direction."""
    elements: list[dict[str, Any]] = []
    joins: list[tuple[str, str]] = []
    for s in net.sites:
        place = {"location": {"city": s.name, "region": "", "latitude": s.lat, "longitude": s.lon}}
        elements += [
            {"uid": f"trx {s.name}", "type": "Transceiver", "metadata": place},
            {"uid": f"roadm {s.name}", "type": "Roadm", "metadata": place},
        ]
        joins += [(f"trx {s.name}", f"roadm {s.name}"), (f"roadm {s.name}", f"trx {s.name}")]
    for k, span in enumerate(net.spans):
        for a, b in ((span.a, span.b), (span.b, span.a)):
            line = _line(a, b, k, span.km)
            elements += line
            uids = [f"roadm {a.name}", *(element["uid"] for element in line), f"roadm {b.name}"]
            joins += pairwise(uids)
    rows = [{"from_node": a, "to_node": b} for a, b in joins]
    data = {"network_name": net.name, "elements": elements, "connections": rows}
    path.write_text(json.dumps(data), encoding="utf-8")


def _line(a: Site, b: Site, number: int, km: float) -> list[dict[str, Any]]:
    """Return the fibres of one direction with amplifiers between them."""
    count = min(max(1, -int(-km // SPAN_KM)), MOST_SPANS)
    line: list[dict[str, Any]] = []
    for part in range(count):
        uid = f"fiber ({a.name} → {b.name})-{number}_{part}"
        params = {
            "length": km / count, "length_units": "km", "loss_coef": 0.2, "att_in": 0,
            "con_in": 0.5, "con_out": 0.5,
        }  # fmt: skip
        line.append({"uid": uid, "type": "Fiber", "type_variety": "SSMF", "params": params})
        if part + 1 < count:
            gain = {"gain_target": 17.0, "tilt_target": 0}
            line.append({
                "uid": f"Edfa {uid}", "type": "Edfa", "type_variety": "std_medium_gain",
                "operational": gain,
            })  # fmt: skip
    return line


def net2plan(net: Topology, path: Path) -> None:
    """Write an n2p file: numbers as ids, both directions of a link, km that users gave."""
    nodes = "".join(
        f'<node id="{s.number}" name={quoteattr(s.name)} xCoord="{s.lon}" yCoord="{s.lat}" '
        'isUp="true"><attribute key="population" value="0"/></node>'
        for s in net.sites
    )
    first = len(net.sites) + 1
    links = "".join(
        f'<link id="{first + 2 * k + way}" originNodeId="{a.number}" '
        f'destinationNodeId="{b.number}" capacity="80.0" lengthInKm="{span.km}" '
        'propagationSpeedInKmPerSecond="200000.0" isUp="true"/>'
        for k, span in enumerate(net.spans)
        for way, (a, b) in enumerate(((span.a, span.b), (span.b, span.a)))
    )
    demands = "".join(
        f'<demand id="{100_000 + k}" ingressNodeId="{a.number}" egressNodeId="{b.number}" '
        f'offeredTraffic="{value}"/>'
        for k, (a, b, value) in enumerate(net.traffic)
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<network description="" name={quoteattr(net.name)} version="5" nextElementId="900000">'
        f'{nodes}<layer id="0" name="WDM" linkCapacityUnitsName="Gbps" '
        f'demandTrafficUnitsName="Gbps">{demands}{links}</layer></network>',
        encoding="utf-8",
    )


def _word(site: Site) -> str:
    """Return a name as SNDlib has it: one word of ASCII letters, digits and underscores."""
    word = "".join(c if c.isascii() and c.isalnum() else "_" for c in site.name)
    return f"N{site.number}_{word}"


def _quoted(text: str) -> str:
    return '"' + "".join(c if c.isascii() and c not in '"&' else f"&#{ord(c)};" for c in text) + '"'


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(';"\n') else text


# Each format by the ending of its files.
WRITERS: dict[str, tuple[str, Callable[[Topology, Path], None]]] = {
    "SNDlib native": ("native.txt", sndlib_native),
    "SNDlib XML": ("sndlib.xml", sndlib_xml),
    "GraphML": ("graphml", graphml),
    "GML": ("gml", gml),
    "node-link JSON": ("json", node_link),
    "CSV table": ("csv", csv_table),
    "Excel workbook": ("xlsx", workbook),
    "GNPy JSON": ("gnpy.json", gnpy),
    "Net2Plan": ("n2p", net2plan),
}
