"""The network as a map: key rate by colour, load by width."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import networkx as nx
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from qkdopt.instance import Instance, NodeId
from qkdopt.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_network(instance: Instance, result: Result, ax: Axes | None = None) -> Axes:
    """Draw every link in the colour of its key rate, as wide as it is loaded.

    Parameters
    ----------
    instance, result
        An instance and a result of it.
    ax
        Axes to draw on; new ones by default.
    """
    if ax is None:
        _, ax = plt.subplots()
    places = node_places(instance)
    rate_kbps = {row.link: row.skr_bps / 1e3 for row in result.qkd}
    lit = Counter(link for path in result.lightpaths for link in path.links for _ in path.channels)
    scale = Normalize(0.0, max(rate_kbps.values(), default=1.0) or 1.0)
    colours = plt.get_cmap("viridis")
    for link in instance.network.links:
        (x0, y0), (x1, y1) = places[link.a], places[link.b]
        colour = colours(scale(rate_kbps[link.id])) if link.id in rate_kbps else "lightgrey"
        ax.plot([x0, x1], [y0, y1], color=colour, linewidth=1.0 + 0.25 * lit[link.id], zorder=1)
    for node in instance.network.nodes:
        x, y = places[node.id]
        ax.scatter([x], [y], s=160, color="white", edgecolor="black", zorder=2)
        ax.annotate(str(node.id), (x, y), ha="center", va="center", fontsize=7, zorder=3)
    bar = ax.figure.colorbar(ScalarMappable(scale, colours), ax=ax)
    bar.set_label("Secret key rate of the link [kbit/s]")
    ax.set(xticks=[], yticks=[], title="Links: colour key rate, width lit channels")
    return ax


def node_places(instance: Instance) -> dict[NodeId, tuple[float, float]]:
    """Return coordinates of every node: longitude and latitude, or a seeded layout."""
    nodes = instance.network.nodes
    if all(node.lat is not None and node.lon is not None for node in nodes):
        return {node.id: (float(node.lon or 0.0), float(node.lat or 0.0)) for node in nodes}
    graph = nx.Graph((link.a, link.b) for link in instance.network.links)
    graph.add_nodes_from(node.id for node in nodes)
    drawn = nx.spring_layout(graph, seed=0)
    return {node: (float(x), float(y)) for node, (x, y) in drawn.items()}
