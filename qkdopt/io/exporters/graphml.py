"""The network of a plan as GraphML, for graph tools."""

from __future__ import annotations

import networkx as nx

from qkdopt.io.exporters.plan import ExportedPlan, joined


def graphml_file(plan: ExportedPlan) -> bytes:
    """Return a multigraph: nodes with label and place, links with light, quantum channel and rate.

    GraphML knows no null and no list: a value that is not there has no attribute, a list is text
    with its parts between blanks.
    """
    graph = nx.MultiGraph(name=plan.instance.name)
    for node in plan.instance.network.nodes:
        place = {"label": node.label, "lat": node.lat, "lon": node.lon}
        graph.add_node(str(node.id), **{k: v for k, v in place.items() if v not in (None, "")})
    for row in plan.link_rows():
        values = {key: joined(value) for key, value in row.items() if value is not None}
        a, b = str(values.pop("a")), str(values.pop("b"))
        # GraphML does not keep the order of the ends of an edge without direction.
        graph.add_edge(a, b, key=row["link"], end_a=a, end_b=b, **values)
    return "\n".join([*nx.generate_graphml(graph), ""]).encode()
