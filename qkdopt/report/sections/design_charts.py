"""Charts of a ranking of channel sets: gains, frontier, key rate by channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qkdopt.report.charts import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Chart,
    Shape,
    axis_over,
    curve_kind,
    dot_path,
    fill_kind,
    interval_path,
    line_path,
)
from qkdopt.report.data_frames import finite
from qkdopt.report.text import cleaned

if TYPE_CHECKING:
    import pandas as pd

    from qkdopt.channel_sets.diagnostics import ChannelDiagnostics

MOST_SETS = 20
NAMES = 250.0
ROW = 24.0
# Characters of a name that stand beside the axis.
LONGEST = 34
HEIGHT = 340.0
# Comparison with the baseline -> number of its colour; others are grey.
COLOUR_OF = {"above": 0, "below": 1, "baseline": 6}


def ranking_chart(ranking: pd.DataFrame) -> Chart | None:
    """Draw the paired gain of each set with its interval; None where there is no gain to show."""
    rows = [
        row for row in ranking.to_dict("records") if finite(row["paired_gain_percent"]) is not None
    ][:MOST_SETS]
    if not rows:
        return None
    height = TOP + ROW * len(rows) + BOTTOM
    ends = [edge for row in rows for edge in _interval(row, "paired_gain_percent", "paired_ci95")]
    x = axis_over([0.0, *ends], NAMES, WIDTH - RIGHT)
    places = [TOP + ROW * (k + 0.5) for k in range(len(rows))]
    shapes = [Shape("axis-line", f"M{x.place(0.0):.1f} {TOP}V{height - BOTTOM:.1f}")]
    for place, row in zip(places, rows, strict=True):
        shapes += _gain_shapes(x, place, row)
    return Chart(
        about="Paired gain of each set over the baseline, with its interval of 95 %",
        x_title="Gain over the baseline, paired [%]",
        y_title="Set",
        x_ticks=x.ticks(),
        y_ticks=[
            (f"{place:.1f}", _short(row["name"])) for place, row in zip(places, rows, strict=True)
        ],
        shapes=shapes,
        legend=[
            (Shape(_dot_kind(comparison), dot_path(17.0, 6.0)), comparison)
            for comparison in dict.fromkeys(str(row["verdict"]) for row in rows)
        ],
        left=NAMES,
        height=height,
    )


def _gain_shapes(x: Axis, place: float, row: dict[Any, Any]) -> Iterator[Shape]:
    gain, spread = finite(row["paired_gain_percent"]), finite(row["paired_ci95"])
    assert gain is not None  # rows without one are left out
    low, high = _interval(row, "paired_gain_percent", "paired_ci95")
    half = "" if spread is None else f" ± {spread:.3f}"
    title = f"{cleaned(str(row['name']))}: {gain:+.3f}{half} %, {row['verdict']}"
    if spread:
        path = interval_path(x.place(low), x.place(high), place, vertical=False)
        yield Shape(_line_kind(row["verdict"]), path, title)
    yield Shape(_dot_kind(row["verdict"]), dot_path(x.place(gain), place), title)


def _line_kind(comparison: str) -> str:
    return curve_kind(COLOUR_OF[comparison])[0] if comparison in COLOUR_OF else "same"


def _dot_kind(comparison: str) -> str:
    return fill_kind(COLOUR_OF[comparison]) if comparison in COLOUR_OF else "same-dot"


def _interval(row: dict[Any, Any], value: str, spread: str) -> tuple[float, float]:
    centre, half = finite(row[value]) or 0.0, finite(row[spread]) or 0.0
    return centre - half, centre + half


def _short(name: object) -> str:
    text = cleaned(str(name))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def frontier_chart(frontier: pd.DataFrame) -> Chart:
    """Draw key rate per request with its interval against cost, the best of each number joined.

    Sets that all cost the same would stand on one another: they stand by rank.
    """
    rows, by_rank = _placed(frontier)
    x = axis_over([float(row["place"]) for row in rows], LEFT, WIDTH - RIGHT)
    rates = [edge for row in rows for edge in _interval(row, "mean_skr_per_request_bps", "ci95")]
    y = axis_over([1e-3 * rate for rate in rates], HEIGHT - BOTTOM, TOP)
    joined = [
        (x.place(row["place"]), y.place(1e-3 * row["mean_skr_per_request_bps"]))
        for row in rows
        if row["best_of_size"]
    ]
    shapes = [Shape(curve_kind(0)[0], line_path(joined))]
    for row in sorted(rows, key=lambda row: bool(row["best_of_size"])):
        shapes += _set_shapes(x, y, row, spread=by_rank or bool(row["best_of_size"]))
    return Chart(
        about="Key rate per request of each ranked set against the cost of its hardware",
        x_title=(
            f"Rank by key rate per request (every set costs {rows[0]['cost']:g})"
            if by_rank
            else "Cost of receivers and transmitters"
        ),
        y_title="Key rate per request [kbit/s]",
        x_ticks=x.ticks(whole=by_rank),
        y_ticks=y.ticks(),
        shapes=shapes,
        legend=[
            (Shape(curve_kind(0)[0], "M0 6H34"), "best of each number of receivers"),
            (Shape("same-dot", dot_path(17.0, 6.0)), "other sets"),
        ],
    )


def _placed(frontier: pd.DataFrame) -> tuple[list[dict[Any, Any]], bool]:
    """Return sets with their place along the axis, and whether that is their rank."""
    by_rank = frontier["cost"].nunique() == 1
    if not by_rank:
        rows = frontier.sort_values("cost").to_dict("records")
        return [row | {"place": float(row["cost"])} for row in rows], False
    rows = frontier.sort_values("mean_skr_per_request_bps", ascending=False).to_dict("records")
    return [row | {"place": float(k)} for k, row in enumerate(rows, start=1)], True


def _set_shapes(x: Axis, y: Axis, row: dict[Any, Any], *, spread: bool) -> Iterator[Shape]:
    at, rate = x.place(row["place"]), 1e-3 * row["mean_skr_per_request_bps"]
    low, high = (1e-3 * edge for edge in _interval(row, "mean_skr_per_request_bps", "ci95"))
    chosen = bool(row["best_of_size"])
    title = f"{cleaned(str(row['name']))}: cost {row['cost']:g}, {rate:.3f} kbit/s"
    if spread and high > low:
        path = interval_path(y.place(low), y.place(high), at, vertical=True)
        yield Shape(curve_kind(0)[0] if chosen else "same", path, title)
    yield Shape(fill_kind(0) if chosen else "same-dot", dot_path(at, y.place(rate)), title)


def channel_chart(best: ChannelDiagnostics, baseline: ChannelDiagnostics) -> Chart:
    """Draw the key rate that a link would have on each channel, and where links work."""
    grid = len(best.lit)
    both = (best, baseline)
    x = axis_over([0.0, float(grid - 1)], LEFT, WIDTH - RIGHT)
    y = axis_over(
        [1e-3 * float(rate) for one in both for rate in one.skr_bps], HEIGHT - BOTTOM, TOP
    )
    shapes, legend = [], []
    for number, one in enumerate(both):
        kind, dashes = curve_kind(number)
        rates = [1e-3 * float(rate) for rate in one.skr_bps[:grid]]
        points = [(x.place(c), y.place(rate)) for c, rate in enumerate(rates)]
        shapes.append(Shape(kind, line_path(points), cleaned(one.name), dashes))
        legend.append((Shape(kind, "M0 6H34", dashes=dashes), cleaned(one.name)))
        for c in range(grid):
            if one.works[c] > 0.0:
                title = f"channel {one.channels[c]}: works on {100.0 * one.works[c]:.0f} % of links"
                shapes.append(Shape(fill_kind(number), dot_path(*points[c]), title))
    return Chart(
        about="Key rate that a link would have on each channel, beside the light of each set",
        x_title="Channel (0 is the lowest frequency)",
        y_title="Key rate of a link on it, were it free [kbit/s]",
        x_ticks=x.ticks(whole=True),
        y_ticks=y.ticks(),
        shapes=shapes,
        legend=legend,
    )
