"""Measured key rates with their intervals of 95 %: over load, failures and hardware parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qkdopt.experiments.reproduction.comparison import targets
from qkdopt.plotting.styles import COLOURS, axes_or_new, curve_style, legend_beside, legend_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Width of a figure without its legend [inch].
AXES_WIDTH = 6.0

# Column -> (label of the axis, factor from the column's unit).
MEASURES = {
    "mean_skr_bps": ("mean secret key rate at admission [kbit/s]", 1e-3),
    "mean_skr_per_request_bps": ("mean secret key rate per request [kbit/s]", 1e-3),
    "time_average_skr_bps": ("secret key rate averaged over time [kbit/s]", 1e-3),
    "blocking": ("blocking [%]", 100.0),
    "outage": ("served without key [%]", 100.0),
    "gain_percent": ("gain in mean secret key rate [%]", 1.0),
    "snapshot_gap": ("distance from the bound [%]", 100.0),
}
# Bars of more sets than there are colours.
HATCHES = ("", "///", "...", "xxx")
# Column -> label of the axis.
SURVIVAL_MEASURES = {
    "survived_after_reaction": "key rate that survives [%]",
    "affected_survived_after_reaction": "key rate that survives, affected demands [%]",
    "time_average_survived": "key rate averaged over time, of that without events [%]",
}
# Parameters of the same effect lie on each other: the first drawn are the widest.
WIDTHS = (6.0, 3.5, 1.5, 3.0, 1.5, 0.8)
LABEL = "published (implied by its gains)"


def plot_over_load(
    table: pd.DataFrame, measure: str, ax: Axes | None = None, by: str = "curve"
) -> Axes:
    """Draw one curve for each value of a column, with its 95 % band.

    Rows without a value are left out. Several rows of one curve and load (seeds) are averaged.

    Parameters
    ----------
    table
        Results, with the columns ``load_erlang``, ``by``, ``measure`` and ``{measure}_ci95``. Key
        rates are in bit/s, ``blocking``, ``outage`` and ``snapshot_gap`` are shares,
        ``gain_percent`` is in per cent.
    measure
        Column to draw, a key of :data:`MEASURES`.
    ax
        Axes to draw on; None for those of a new figure.
    by
        Column whose values name the curves.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> table = pd.DataFrame({"curve": "ds-qkd", "load_erlang": [60.0, 100.0],
    ...                       "blocking": [0.01, 0.04], "blocking_ci95": [0.001, 0.002]})
    >>> ax = qkdopt.plot_over_load(table, "blocking")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('load [erlang]', 'blocking [%]')
    """
    ax = axes_or_new(ax)
    label, scale = MEASURES[measure]
    known = table[table[measure].notna()]
    for number, (name, rows) in enumerate(known.groupby(by, sort=False)):
        columns = rows.groupby("load_erlang")[[measure, f"{measure}_ci95"]]
        means = columns.mean()
        # Independent seeds: the interval of their average.
        spread = (columns.apply(lambda part: (part**2).sum() ** 0.5 / len(part)))[f"{measure}_ci95"]
        centre = scale * means[measure].astype(float)
        width = scale * spread.astype(float)
        (line,) = ax.plot(
            centre.index, centre, markersize=4, label=str(name), **curve_style(number)
        )
        ax.fill_between(
            centre.index, centre - width, centre + width, alpha=0.25, color=line.get_color()
        )
    ax.set_xlabel("load [erlang]")
    ax.set_ylabel(label)
    ax.grid(alpha=0.3)
    legend_beside(ax)
    return ax


def study_figures(table: pd.DataFrame) -> dict[str, Figure]:
    """Draw key rate, blocking, gain and, where it was proved, distance from the bound."""
    from matplotlib.figure import Figure

    several_sets = table["set"].nunique() > 1
    several_instances = table["instance"].nunique() > 1
    names = table["label"].astype(str)
    if several_sets:
        names = names + " " + table["set"].astype(str)
    if several_instances:
        names = table["instance"].astype(str) + " " + names
    done = table.assign(curve=names)[table["status"] == "done"]
    figures = {}
    width = AXES_WIDTH + legend_width(done["curve"].unique())
    for measure in ("mean_skr_bps", "blocking", "gain_percent", "snapshot_gap"):
        if measure in done and done[measure].notna().any():
            figure = Figure(figsize=(width, 4.5), layout="constrained")
            plot_over_load(done, measure, figure.subplots())
            figures[measure] = figure
    return figures


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
        Share to draw, a key of :data:`SURVIVAL_MEASURES`.

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
    ax.set_ylabel(SURVIVAL_MEASURES[measure])
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
