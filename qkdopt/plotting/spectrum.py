"""The spectrum of every fibre: what is lit, and where the key travels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from qkdopt.instance import Instance
from qkdopt.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Height of all rows' names together [points], for axes of the usual height.
POINTS_OF_ROWS = 240.0

DARK, ALONG, AGAINST, GUARD, QUANTUM, CONFLICT, FOREIGN, UNAVAILABLE = range(8)
# Okabe and Ito's palette, told apart by colour-blind readers.
COLOURS = [
    "#f2f2f2", "#0072b2", "#56b4e9", "#c8c8c8", "#d55e00", "#000000", "#e69f00", "#8c8c8c",
]  # fmt: skip
NAMES = [
    "dark", "lit, a to b", "lit, b to a", "guard band", "working QKD channel", "used twice",
    "foreign light", "unavailable",
]  # fmt: skip


def plot_spectrum(instance: Instance, result: Result, ax: Axes | None = None) -> Axes:
    """Draw one row per fibre and one column per channel.

    Parameters
    ----------
    instance, result
        An instance and a result of it. Working channels off the grid are not drawn. In layout
        ``pair`` a link has a row for each of its two fibres, one a direction.
    ax
        Axes to draw on; new ones by default.

    Examples
    --------
    >>> import qkdopt
    >>> triangle = qkdopt.read_instance("instances/small/triangle.json")
    >>> ax = qkdopt.plot_spectrum(triangle, qkdopt.solve(triangle, strategy="ds-qkd"))
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['0-1', '1-2', '0-2']
    """
    if ax is None:
        _, ax = plt.subplots()
    cells = spectrum_cells(instance, result)
    ax.imshow(
        cells, cmap=ListedColormap(COLOURS), vmin=DARK, vmax=UNAVAILABLE, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    names = fibre_names(instance)
    ax.set_yticks(range(len(names)), names, fontsize=min(7.0, POINTS_OF_ROWS / len(names)))
    what = "Fibre of link a-b" if instance.fibre.layout == "pair" else "Link a-b"
    ax.set(xlabel="Channel (0 is the lowest frequency)", ylabel=what)
    shown = sorted(set(cells.ravel().tolist()) - {DARK})
    handles = [Patch(color=COLOURS[kind], label=NAMES[kind]) for kind in shown]
    ax.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.01), borderaxespad=0.0,
        ncols=4, fontsize=7,
    )  # fmt: skip
    return ax


def fibre_names(instance: Instance) -> list[str]:
    """Return the name of every row: the link, or in layout ``pair`` link and direction."""
    links = [link.id for link in instance.network.links]
    if instance.fibre.layout == "single":
        return links
    return [f"{link} {way}" for link in links for way in ("a→b", "b→a")]


def spectrum_cells(
    instance: Instance, result: Result
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """``(E, W)`` what each channel of each fibre is used for; ``(2 E, W)`` in layout ``pair``.

    Rows are those of :func:`fibre_names`. A channel that a fibre would carry twice, which no valid
    plan has, is ``CONFLICT``.
    """
    links = {link.id: link for link in instance.network.links}
    number = {name: e for e, name in enumerate(links)}
    pair = instance.fibre.layout == "pair"

    def row(name: str, along: bool) -> int:
        return 2 * number[name] + (not along) if pair else number[name]

    cells = np.full((len(fibre_names(instance)), instance.grid.channels), DARK, dtype=np.int64)
    for link in instance.network.links:
        for along, closed in zip((True, False), instance.unavailable_channels(link), strict=True):
            cells[row(link.id, along), sorted(closed)] = UNAVAILABLE
    for working in result.qkd:
        if working.channel is None:
            continue
        # The quantum signal and its guard band are in one fibre; the other carries light only.
        fibre = cells[row(working.link, links[working.link].qkd_direction == "a->b")]
        for w in range(instance.grid.channels):
            if instance.is_dark_near(w, working.channel):
                fibre[w] = GUARD
        fibre[working.channel] = QUANTUM
    for link in instance.network.links:
        for light in instance.light_in_place(link):
            if light.lightpath.demand is None:
                cells[row(link.id, light.from_a), light.channel] = FOREIGN
    for path in result.lightpaths:
        for name, start in zip(path.links, path.route, strict=False):
            along = links[name].a == start
            fibre = cells[row(name, along)]
            for w in path.channels:
                free = fibre[w] in (DARK, GUARD)
                fibre[w] = (ALONG if along else AGAINST) if free else CONFLICT
    return cells
