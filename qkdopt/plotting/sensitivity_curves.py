"""Gain in key rate against how far a hardware parameter is turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qkdopt.plotting.styles import axes_or_new, curve_style, legend_beside

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Parameters of the same effect lie on each other: the first drawn are the widest.
WIDTHS = (6.0, 3.5, 1.5, 3.0, 1.5, 0.8)


def plot_sensitivity(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw one curve a parameter, gain [%] against dB to the better side, with its 95 % interval.

    ``table`` has the columns ``parameter``, ``db``, ``better``, ``paired_gain_percent`` and
    ``paired_ci95``. Choices of launch power that are no matter of degree (``better`` 0) are stars.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> table = pd.DataFrame({"parameter": "launch power", "db": [-3.0, 0.0], "better": -1,
    ...                       "paired_gain_percent": [20.0, 0.0], "paired_ci95": [0.5, 0.0]})
    >>> ax = qkdopt.plot_sensitivity(table)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['launch power']
    """
    ax = axes_or_new(ax)
    for number, (name, rows) in enumerate(table.groupby("parameter", sort=False)):
        known = rows[rows["paired_gain_percent"].notna()]
        if known.empty:
            continue
        width = WIDTHS[number % len(WIDTHS)]
        is_choice = bool((known["better"] == 0).all())
        ax.errorbar(
            # Less launch power is the better side.
            known["db"] * known["better"].replace(0, -1),
            known["paired_gain_percent"],
            yerr=known["paired_ci95"],
            color=curve_style(number)["color"],
            linestyle="none" if is_choice else curve_style(number)["linestyle"],
            linewidth=width,
            elinewidth=1.0,
            marker="*" if is_choice else curve_style(number)["marker"],
            markersize=12.0 if is_choice else 4.0 + width,
            label=str(name),
        )
    ax.axhline(0.0, color="0.6", linewidth=0.8)
    ax.axvline(0.0, color="0.6", linewidth=0.8)
    ax.set_xlabel("parameter turned to the better side [dB]")
    ax.set_ylabel("gain in mean secret key rate per request [%]")
    ax.grid(alpha=0.3)
    legend_beside(ax)
    return ax
