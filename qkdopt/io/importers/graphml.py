"""GraphML, read by networkx once the XML is known to be harmless."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import networkx as nx

from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.graph import draft_of_graph
from qkdopt.io.importers.networkx_data import by_library, graph_data
from qkdopt.io.importers.values import Reading
from qkdopt.io.importers.xml_tree import children

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


def read_graphml(content: Content, length_field: str | None) -> Draft:
    """Return the network of a GraphML file.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(content.where)
    graphs = children(content.tree, "graph")
    if len(graphs) != 1:
        reading.fault(f"{len(graphs)} graphs in one GraphML file; expected one")
        reading.stop()
    found: Any = by_library(lambda: _parsed(content), content.where, "GraphML")
    return draft_of_graph(graph_data(found, "GraphML", reading), reading, length_field)


def _parsed(content: Content) -> Any:
    """Return the graph; older files have another namespace, which networkx does not know."""
    root = content.tree.tag.rpartition("}")[0].lstrip("{")
    data = content.data
    if root and root != NAMESPACE:
        data = data.replace(root.encode(), NAMESPACE.encode())
    elif not root:
        data = data.replace(b"<graphml", f'<graphml xmlns="{NAMESPACE}"'.encode(), 1)
    return nx.read_graphml(BytesIO(data), force_multigraph=True)
