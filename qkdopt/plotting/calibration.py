"""Measured key rates and QBERs beside those of a calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qkdopt.plotting.styles import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qkdopt.result.calibration import Calibration

LABELS = {"skr_bps": "key rate [bit/s]", "qber": "QBER"}
SERIES = (
    ("unfitted", "as the instance was given", "x", "0.6"),
    ("fitted", "fitted", "o", "tab:blue"),
    ("out_of_sample", "out of sample", "s", "tab:orange"),
)


def plot_calibration(
    calibration: Calibration,
    ax: Axes | None = None,
    *,
    what: Literal["skr_bps", "qber"] = "skr_bps",
) -> Axes:
    """Draw predicted against measured numbers: as given, fitted, and out of sample.

    Parameters
    ----------
    calibration
        What was fitted to which measurements.
    ax
        Axes to draw on; None for those of a new figure.
    what
        Key rates or QBERs.

    Returns
    -------
    Axes
        Both logarithmic; what is 0 on either side is not drawn.

    Examples
    --------
    >>> import qkdopt
    >>> found = qkdopt.calibrate("studies/made_up_lab.csv", preset="field", folds=0)
    >>> ax = qkdopt.plot_calibration(found, what="qber")
    >>> [line.get_label() for line in ax.lines[:2]]
    ['as the instance was given', 'fitted']
    """
    ax = axes_or_new(ax)
    rows = [value for row in calibration.rows if (value := getattr(row, what)) is not None]
    for name, label, marker, colour in SERIES:
        pairs = [
            (row.measured, predicted)
            for row in rows
            if row.measured > 0.0
            and (predicted := getattr(row, name)) is not None
            and predicted > 0.0
        ]
        if pairs:
            measured, predictions = zip(*pairs, strict=True)
            (points,) = ax.plot(
                measured, predictions, marker, color=colour, label=label, markersize=5
            )
            if marker != "x":
                points.set_markerfacecolor("none")
    known = [row.measured for row in rows if row.measured > 0.0]
    if known:
        ends = [min(known), max(known)]
        ax.plot(ends, ends, color="0.3", linewidth=0.8, zorder=0)
        ax.set(xscale="log", yscale="log")
        ax.legend(fontsize="small")
    ax.set(xlabel=f"measured {LABELS[what]}", ylabel=f"predicted {LABELS[what]}")
    return ax
