"""The network as a map: key rate by colour, load by width."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import networkx as nx
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from qkdopt.instance import Instance, NodeId
from qkdopt.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Width of a link without light, and of the one with most [points], whatever the load.
THINNEST, WIDEST = 1.0, 6.0
# Room beside the outermost nodes for each character of a name, as a share of the map.
NAME_MARGIN = 0.012
# A link that no colour of a key rate fits.
NO_QKD = "lightgrey"


def plot_network(instance: Instance, result: Result, ax: Axes | None = None) -> Axes:
    """Draw every link in the colour of its key rate, as wide as it is loaded.

    Parameters
    ----------
    instance, result
        An instance and a result of it.
    ax
        Axes to draw on; new ones by default.

    Examples
    --------
    >>> import qkdopt
    >>> triangle = qkdopt.read_instance("instances/small/triangle.json")
    >>> ax = qkdopt.plot_network(triangle, qkdopt.solve(triangle, strategy="ds-qkd"))
    >>> len(ax.lines) == len(triangle.network.links)
    True
    """
    if ax is None:
        _, ax = plt.subplots()
    places = node_places(instance)
    rate_kbps = {row.link: row.skr_bps / 1e3 for row in result.qkd}
    lit = Counter(link for path in result.lightpaths for link in path.links for _ in path.channels)
    most = max(lit.values(), default=0)
    scale = Normalize(0.0, max(rate_kbps.values(), default=1.0) or 1.0)
    colours = plt.get_cmap("viridis")
    for link in instance.network.links:
        (x0, y0), (x1, y1) = places[link.a], places[link.b]
        colour = colours(scale(rate_kbps[link.id])) if link.id in rate_kbps else NO_QKD
        ax.plot([x0, x1], [y0, y1], color=colour, linewidth=_width(lit[link.id], most), zorder=1)
    for node in instance.network.nodes:
        # The frame grows with the name: long ones do not overflow it, and no link buries it.
        ax.annotate(
            str(node.id), places[node.id], ha="center", va="center", fontsize=7, zorder=3,
            bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "black"},
        )  # fmt: skip
    longest = max(len(str(node.id)) for node in instance.network.nodes)
    ax.margins(x=0.08 + NAME_MARGIN * longest, y=0.1)
    bar = ax.figure.colorbar(ScalarMappable(scale, colours), ax=ax)
    bar.set_label("Secret key rate of the link [kbit/s]")
    without = any(link.id not in rate_kbps for link in instance.network.links)
    _explain(ax, most, without_qkd=without)
    ax.set(xticks=[], yticks=[])
    return ax


def _width(lit: int, most: int) -> float:
    """Width of a link's line [points]: in proportion to its light, within the same limits."""
    return THINNEST + (WIDEST - THINNEST) * lit / max(1, most)


def _explain(ax: Axes, most: int, *, without_qkd: bool) -> None:
    """Put a legend of widths, and of grey where there is any, below the map."""
    counts = sorted({0, round(most / 2), most})
    handles = [
        Line2D([], [], color="black", linewidth=_width(count, most), label=f"{count} channels lit")
        for count in counts
    ]
    if without_qkd:
        handles.append(Line2D([], [], color=NO_QKD, linewidth=3.0, label="no QKD channel at work"))
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), borderaxespad=0.0,
        ncols=len(handles), fontsize=7, frameon=False,
    )  # fmt: skip


def node_places(instance: Instance) -> dict[NodeId, tuple[float, float]]:
    """Return coordinates of every node: longitude and latitude, or a seeded layout."""
    nodes = instance.network.nodes
    if all(node.lat is not None and node.lon is not None for node in nodes):
        return {node.id: (float(node.lon or 0.0), float(node.lat or 0.0)) for node in nodes}
    graph = nx.Graph((link.a, link.b) for link in instance.network.links)
    graph.add_nodes_from(node.id for node in nodes)
    drawn = nx.spring_layout(graph, seed=0)
    return {node: (float(x), float(y)) for node, (x, y) in drawn.items()}
