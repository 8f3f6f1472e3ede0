"""Charts of a page: axes with round ticks, curves, intervals and dots as paths of inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qkdopt.plotting.styles import COLOURS

WIDTH = 900.0
# Places of a chart without names beside its axis.
LEFT, RIGHT, TOP, BOTTOM = 70.0, 20.0, 28.0, 46.0
# Dashes of curves beyond the number of colours.
DASHES = ("none", "8 4", "2 4", "8 3 2 3")
TICKS = 6
# Share of the range of values that stays free at either end.
MARGIN = 0.06
# Half the height of the ends of an interval, and half the size of a dot.
END, DOT = 4.0, 4.0


@dataclass(frozen=True)
class Axis:
    """From values to places along one side of a chart.

    Parameters
    ----------
    low, high
        Range of the values.
    start, end
        Places of both.
    """

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self, *, whole: bool = False) -> list[tuple[str, str]]:
        """Return places and texts of about six round values, or of whole numbers alone."""
        raw = (self.high - self.low) / TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(digit * power for digit in (1.0, 2.0, 5.0, 10.0) if digit * power >= raw)
        step = max(step, 1.0) if whole else step
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = [number * step for number in range(first, last + 1)]
        return [(f"{self.place(value):.1f}", f"{value:.6g}") for value in values]


def axis_over(values: Iterable[float], start: float, end: float) -> Axis:
    """Return an axis with room for all finite values; from 0 to 1 where there is none.

    Parameters
    ----------
    values
        Values to show.
    start, end
        Places of the lowest and the highest.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Axis(0.0, 1.0, start, end)
    low, high = min(finite), max(finite)
    margin = MARGIN * (high - low) or 0.1 * abs(high) or 1.0
    return Axis(low - margin, high + margin, start, end)


@dataclass(frozen=True)
class Shape:
    """One path.

    Parameters
    ----------
    kind
        Classes of its style.
    path
        What is drawn.
    title
        What a reader sees who points at it; empty for nothing.
    dashes
        Dashes of its line.
    """

    kind: str
    path: str
    title: str = ""
    dashes: str = "none"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart.

    Parameters
    ----------
    about
        What it shows, for readers who do not see it.
    x_title, y_title
        Titles of the axes with their units.
    x_ticks, y_ticks
        Places and texts.
    shapes
        Paths, the hindmost first.
    legend
        Shapes of 34 by 12 with their texts.
    left, height
        Place of the vertical axis, and height.
    """

    about: str
    x_title: str
    y_title: str
    x_ticks: Sequence[tuple[str, str]]
    y_ticks: Sequence[tuple[str, str]]
    shapes: Sequence[Shape]
    legend: Sequence[tuple[Shape, str]] = field(default_factory=tuple)
    left: float = LEFT
    height: float = 340.0
    width: float = WIDTH

    @property
    def right(self) -> float:
        """Return where the chart ends."""
        return self.width - RIGHT

    @property
    def top(self) -> float:
        """Return where the chart begins."""
        return TOP

    @property
    def bottom(self) -> float:
        """Return the place of the horizontal axis."""
        return self.height - BOTTOM


def curve_kind(number: int) -> tuple[str, str]:
    """Return class and dashes of a curve by its place in the chart."""
    turn, colour = divmod(number, len(COLOURS))
    return f"curve curve-{colour}", DASHES[turn % len(DASHES)]


def fill_kind(number: int) -> str:
    """Return the class that fills in the colour of a curve."""
    return f"fill-{number % len(COLOURS)}"


def line_path(points: Iterable[tuple[float, float]]) -> str:
    """Return straight lines from place to place."""
    return "".join(f"{'L' if k else 'M'}{x:.1f} {y:.1f}" for k, (x, y) in enumerate(points))


def band_path(points: Sequence[tuple[float, float, float]]) -> str:
    """Return the area between two heights at each place: x, upper, lower."""
    upper = [(x, high) for x, high, _ in points]
    lower = [(x, low) for x, _, low in reversed(points)]
    return f"{line_path([*upper, *lower])}z" if points else ""


def dot_path(x: float, y: float) -> str:
    """Return a filled circle."""
    half = f"a{DOT:g} {DOT:g} 0 1 0"
    return f"M{x - DOT:.1f} {y:.1f}{half} {2 * DOT:g} 0{half} {-2 * DOT:g} 0z"


def diamond_path(x: float, y: float) -> str:
    """Return a diamond half as large again as a dot."""
    half = 1.5 * DOT
    return f"M{x:.1f} {y - half:.1f}l{half:g} {half:g}l{-half:g} {half:g}l{-half:g} {-half:g}z"


def interval_path(low: float, high: float, at: float, *, vertical: bool) -> str:
    """Return a line with ends, from one place to another.

    Parameters
    ----------
    low, high
        Places of its ends.
    at
        Its place on the other axis.
    vertical
        Whether it stands upright.
    """
    if vertical:
        return (
            "".join(f"M{at - END:.1f} {y:.1f}h{2 * END:g}" for y in (low, high))
            + f"M{at:.1f} {low:.1f}V{high:.1f}"
        )
    return (
        "".join(f"M{x:.1f} {at - END:.1f}v{2 * END:g}" for x in (low, high))
        + f"M{low:.1f} {at:.1f}H{high:.1f}"
    )
