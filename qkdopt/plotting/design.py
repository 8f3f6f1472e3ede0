"""Figures of a design: the ranking, the frontier, and why the best set is the best."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from qkdopt.plotting.styles import curve_style, legend_above, legend_beside

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from qkdopt.channel_sets.diagnostics import ChannelDiagnostics

# Okabe and Ito's palette, told apart by colour-blind readers.
BETTER, WORSE, SAME = "#0072b2", "#d55e00", "#999999"
COLOUR_OF = {"above": BETTER, "below": WORSE, "not significant": SAME, "baseline": "#000000"}
MOST_BARS = 20


def plot_ranking(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the paired gain of each set over the baseline, with its 95 % interval.

    ``table`` has the columns of :func:`qkdopt.channel_sets.ranking.rank`.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> table = pd.DataFrame({"name": ["{3}", "{13}"], "found_by": ["search", "given"],
    ...                       "paired_gain_percent": [2.5, 0.0], "paired_ci95": [0.4, float("nan")],
    ...                       "verdict": ["above", "baseline"]})
    >>> ax = qkdopt.plot_ranking(table)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['above', 'baseline']
    """
    if ax is None:
        _, ax = plt.subplots()
    shown = table[table["paired_gain_percent"].notna()].head(MOST_BARS).iloc[::-1]
    for place, row in enumerate(shown.to_dict("records")):
        ax.errorbar(
            row["paired_gain_percent"], place, xerr=row["paired_ci95"] or 0.0, fmt="o",
            color=COLOUR_OF[row["verdict"]], capsize=3,
        )  # fmt: skip
        annotation = f"{row['paired_gain_percent']:+.2f}{_spread(row['paired_ci95'])}"
        if row["verdict"] == "baseline":
            annotation = "baseline"
        ax.annotate(
            annotation, (row["paired_gain_percent"], place), textcoords="offset points",
            xytext=(0, 5), ha="center", fontsize=6,
        )  # fmt: skip
    names = [
        f"{name}  ({found})" for name, found in zip(shown["name"], shown["found_by"], strict=True)
    ]
    ax.set_yticks(range(len(shown)), names, fontsize=7)
    ax.axvline(0.0, color="#000000", linewidth=0.8)
    ax.set_xlabel("gain over the baseline, paired [%]")
    ax.grid(axis="x", alpha=0.3)
    for comparison in dict.fromkeys(shown["verdict"].iloc[::-1]):
        ax.plot([], [], "o", color=COLOUR_OF[comparison], label=comparison)
    legend_above(ax)
    return ax


