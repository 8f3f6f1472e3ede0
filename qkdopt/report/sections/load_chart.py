"""Chart of key rates over load: curves with their intervals, and published points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qkdopt.experiments.reproduction.comparison import targets
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
    band_path,
    curve_kind,
    diamond_path,
    dot_path,
    fill_kind,
    line_path,
)
from qkdopt.report.data_frames import finite
from qkdopt.report.text import cleaned

if TYPE_CHECKING:
    import pandas as pd

HEIGHT = 380.0
# Load [erlang], key rate [kbit/s], half-width of its interval.
Point = tuple[float, float, float]
# Curve, load [erlang], key rate [kbit/s].
Published = tuple[str, float, float]


def load_chart(about: str, points: pd.DataFrame, *, published: str | None) -> Chart:
    """Draw the curves of one topology.

    Parameters
    ----------
    about
        What the chart shows.
    points
        One row a load and curve, with ``mean_skr_bps`` and ``ci95`` [bit/s].
    published
        Figure whose published points are drawn, of the curves that are there; None for none.
    """
    curves = dict(_curves(points))
    marks = [one for one in published_points(published) if one[0] in curves]
    every = [point for line in curves.values() for point in line]
    x = axis_over(
        [load for load, _, _ in every] + [load for _, load, _ in marks], LEFT, WIDTH - RIGHT
    )
    ends = [rate + side * half for _, rate, half in every for side in (-1.0, 1.0)]
    y = axis_over([*ends, *(rate for _, _, rate in marks)], HEIGHT - BOTTOM, TOP)
    shapes = [shape for k, line in enumerate(curves.values()) for shape in _band(x, y, k, line)]
    for number, (name, line) in enumerate(curves.items()):
        shapes += _curve(x, y, number, name, line)
    shapes += [_mark(x, y, list(curves).index(one[0]), one) for one in marks]
    legend = [
        (Shape(curve_kind(k)[0], "M0 6H34", dashes=curve_kind(k)[1]), name)
        for k, name in enumerate(curves)
    ]
    if marks:
        legend.append((Shape("published fill-6", diamond_path(17.0, 6.0)), "published"))
    return Chart(
        about=f"{about}: key rate over load with intervals of 95 %",
        x_title="Load [erlang]",
        y_title="Mean secret key rate at admission [kbit/s]",
        x_ticks=x.ticks(),
        y_ticks=y.ticks(),
        shapes=shapes,
        legend=legend,
        height=HEIGHT,
    )


def published_points(figure: str | None) -> list[Published]:
    """Return curve, load [erlang] and key rate [kbit/s] that the gains of a figure imply."""
    points = {
        (curve, target.load_erlang, 1e-3 * rate)
        for target in targets()
        if target.figure == figure
        for curve, rate in (
            (target.base, target.base_bps),
            (target.improved, target.improved_bps),
        )
    }
    return sorted(points)


def _curves(points: pd.DataFrame) -> Iterator[tuple[str, list[Point]]]:
    """Yield each curve with those of its points that have a key rate, by load."""
    for name, rows in points.groupby("curve", sort=False):
        line = []
        for row in rows.sort_values("load_erlang").to_dict("records"):
            rate, half = finite(row["mean_skr_bps"]), finite(row["ci95"])
            if rate is not None:
                line.append((float(row["load_erlang"]), 1e-3 * rate, 1e-3 * (half or 0.0)))
        yield cleaned(str(name)), line


def _band(x: Axis, y: Axis, number: int, line: list[Point]) -> Iterator[Shape]:
    places = [(x.place(load), y.place(r + half), y.place(r - half)) for load, r, half in line]
    if len(places) > 1:
        yield Shape(f"band {fill_kind(number)}", band_path(places))


def _curve(x: Axis, y: Axis, number: int, name: str, line: list[Point]) -> Iterator[Shape]:
    kind, dashes = curve_kind(number)
    places = [(x.place(load), y.place(rate)) for load, rate, _ in line]
    yield Shape(kind, line_path(places), name, dashes)
    for place, (load, rate, half) in zip(places, line, strict=True):
        title = f"{name}: {rate:.3f} ± {half:.3f} kbit/s at {load:g} erlang"
        yield Shape(fill_kind(number), dot_path(*place), title)


def _mark(x: Axis, y: Axis, number: int, one: Published) -> Shape:
    curve, load, rate = one
    title = f"published, {curve}: {rate:.2f} kbit/s at {load:g} erlang"
    return Shape(
        f"published {fill_kind(number)}", diamond_path(x.place(load), y.place(rate)), title
    )
