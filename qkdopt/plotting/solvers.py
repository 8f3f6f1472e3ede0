"""Solvers side by side: performance profile, and gap over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qkdopt.experiments.comparison.summary import is_solved
from qkdopt.plotting.styles import COLOURS, LINES, MARKERS, axes_or_new, legend_beside

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FLOOR_SECONDS = 0.1


def plot_performance_profile(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of instances each way solves within a factor of the fastest's time.

    ``rows`` has a row a run with ``instance_sha256``, ``solver``, ``formulation``, ``outcome``,
    ``checked`` and ``seconds``; unsolved and refused runs never count (Dolan and Moré,
    Mathematical Programming 91, 201, 2002). Times below a tenth of a second are start-up and count
    as one.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> rows = pd.DataFrame({"instance_sha256": ["a", "a"], "solver": "highs",
    ...                      "formulation": ["joint", "load-state"], "outcome": "optimal",
    ...                      "checked": True, "seconds": [2.0, 1.0], "served": 6,
    ...                      "gap": 0.0, "status": "done"})
    >>> ax = qkdopt.plot_performance_profile(rows)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['highs, joint', 'highs, load-state']
    """
    ax = axes_or_new(ax)
    solved = is_solved(rows)
    time = rows["seconds"].astype(float).clip(lower=FLOOR_SECONDS).where(solved, np.inf)
    fastest = time.groupby(rows["instance_sha256"]).transform("min")
    with np.errstate(invalid="ignore"):
        factor = (time / fastest).where(np.isfinite(time), np.inf)
    instances = rows["instance_sha256"].nunique()
    styles = _styles(rows)
    widest = float(factor[np.isfinite(factor)].max()) if solved.any() else 1.0
    for name, part in factor.groupby(_ways(rows), sort=False):
        finite = np.sort(part[np.isfinite(part)])
        steps = np.concatenate([[1.0], finite, [2.0 * widest]])
        shares = np.concatenate([[0.0], np.arange(1, len(finite) + 1), [len(finite)]]) / max(
            1, instances
        )
        ax.step(steps, shares, where="post", label=str(name), **styles[name])
    ax.set(
        xscale="log", xlabel="time, as a multiple of the fastest's",
        ylabel="share of instances solved", ylim=(0.0, 1.05), xlim=(1.0, 2.0 * widest),
    )  # fmt: skip
    ax.grid(alpha=0.3)
    legend_beside(ax, title=f"{instances} instances")
    return ax


def plot_gap_over_time(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each way's gap while it ran, averaged over instances.

    ``rows`` has ``trace_seconds``, ``trace_value_bps`` and ``trace_bound_bps``: incumbent and
    bound as the run told them. Before a first bound the gap is 100 %.

    Examples
    --------
    >>> import pandas as pd
    >>> import qkdopt
    >>> rows = pd.DataFrame({"solver": "highs", "formulation": "joint", "seconds": [2.0],
    ...                      "trace_seconds": [[0.5]], "trace_value_bps": [[9.0]],
    ...                      "trace_bound_bps": [[10.0]]})
    >>> ax = qkdopt.plot_gap_over_time(rows)
    >>> round(float(ax.lines[0].get_ydata()[-1]), 6)
    10.0
    """
    ax = axes_or_new(ax)
    latest = max(float(rows["seconds"].astype(float).max()), 2.0 * FLOOR_SECONDS)
    times = np.geomspace(FLOOR_SECONDS, latest, 200)
    styles = _styles(rows)
    for name, part in rows.groupby(_ways(rows), sort=False):
        gaps = np.array([_gap_at(row, times) for _, row in part.iterrows()])
        ax.plot(times, 100.0 * gaps.mean(axis=0), label=str(name), markevery=20, **styles[name])
    ax.set(xscale="log", xlabel="time [s]", ylabel="mean gap [%]", ylim=(0.0, None))
    ax.grid(alpha=0.3)
    legend_beside(ax)
    return ax


def _ways(rows: pd.DataFrame) -> pd.Series:
    return rows["solver"] + ", " + rows["formulation"]


def _styles(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return a colour and marker for each solver, a line for each formulation, the first solid."""
    solvers = list(dict.fromkeys(rows["solver"]))
    formulations = list(dict.fromkeys(rows["formulation"]))
    return {
        f"{solver}, {formulation}": {
            "color": COLOURS[solvers.index(solver) % len(COLOURS)],
            "marker": MARKERS[solvers.index(solver) % len(MARKERS)],
            "markersize": 4,
            "linestyle": LINES[formulations.index(formulation) % len(LINES)],
        }
        for solver in solvers
        for formulation in formulations
    }


def _gap_at(row: pd.Series, times: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """Gap of a run at some times: best value and best bound told until then."""
    seconds = np.array(row["trace_seconds"], dtype=np.float64)
    value = np.array(row["trace_value_bps"], dtype=np.float64)
    bound = np.array(row["trace_bound_bps"], dtype=np.float64)
    if not len(seconds):
        return [1.0] * len(times)
    best = np.fmax.accumulate(value)
    limit = np.fmin.accumulate(bound)
    # The last point is what was checked in the end.
    best[-1], limit[-1] = value[-1], bound[-1]
    place = np.searchsorted(seconds, times, side="right") - 1
    gaps = []
    for k in place:
        known = k >= 0 and np.isfinite(best[k]) and np.isfinite(limit[k])
        gap = (limit[k] - best[k]) / limit[k] if known and limit[k] > 0.0 else 1.0
        if known and limit[k] == 0.0:
            gap = 0.0
        gaps.append(float(np.clip(gap, 0.0, 1.0)))
    return gaps
