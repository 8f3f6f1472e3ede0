"""GML, read by networkx; the Internet Topology Zoo is in this format."""

from __future__ import annotations

import re
from typing import Any

import networkx as nx

from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.graph import GraphData, draft_of_graph
from qkdopt.io.importers.networkx_data import by_library, graph_data
from qkdopt.io.importers.values import Reading

FIRST_GRAPH = re.compile(r"^([^\S\n]*graph\b\s*\[)", flags=re.MULTILINE)
MULTIGRAPH = re.compile(r"^[^\S\n]*multigraph\s+[01]", flags=re.MULTILINE)
DIRECTED = re.compile(r"^[^\S\n]*directed\s+([01])\b", flags=re.MULTILINE)


def read_gml(content: Content, length_field: str | None) -> Draft:
    """Return the network of a GML text.

    Raises
    ------
    InstanceError
        With every fault.
    """
    text = content.text
    if not MULTIGRAPH.search(text):
        # Files with parallel edges seldom say so, and networkx takes them for a mistake.
        text = FIRST_GRAPH.sub(r"\1 multigraph 1", text, count=1)
    found: Any = by_library(lambda: nx.parse_gml(text, label=None), content.where, "GML")
    reading = Reading(content.where)
    graph: GraphData = graph_data(found, "GML", reading)
    if not DIRECTED.search(content.text):
        graph.directed = None
    return draft_of_graph(graph, reading, length_field)