def plot_pareto(table: pd.DataFrame, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Draw key rate per request, and blocking, against cost: what the next receiver buys.

    ``table`` is that of :class:`qkdopt.channel_sets.pareto.Pareto`; two axes, one above the other.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> table = pd.DataFrame({"name": ["{3}", "{3,13}"], "cost": [4.0, 8.0],
    ...                       "best_of_size": True,
    ...                       "mean_skr_per_request_bps": [9e3, 12e3], "ci95": 50.0,
    ...                       "blocking": [0.04, 0.04], "blocking_ci95": 0.001,
    ...                       "buys_percent": [float("nan"), 33.3],
    ...                       "buys_ci95": [float("nan"), 0.8]})
    >>> rate, blocking = qkdopt.plot_pareto(table)
    >>> blocking.get_xlabel()
    'cost of receivers and transmitters'
    """
    if axes is None:
        _, axes = plt.subplots(2, 1, sharex=True)
    rate, blocking = axes
    place, xlabel = _places(table)
    by_rank = table["cost"].nunique() == 1
    best = table[table["best_of_size"]].sort_values("cost")
    others = table[~table["best_of_size"]]
    for ax, column, scale in (
        (rate, "mean_skr_per_request_bps", 1e-3),
        (blocking, "blocking", 100),
    ):
        spread = "ci95" if ax is rate else "blocking_ci95"
        ax.errorbar(
            place[others.index], scale * others[column],
            # Sets of the same cost would draw their intervals on one another.
            yerr=scale * others[spread].fillna(0.0) if by_rank else None,
            fmt=".", color=SAME, elinewidth=0.8, label="other sets",
        )  # fmt: skip
        ax.errorbar(
            place[best.index], scale * best[column],
            yerr=scale * best[spread].fillna(0.0),
            fmt="o-", color=BETTER, capsize=3, label="best of each number",
        )  # fmt: skip
        ax.grid(alpha=0.3)
    for at, row in zip(place[best.index], best.to_dict("records"), strict=True):
        _label(rate, at, row, right=by_rank)
    rate.margins(y=0.18)
    for ax in axes:
        ax.margins(x=0.16)
    rate.set_ylabel("key rate per request [kbit/s]")
    legend_above(rate)
    blocking.set(xlabel=xlabel, ylabel="blocking [%]")
    # Points of no blocking stand on the axis, whole.
    blocking.set_ylim(bottom=-0.05 * blocking.get_ylim()[1])
    if by_rank:
        blocking.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _places(table: pd.DataFrame) -> tuple[pd.Series[float], str]:
    """Return where each set stands on the axis, and what the axis is.

    By cost; sets that all cost the same, which would stand on one another, by rank.
    """
    import pandas as pd

    if table["cost"].nunique() > 1:
        return table["cost"], "cost of receivers and transmitters"
    cost = table["cost"].iloc[0] if len(table) else 0.0
    # Of sets alike the one that is named first.
    order = table.sort_values(["mean_skr_per_request_bps", "best_of_size"], ascending=False).index
    rank = pd.Series(range(1, len(order) + 1), index=order, dtype=float)
    return rank, f"rank by key rate per request (every set costs {cost:g})"


def _label(ax: Axes, place: float, row: dict[Hashable, Any], *, right: bool) -> None:
    """Write what a set is, and what it adds to the best with fewer."""
    buys, spread = row["buys_percent"], row["buys_ci95"]
    gain = "" if np.isnan(buys) else f"\n{buys:+.2f}" + _spread(spread) + " %"
    ax.annotate(
        f"{row['name']}{gain}",
        (place, 1e-3 * row["mean_skr_per_request_bps"]),
        # Beside the bar of its interval, and on the side where the frontier lies below.
        textcoords="offset points", xytext=(5 if right else -5, 5),
        ha="left" if right else "right", fontsize=7,
    )  # fmt: skip


def _spread(half_width: float) -> str:
    return "" if np.isnan(half_width) else f" ± {half_width:.2f}"


def plot_diagnostics(
    winner: ChannelDiagnostics, baseline: ChannelDiagnostics, axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """Draw why a set wins: the light, the Raman noise it makes, the key rate it leaves.

    Three axes over the channel number: the share of links on which each channel is lit, the noise
    of one lightpath in each candidate of the winner, and the mean key rate of a link on each
    channel, with the candidates marked by the share of time they work; off the grid as lines.

    Parameters
    ----------
    winner, baseline
        Diagnostics of the two sets on one network, see
        :func:`qkdopt.channel_sets.diagnostics.channel_diagnostics`.
    axes
        Three axes, for light, noise and key rate; None for those of a new figure.

    Examples
    --------
    >>> from qkdopt.channel_sets.diagnostics import ChannelDiagnostics
    >>> import numpy as np
    >>> import qkdopt
    >>> def of(name, works):
    ...     return ChannelDiagnostics(
    ...         name=name, channels=("0", "1"), lit=np.array([0.2, 0.4]),
    ...         skr_bps=np.array([9e3, 8e3]), works=np.array(works),
    ...         noise=np.full((2, 2), 1e-6), links=np.array([works]),
    ...     )
    >>> light, noise, rate = qkdopt.plot_diagnostics(of("{0}", [1.0, 0.0]), of("{1}", [0.0, 1.0]))
    >>> light.get_ylabel()
    'links lit [%]'
    """
    if axes is None:
        _, axes = plt.subplots(3, 1, sharex=True)
    light, raman, rate = axes
    grid = np.arange(len(winner.lit))
    light.bar(grid, 100 * winner.lit, color=BETTER, label=winner.name)
    light.step(grid, 100 * baseline.lit, where="mid", color=WORSE, linewidth=1, label=baseline.name)
    light.set_ylabel("links lit [%]")
    for number, channel in enumerate(np.flatnonzero(winner.works > 0.0)):
        curve = curve_style(number) | {"marker": ""}
        label = f"into channel {winner.channels[channel]}"
        raman.plot(grid, 1e6 * winner.noise[channel], label=label, **curve)
    raman.set_ylabel("Raman noise of one\nlightpath [$10^{-6}$/gate]")
    for one, colour in ((winner, BETTER), (baseline, WORSE)):
        _landscape(rate, one, colour, len(grid))
    rate.set(
        xlabel="channel (0 is the lowest frequency)",
        ylabel="key rate of a link\non it, were it free [kbit/s]",
    )
    rate.margins(y=0.15)
    for ax in axes:
        legend_beside(ax)
        ax.grid(alpha=0.3)
    return axes


def _landscape(ax: Axes, one: ChannelDiagnostics, colour: str, grid: int) -> None:
    """Draw the key rate on every channel, and the share of time that each candidate works."""
    ax.plot(range(grid), 1e-3 * one.skr_bps[:grid], color=colour, alpha=0.6, label=one.name)
    for channel in np.flatnonzero(one.works > 0.0).tolist():
        height, annotation = 1e-3 * one.skr_bps[channel], f"{100 * one.works[channel]:.0f} %"
        place = channel
        if channel >= grid:
            # Off the grid there is no place on the axis: a line over all of it.
            ax.axhline(height, color=colour, linestyle=":", linewidth=1)
            place, annotation = grid - 1, f"{one.channels[channel]}: {annotation}"
        else:
            ax.plot(channel, height, "o", color=colour)
        ax.annotate(
            annotation, (place, height), textcoords="offset points", xytext=(0, 5), ha="center",
            fontsize=7, color=colour,
        )  # fmt: skip
