"""What survives degradations: bars with intervals of 95 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qkdopt.plotting.styles import COLOURS, axes_or_new, curve_style, legend_beside

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Bars of more sets than there are colours.
HATCHES = ("", "///", "...", "xxx")

# Column -> label of the axis.
MEASURES = {
    "survived_after_reaction": "key rate that survives [%]",
    "affected_survived_after_reaction": "key rate that survives, affected demands [%]",
    "time_average_survived": "key rate averaged over time, of that without events [%]",
}


def plot_survival(
    table: pd.DataFrame, ax: Axes | None = None, measure: str = "survived_after_reaction"
) -> Axes:
    """Draw one group of bars for each event, retuning and restoration, one bar a candidate set.

    Parameters
    ----------
    table
        Rows of ``resilience.csv`` of one relay, with the columns ``event``, ``retune``,
        ``restoration``, ``channels``, ``{measure}_percent`` and ``{measure}_ci95_percent``. Values
        are shares [%]; those that do not exist are left out, and so are intervals that do not.
    ax
        Axes to draw on; None for those of a new figure.
    measure
        Share to draw, a key of :data:`MEASURES`.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> table = pd.DataFrame({"event": "receiver", "retune": ["always", "never"],
    ...                       "restoration": "-", "channels": "{3,13}",
    ...                       "survived_after_reaction_percent": [95.0, 80.0],
    ...                       "survived_after_reaction_ci95_percent": [0.5, 0.7]})
    >>> ax = qkdopt.plot_survival(table)
    >>> [float(bar.get_height()) for bar in ax.patches]
    [95.0, 80.0]
    """
    ax = axes_or_new(ax)
    groups = list(dict.fromkeys(_group(row) for _, row in table.iterrows()))
    sets = list(dict.fromkeys(table["channels"]))
    width = 0.8 / max(1, len(sets))
    for s, name in enumerate(sets):
        rows = table[table["channels"] == name]
        places = [groups.index(_group(row)) + (s + 0.5) * width - 0.4 for _, row in rows.iterrows()]
        values = rows[f"{measure}_percent"].astype(float)
        spread = rows[f"{measure}_ci95_percent"].astype(float)
        curve = curve_style(s)
        ax.bar(
            places, values, 0.9 * width, yerr=spread, capsize=2.0, label=str(name),
            color=curve["color"], alpha=0.85, hatch=HATCHES[s // len(COLOURS) % len(HATCHES)],
        )  # fmt: skip
        for place in np.array(places)[np.asarray(values == 0.0)]:
            # A bar of no height would look like a value that does not exist.
            ax.annotate("0", (place, 0.0), ha="center", va="bottom", fontsize="small")
    ax.set_xticks(np.arange(len(groups)), groups)
    ax.tick_params(axis="x", labelsize="small")
    ax.set_ylabel(MEASURES[measure])
    ax.set_ylim(0.0, 105.0)
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    legend_beside(ax, title="candidates")
    return ax


def _group(row: pd.Series[str]) -> str:
    """Words under one group of bars."""
    retuning = {"always": "retuning", "never": "no retuning"}.get(row["retune"], row["retune"])
    lines = [row["event"], retuning]
    if row["restoration"] != "-":
        lines.append("restored" if row["restoration"] == "on" else "not restored")
    return "\n".join(lines)
