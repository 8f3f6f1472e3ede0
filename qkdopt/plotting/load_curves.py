"""Curves over load, with bands of 95 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qkdopt.plotting.styles import axes_or_new, curve_style, legend_beside, legend_width

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
