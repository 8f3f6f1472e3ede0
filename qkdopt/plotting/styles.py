"""Looks of curves that no two of a figure share, and legends that cover none of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, told apart by colour-blind readers, without its yellow, which white
# paper swallows.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
# Of key rates from low to high: seven steps of viridis, told apart by colour-blind readers and in
# grey.
RATE_COLOURS = ("#440154", "#443983", "#31688e", "#21918c", "#35b779", "#90d743", "#fde725")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h", "p", "d", "8")
# Entries that one column of a legend beside the axes holds.
ENTRIES_A_COLUMN = 18
# Of small print, about.
INCHES_A_CHARACTER = 0.075


def curve_style(number: int) -> dict[str, Any]:
    """Return colour, line and marker of a curve by its place in the figure.

    Colours change first, then lines and markers with them: 28 curves differ in colour and line,
    196 where markers are counted too.
    """
    turn, colour = divmod(number, len(COLOURS))
    marker = colour + len(COLOURS) * (turn % 2) + turn // len(LINES)
    return {
        "color": COLOURS[colour],
        "linestyle": LINES[turn % len(LINES)],
        "marker": MARKERS[marker % len(MARKERS)],
    }


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the given axes, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def legend_width(labels: Iterable[str]) -> float:
    """Width [inch] that a legend of such labels takes beside its axes, about."""
    texts = list(labels)
    columns = -(-len(texts) // ENTRIES_A_COLUMN)
    return columns * (0.6 + INCHES_A_CHARACTER * max(map(len, texts), default=0))


def legend_beside(ax: Axes, **options: Any) -> None:
    """Put a legend to the right of the axes, where no curve is; none where nothing has a label."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    ax.legend(
        handles, labels, loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0.0,
        **{"fontsize": "small", "ncols": -(-len(handles) // ENTRIES_A_COLUMN), **options},
    )  # fmt: skip


def legend_above(ax: Axes, **options: Any) -> None:
    """Put a legend over the axes, where no curve is; none where nothing has a label."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    ax.legend(
        handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.01), borderaxespad=0.0,
        **{"fontsize": "small", "ncols": min(4, len(handles)), **options},
    )  # fmt: skip
