"""Published key rates, as points among our curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qkdopt.experiments.reproduction.comparison import targets
from qkdopt.plotting.styles import axes_or_new, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABEL = "published (implied by its gains)"


def plot_published(figure: str, ax: Axes | None = None) -> Axes:
    """Add the key rates that the published gains of a figure imply to our curves of it.

    Each is a diamond in the colour of the curve that it compares with; ``ax`` has those curves
    (:func:`qkdopt.plotting.plot_over_load`), by their names.

    Examples
    --------
    >>> import qkdopt
    >>> ax = qkdopt.plot_published("fig5")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['published (implied by its gains)']
    """
    ax = axes_or_new(ax)
    colours = {str(line.get_label()): line.get_color() for line in ax.lines}
    points = {
        (curve, target.load_erlang, rate)
        for target in targets()
        if target.figure == figure
        for curve, rate in (
            (target.base, target.base_bps), (target.improved, target.improved_bps),
        )
    }  # fmt: skip
    for curve, load, rate in sorted(points):
        if curve in colours:
            ax.plot(
                load, 1e-3 * rate, "D", color=colours[curve], markeredgecolor="black",
                markersize=9, zorder=5,
            )  # fmt: skip
    if points:
        ax.plot([], [], "D", color="white", markeredgecolor="black", markersize=9, label=LABEL)
    legend_beside(ax)
    return ax
