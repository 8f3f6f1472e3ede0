"""Incumbent and bound over the time of the run, as a chart and as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qkdopt.plotting.history import HIGHEST, NAMES, SHORTEST_SECONDS
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, Table, rate_column, share_column
from qkdopt.report.text import shortened
from qkdopt.result import HistoryPoint

WIDTH, HEIGHT = 900.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 70.0, 20.0, 20.0, 46.0
RATE_TICKS = 5
# The narrowest range of rates shown, as a share of the best plan.
NARROWEST = 0.02
# Room that a number served takes.
MARK = 90.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Scales:
    """From seconds and kbit/s to places of the chart; time is logarithmic."""

    first: float
    last: float
    low: float
    high: float

    def x(self, seconds: float) -> float:
        """Return the place of a time [s]."""
        share = math.log(max(seconds, self.first) / self.first) / math.log(self.last / self.first)
        return LEFT + (WIDTH - LEFT - RIGHT) * share

    def y(self, rate_kbps: float) -> float:
        """Return the place of a rate, at the top where it is beyond."""
        share = (min(rate_kbps, self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * max(share, 0.0)


def over_time_section(facts: Facts) -> Section:
    """Build chart and table of the run."""
    history = facts.result.history
    body = render(
        "over_time.html",
        chart=_chart(facts) if len(history) > 1 or _bounded(history) else None,
        width=WIDTH,
        height=HEIGHT,
        unit=f"{NAMES[facts.result.objective]} [kbit/s]",
        label=shortened(facts.label),
        seconds=f"{facts.result.seconds:.1f}",
        table=history_table(history),
    )
    return Section(name="time", title="Plan and bound over time", body=body)


def _bounded(history: Sequence[HistoryPoint]) -> bool:
    return any(point.bound_bps is not None for point in history)


def _chart(facts: Facts) -> dict[str, object]:
    history, end = facts.result.history, facts.result.seconds
    scales = _scales(history, end)
    plan = [(point.seconds, 1e-3 * point.objective_bps) for point in history]
    bound = [
        (point.seconds, 1e-3 * point.bound_bps) for point in history if point.bound_bps is not None
    ]
    return {
        "plan": _steps(scales, plan, end),
        "bound": _steps(scales, bound, end) if bound else "",
        "area": _area(scales, history, end),
        "dots": [(f"{scales.x(s):.1f}", f"{scales.y(r):.1f}") for s, r in _changes(plan)],
        "times": [(f"{scales.x(t):.1f}", f"{t:g}") for t in _time_ticks(scales)],
        "rates": [(f"{scales.y(r):.1f}", f"{r:.6g}") for r in _rate_ticks(scales)],
        "served": [(f"{scales.x(start):.1f}", served) for start, served in _served(history)],
        "marks": list(_marks(scales, history)),
        "left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "bottom": HEIGHT - BOTTOM,
    }  # fmt: skip


def _scales(history: Sequence[HistoryPoint], end: float) -> Scales:
    first = max(min(point.seconds for point in history), SHORTEST_SECONDS)
    plans = [1e-3 * point.objective_bps for point in history]
    bounds = [1e-3 * point.bound_bps for point in history if point.bound_bps is not None]
    best = max(*plans, 1e-3)
    close = [rate for rate in bounds if rate <= HIGHEST * best]
    high = max([best, *close]) if close or not bounds else HIGHEST * best
    margin = max(0.06 * (high - min(plans)), NARROWEST * best)
    return Scales(
        first / 1.05, max(end, 1.05 * first), max(0.0, min(plans) - margin), high + margin
    )


def _steps(scales: Scales, points: Sequence[Point], end: float) -> str:
    """Return a path that keeps each value until the next."""
    path = f"M{scales.x(points[0][0]):.1f} {scales.y(points[0][1]):.1f}"
    for seconds, rate in points[1:]:
        path += f"H{scales.x(seconds):.1f}V{scales.y(rate):.1f}"
    return f"{path}H{scales.x(end):.1f}"


def _area(scales: Scales, history: Sequence[HistoryPoint], end: float) -> str:
    """Return what lies between plan and bound, from the first bound on."""
    known = [point for point in history if point.bound_bps is not None]
    if not known:
        return ""
    ends = [point.seconds for point in known[1:]] + [end]
    parts = []
    for point, until in zip(known, ends, strict=True):
        low, high = scales.y(1e-3 * point.objective_bps), scales.y(1e-3 * (point.bound_bps or 0.0))
        left, right = scales.x(point.seconds), scales.x(until)
        if right > left:
            parts.append(f"M{left:.1f} {low:.1f}V{high:.1f}H{right:.1f}V{low:.1f}z")
    return "".join(parts)


def _changes(points: Sequence[Point]) -> Iterator[Point]:
    before = None
    for seconds, rate in points:
        if rate != before:
            yield seconds, rate
        before = rate


def _served(history: Sequence[HistoryPoint]) -> Iterator[tuple[float, int]]:
    """Yield each number served with the time from which on."""
    before = None
    for point in history:
        if point.served != before:
            yield point.seconds, point.served
        before = point.served


def _marks(scales: Scales, history: Sequence[HistoryPoint]) -> Iterator[tuple[str, str]]:
    """Yield how many are served where the next number leaves room to say so."""
    changes = [(scales.x(start), served) for start, served in _served(history)]
    ends = [x for x, _ in changes[1:]] + [WIDTH]
    for (x, served), end in zip(changes, ends, strict=True):
        if end - x > MARK:
            yield f"{x:.1f}", f"{served:,} served"


def _time_ticks(scales: Scales) -> Iterator[float]:
    for power in range(-3, 7):
        for digit in (1.0, 2.0, 5.0):
            seconds = digit * 10.0**power
            if scales.first <= seconds <= scales.last:
                yield seconds


def _rate_ticks(scales: Scales) -> Iterator[float]:
    raw = (scales.high - scales.low) / RATE_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(digit * power for digit in (1.0, 2.0, 5.0, 10.0) if digit * power >= raw)
    count = math.ceil(scales.low / step)
    while count * step <= scales.high:
        yield count * step
        count += 1


def history_table(history: Sequence[HistoryPoint]) -> Table:
    """Return one row a change of plan or bound."""
    columns = (
        Column(key="seconds", title="Time", unit="s", style=".2f"),
        Column(key="served", title="Served"),
        rate_column("objective_bps", "Plan"),
        rate_column("bound_bps", "Bound"),
        share_column("gap", "Gap"),
        Column(key="phase", title="Phase", choice=True),
    )
    rows = [(p.seconds, p.served, p.objective_bps, p.bound_bps, p.gap, p.phase) for p in history]
    return Table(name="history", caption="Changes of plan and bound", columns=columns, rows=rows)
