"""How the plan of a run got better, and its bound lower, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qkdopt.plotting.styles import COLOURS, axes_or_new, legend_beside
from qkdopt.result import Objective, Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# On the logarithmic axis, what is faster happens here.
SHORTEST_SECONDS = 0.01
# Bounds above this many times the best plan are cut off at the top: the first ones say little.
HIGHEST = 1.6
# The narrowest range of rates shown, as a share of the best plan.
NARROWEST = 0.02
# Share of the axis that a number served needs beside it.
LABEL_SHARE = 0.03
NAMES: dict[Objective, str] = {
    "mean": "Mean key rate of served demands",
    "max-min": "Least key rate of served demands",
    "link-sum": "Key rate of all links",
    "key-factor": "Key that all can have in proportion to their needs",
    "key-delivered": "Key delivered of what is asked for",
    "key-served": "Key of needs that are met in full",
}


def plot_history(result: Result, ax: Axes | None = None) -> Axes:
    """Draw plan and bound of a run over its time, and the gap between them.

    Parameters
    ----------
    result
        A result with its history. Where more demands come to be served, a line says how many:
        rates before and after it are of different numbers of demands.
    ax
        Axes to draw on; new ones by default.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> ax = qkdopt.plot_history(qkdopt.solve(line, node_limit=1))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['plan', 'proved bound', 'gap']
    """
    ax = axes_or_new(ax)
    ax.set(
        xscale="log", xlabel="Time [s]", ylabel=f"{NAMES[result.objective]} [kbit/s]",
        title=_title(result),
    )  # fmt: skip
    ax.xaxis.set_major_formatter("{x:g}")
    ax.grid(alpha=0.3)
    if not result.history:
        ax.text(0.5, 0.5, "no history", transform=ax.transAxes, ha="center", va="center")
        return ax
    frame = result.history_frame()
    times = np.append(frame["seconds"], result.seconds).clip(min=SHORTEST_SECONDS)
    plan = _steps(frame["objective_bps"]) / 1e3
    bound = _steps(frame["bound_bps"]) / 1e3
    ax.step(times, plan, where="post", color=COLOURS[0], label="plan")
    better = np.flatnonzero(np.diff(plan, prepend=np.nan) != 0.0)
    ax.plot(times[better], plan[better], ".", color=COLOURS[0])
    if np.isfinite(bound).any():
        ax.step(times, bound, where="post", color=COLOURS[1], label="proved bound")
        ax.fill_between(
            times, plan, bound, step="post", color=COLOURS[1], alpha=0.15, linewidth=0.0,
            label="gap",
        )  # fmt: skip
    ax.set_xlim(times[0] / 1.1, 1.1 * times[-1])
    ax.set_ylim(*_range(plan, bound))
    _number_served(ax, frame, times)
    legend_beside(ax)
    return ax


def _steps(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a column with its last value once more: it holds until the end of the run."""
    values = column.to_numpy(dtype=np.float64)
    return np.append(values, values[-1])


def _title(result: Result) -> str:
    if result.gap is None:
        return f"{result.instance.name}, no gap proved"
    return f"{result.instance.name}, gap {100.0 * result.gap:.2f} %"


def _range(
    plan: np.ndarray[tuple[int], np.dtype[np.float64]],
    bound: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> tuple[float, float]:
    """Return the rates between which plans and the bounds close to them lie [kbit/s]."""
    best = max(float(plan.max()), 1e-3)
    close = bound[np.isfinite(bound) & (bound <= HIGHEST * best)]
    top = max(best, float(close.max(initial=best)))
    if np.isfinite(bound).any() and not len(close):
        top = HIGHEST * best
    bottom = float(plan.min())
    margin = max(0.08 * (top - bottom), NARROWEST * best)
    return max(0.0, bottom - margin), top + 2.0 * margin


def _number_served(
    ax: Axes, frame: pd.DataFrame, times: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    """Say at the top how many are served, from where on."""
    served = frame["served"].to_numpy()
    changes = [0, *(np.flatnonzero(np.diff(served)) + 1)]
    for row in changes[1:]:
        ax.axvline(times[row], color="grey", linewidth=0.8, linestyle=":")
    ends = [*times[changes[1:]], np.inf]
    closest = (1.1 * times[-1] / times[0]) ** LABEL_SHARE
    for row, end in zip(changes, ends, strict=True):
        if end < closest * times[row]:
            continue  # the next number would cover it
        ax.annotate(
            f"{served[row]} served", (times[row], 1.0), xycoords=ax.get_xaxis_transform(),
            xytext=(3, -4), textcoords="offset points", rotation=90, ha="left", va="top",
            fontsize=7, color="dimgrey",
        )  # fmt: skip
