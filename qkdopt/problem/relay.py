"""The route that a key is relayed along, where it may leave its demand's own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx

from qkdopt.problem import Problem
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray


class WidestRelay:
    """Key relay along the route with the best bottleneck (the maximum spanning tree)."""

    def __init__(self, problem: Problem, link_skr: Sequence[float] | FloatArray) -> None:
        graph = nx.MultiGraph()
        for e, link in enumerate(problem.instance.network.links):
            graph.add_edge(link.a, link.b, key=e, skr=link_skr[e])
        self._tree = nx.maximum_spanning_tree(graph, weight="skr")

    def links(self, route: Route) -> tuple[int, ...]:
        """Links of the widest relay route between the ends of a lightpath route."""
        nodes = nx.shortest_path(self._tree, route.nodes[0], route.nodes[-1])
        hops = pairwise(nodes)
        return tuple(next(iter(self._tree[a][b])) for a, b in hops)
