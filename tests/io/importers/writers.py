"""Write a network in the formats that are read, as their own tools do: for round trips."""

from __future__ import annotations

import csv
import json
from io import StringIO
from xml.sax.saxutils import quoteattr

import networkx as nx

from qkdopt.instance import Instance


def to_csv(instance: Instance) -> dict[str, str]:
    """Return the files of a folder."""
    links = [
        [
            "id",
            "a",
            "b",
            "length_km",
            "loss_db",
            "loss_db_per_km",
            "launch_dbm",
            "qkd",
            "candidates",
            "qkd_direction",
            "fibre",
        ],
        *(
            [
                link.id,
                link.a,
                link.b,
                link.length_km,
                link.loss_db,
                link.loss_db_per_km,
                link.launch_dbm,
                "yes" if link.qkd else "no",
                " ".join(map(str, link.candidates or ())),
                link.qkd_direction,
                link.fibre,
            ]
            for link in instance.network.links
        ),
    ]
    nodes = [
        ["id", "label", "lat", "lon"],
        *([node.id, node.label, node.lat, node.lon] for node in instance.network.nodes),
    ]
    demands = [
        ["id", "source", "target", "channels", "min_skr_bps"],
        *([d.id, d.source, d.target, d.channels, d.min_skr_bps] for d in instance.demands),
    ]
    return {
        "links.csv": table(links),
        "nodes.csv": table(nodes),
        "demands.csv": table(demands),
    }


def table(rows, separator=",") -> str:
    """Return rows as CSV."""
    text = StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


def to_workbook(instance: Instance, path) -> None:
    """Write an Excel workbook of three sheets."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, text in to_csv(instance).items():
        sheet = book.create_sheet(name.removesuffix(".csv").title())
        for row in csv.reader(StringIO(text)):
            sheet.append([number_or_text(cell) for cell in row])
    book.save(path)


def number_or_text(cell: str):
    """Return a cell as a spreadsheet keeps it."""
    try:
        return float(cell)
    except ValueError:
        return cell or None


def to_graph(instance: Instance) -> nx.MultiGraph:
    """Return the network as a graph of networkx."""
    graph = nx.MultiGraph()
    for node in instance.network.nodes:
        place = {} if node.lat is None else {"Latitude": node.lat, "Longitude": node.lon}
        graph.add_node(node.id, **place)
    for link in instance.network.links:
        loss = {} if link.loss_db is None else {"loss_db": link.loss_db}
        fibre = {} if link.fibre is None else {"fiber_type": link.fibre}
        graph.add_edge(link.a, link.b, id=link.id, length_km=link.length_km, **loss, **fibre)
    return graph


def to_gml(instance: Instance) -> str:
    """Return GML."""
    return "\n".join(nx.generate_gml(to_graph(instance)))


def to_graphml(instance: Instance) -> str:
    """Return GraphML."""
    return "\n".join(nx.generate_graphml(to_graph(instance)))


def to_node_link(instance: Instance) -> str:
    """Return node-link JSON."""
    data = nx.node_link_data(to_graph(instance), edges="edges")
    data["demands"] = [
        {"source": d.source, "target": d.target, "channels": d.channels} for d in instance.demands
    ]
    return json.dumps(data)


def to_sndlib_native(instance: Instance) -> str:
    """Return SNDlib's native format, which has no lengths."""
    nodes = "\n".join(f"  {n.id} ( {n.lon} {n.lat} )" for n in instance.network.nodes)
    links = "\n".join(
        f"  {link.id} ( {link.a} {link.b} ) 0 0 0 0 ( 1.0 2.0 )" for link in instance.network.links
    )
    demands = "\n".join(
        f"  D{d.id} ( {d.source} {d.target} ) 1 {d.channels} UNLIMITED" for d in instance.demands
    )
    return (
        "?SNDlib native format; type: network; version: 1.0\n"
        f"NODES (\n{nodes}\n)\nLINKS (\n{links}\n)\nDEMANDS (\n{demands}\n)\n"
    )


def to_sndlib_xml(instance: Instance) -> str:
    """Return SNDlib's XML, which has no lengths."""
    nodes = "".join(
        f"<node id={quoteattr(str(n.id))}><coordinates><x>{n.lon}</x><y>{n.lat}</y></coordinates>"
        "</node>"
        for n in instance.network.nodes
    )
    links = "".join(
        f"<link id={quoteattr(link.id)}><source>{link.a}</source><target>{link.b}</target></link>"
        for link in instance.network.links
    )
    demands = "".join(
        f'<demand id="D{d.id}"><source>{d.source}</source><target>{d.target}</target>'
        f"<demandValue>{d.channels}</demandValue></demand>"
        for d in instance.demands
    )
    return (
        '<network xmlns="http://sndlib.zib.de/network" version="1.0"><networkStructure>'
        f'<nodes coordinatesType="geographical">{nodes}</nodes><links>{links}</links>'
        f"</networkStructure><demands>{demands}</demands></network>"
    )


def to_net2plan(instance: Instance) -> str:
    """Return an n2p file: nodes by numbers, links by direction."""
    number = {node.id: k for k, node in enumerate(instance.network.nodes, start=2)}
    nodes = "".join(
        f'<node id="{number[n.id]}" name={quoteattr(str(n.id))} xCoord="{n.lon}" yCoord="{n.lat}"/>'
        for n in instance.network.nodes
    )
    links = "".join(
        f'<link id="{100 + 2 * k + way}" originNodeId="{number[a]}" destinationNodeId="{number[b]}"'
        f' lengthInKm="{link.length_km}"/>'
        for k, link in enumerate(instance.network.links)
        for way, (a, b) in enumerate(((link.a, link.b), (link.b, link.a)))
    )
    demands = "".join(
        f'<demand id="{900 + k}" ingressNodeId="{number[d.source]}" '
        f'egressNodeId="{number[d.target]}" offeredTraffic="{d.channels}.0"/>'
        for k, d in enumerate(instance.demands)
    )
    return (
        f'<network name="n" version="5">{nodes}<layer id="1" demandTrafficUnitsName="Gbps">'
        f"{links}{demands}</layer></network>"
    )


def to_gnpy(instance: Instance) -> str:
    """Return a topology of GNPy: a ROADM a node, a fibre a direction."""
    elements = [{"uid": f"roadm {node.id}", "type": "Roadm"} for node in instance.network.nodes]
    connections = []
    for link in instance.network.links:
        for a, b in ((link.a, link.b), (link.b, link.a)):
            uid = f"fibre {link.id} from {a}"
            loss = instance.loss_db(link) / link.length_km
            elements.append(
                {
                    "uid": uid,
                    "type": "Fiber",
                    "type_variety": link.fibre,
                    "params": {"length": link.length_km, "length_units": "km", "loss_coef": loss},
                }
            )
            connections += [(f"roadm {a}", uid), (uid, f"roadm {b}")]
    rows = [{"from_node": a, "to_node": b} for a, b in connections]
    return json.dumps({"elements": elements, "connections": rows})
