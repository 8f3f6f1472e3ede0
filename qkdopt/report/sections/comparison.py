"""Sections of a comparison of solvers: summary, what is solved within a time, every run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qkdopt.experiments.comparison import COLUMNS, summarise
from qkdopt.experiments.comparison.summary import is_solved
from qkdopt.plotting.styles import COLOURS
from qkdopt.report.charts import DASHES
from qkdopt.report.data_frames import frame_table
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, rate_column, share_column
from qkdopt.report.text import shortened

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 900.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 20.0, 16.0, 46.0
SHORTEST_SECONDS = 0.01
STYLES = {
    "value_bps": rate_column("value_bps", "Value"),
    "bound_bps": rate_column("bound_bps", "Bound"),
    "gap": share_column("gap", "Gap"),
    "seconds": Column(key="seconds", title="Time", unit="s", style=".2f"),
    "mean_seconds": Column(key="mean_seconds", title="Mean time", unit="s", style=".2f"),
    "mean_gap_percent": Column(key="mean_gap_percent", title="Mean gap", unit="%", style=".3f"),
    "status": Column(key="status", title="Status", choice=True),
    "solver": Column(key="solver", title="Solver", choice=True),
    "instance_sha256": Column(key="instance_sha256", title="Instance sha256", cut=12),
    "faults": Column(key="faults", title="Faults", wide=True),
    "error": Column(key="error", title="Error", wide=True),
}


def comparison_sections(rows: pd.DataFrame) -> list[Section]:
    """Build the sections of a comparison from its rows."""
    summary = summarise(rows)
    runs = rows.assign(status=rows["outcome"].where(rows["status"].eq("done"), "failed"))
    body = render(
        "comparison.html",
        summary=frame_table("summary", "Ways of solving: one row each", summary, STYLES),
        curves=list(_curves(rows)), times=list(_times(rows)), counts=list(_counts(rows)),
        left=LEFT, right=WIDTH - RIGHT, top=TOP, bottom=HEIGHT - BOTTOM,
        width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    runs = runs.reindex(columns=list(COLUMNS))
    table = frame_table("runs", "Runs: one row each", runs, STYLES)
    table = table.without(*(name for name in ("faults", "error") if runs[name].isna().all()))
    return [
        Section(name="summary", title="Solvers and formulations", body=body),
        Section(name="runs", title="Every run", body=render("one_table.html", only=table)),
    ]


def _curves(rows: pd.DataFrame) -> Iterator[tuple[str, int, str, str]]:
    """Yield (path, number of the colour, dashes, name) of each way of solving."""
    solved = is_solved(rows)
    for k, ((solver, formulation), part) in enumerate(
        rows.groupby(["solver", "formulation"], sort=False)
    ):
        times = sorted(part.loc[solved[part.index], "seconds"].astype(float))
        path = f"M{LEFT:.1f} {_y(rows, 0):.1f}"
        for count, seconds in enumerate(times, start=1):
            path += f"H{_x(rows, seconds):.1f}V{_y(rows, count):.1f}"
        path += f"H{WIDTH - RIGHT:.1f}"
        dashes = DASHES[k // len(COLOURS) % len(DASHES)]
        yield path, k % len(COLOURS), dashes, shortened(f"{solver} {formulation}")


def _longest(rows: pd.DataFrame) -> float:
    return max(float(rows["limit_seconds"].max()), 1.0)


def _x(rows: pd.DataFrame, seconds: float) -> float:
    share = math.log(max(seconds, SHORTEST_SECONDS) / SHORTEST_SECONDS)
    return LEFT + (WIDTH - LEFT - RIGHT) * min(
        1.0, share / math.log(_longest(rows) / SHORTEST_SECONDS)
    )


def _most(rows: pd.DataFrame) -> int:
    return int(rows.groupby(["solver", "formulation"]).size().max())


def _y(rows: pd.DataFrame, count: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / _most(rows)


def _times(rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for power in range(-2, 6):
        if 10.0**power <= _longest(rows):
            yield f"{_x(rows, 10.0**power):.1f}", f"{10.0**power:g}"


def _counts(rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    step = max(1, math.ceil(_most(rows) / 6))
    for count in range(0, _most(rows) + 1, step):
        yield f"{_y(rows, count):.1f}", str(count)
