"""The spectrum of every link: what is lit, and where the key travels."""

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

DARK, ALONG, AGAINST, BOTH, GUARD, QUANTUM = range(6)
# Okabe and Ito's palette, told apart by colour-blind readers.
COLOURS = ["#f2f2f2", "#0072b2", "#56b4e9", "#003f63", "#c8c8c8", "#d55e00"]
NAMES = ["dark", "lit, a to b", "lit, b to a", "lit both ways", "guard band", "working QKD channel"]


def plot_spectrum(instance: Instance, result: Result, ax: Axes | None = None) -> Axes:
    """Draw one row per link and one column per channel.

    Parameters
    ----------
    instance, result
        An instance and a result of it. Working channels off the grid are not drawn.
    ax
        Axes to draw on; new ones by default.
    """
    if ax is None:
        _, ax = plt.subplots()
    cells = spectrum_cells(instance, result)
    ax.imshow(
        cells, cmap=ListedColormap(COLOURS), vmin=DARK, vmax=QUANTUM, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    links = [link.id for link in instance.network.links]
    ax.set_yticks(range(len(links)), links, fontsize=7)
    ax.set(xlabel="Channel (0 is the lowest frequency)", ylabel="Link a-b")
    shown = sorted(set(cells.ravel().tolist()) - {DARK})
    handles = [Patch(color=COLOURS[kind], label=NAMES[kind]) for kind in shown]
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=4, fontsize=7)
    return ax


def spectrum_cells(
    instance: Instance, result: Result
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """``(E, W)`` what each channel of each link is used for."""
    links = instance.network.links
    row = {link.id: e for e, link in enumerate(links)}
    cells = np.full((len(links), instance.grid.channels), DARK, dtype=np.int64)
    for working in result.qkd:
        if working.channel is None:
            continue
        for w in range(instance.grid.channels):
            if instance.is_dark_near(w, working.channel):
                cells[row[working.link], w] = GUARD
        cells[row[working.link], working.channel] = QUANTUM
    for path in result.lightpaths:
        for name, start in zip(path.links, path.route, strict=False):
            kind = ALONG if links[row[name]].a == start else AGAINST
            for w in path.channels:
                here = cells[row[name], w]
                cells[row[name], w] = kind if here in (DARK, GUARD, kind) else BOTH
    return cells
