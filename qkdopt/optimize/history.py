"""How incumbent and bound of a run change over time, as its result keeps it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from qkdopt.result import HISTORY_POINTS, HistoryPoint, Value, gap_of

# Points of a run that is still going: when there are more, every second one is dropped.
MOST_POINTS = 20 * HISTORY_POINTS
# Sums in another order differ by this much.
ROUNDING, ROUNDING_BPS = 1e-9, 1e-6


class History:
    """Incumbent and bound of one run: a point whenever either changes, from whatever thread.

    Plans only get better, and at one number served bounds only get lower: a report that is behind
    changes nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: list[HistoryPoint] = []
        self.phase = "start"

    def note(
        self,
        seconds: float,
        served: int,
        objective_bps: float,
        *,
        bound_bps: float | None = None,
    ) -> None:
        """Note incumbent and bound; a point is added if either changes.

        Parameters
        ----------
        seconds
            Since the run started.
        served, objective_bps
            The incumbent's; left out where a better one is noted already.
        bound_bps
            Proved bound at that number served [bit/s]; None while there is none.
        """
        bounded = served
        with self._lock:
            last = self._points[-1] if self._points else None
            if last is not None:
                seconds = max(seconds, last.seconds)
                served, objective_bps = max(
                    (served, objective_bps), (last.served, last.objective_bps)
                )
            limits = [bound_bps] if bounded == served else []
            if last is not None and last.served == served:
                limits.append(last.bound_bps)
            lowest = min((limit for limit in limits if limit is not None), default=None)
            state = served, objective_bps, lowest
            if last is None or state != (last.served, last.objective_bps, last.bound_bps):
                self._points.append(_point(seconds, *state, self.phase))
                if len(self._points) > MOST_POINTS:
                    self._points = [*self._points[:-1:2], self._points[-1]]

    def closed(
        self, seconds: float, value: Value, bound_bps: float | None
    ) -> tuple[list[HistoryPoint], list[str]]:
        """Return the points, the last with value and bound of the result, and faults of bounds.

        At the number that the result serves, no point claims more than the result does. Bounds that
        a plan exceeds are left out, with a fault for each number served.

        Parameters
        ----------
        seconds
            How long the run took.
        value
            What the result's plan achieves.
        bound_bps
            The result's bound [bit/s]; None where it has none.
        """
        self.note(seconds, value.served, value.objective_bps, bound_bps=bound_bps)
        points: list[HistoryPoint] = []
        faults: list[str] = []
        for served, group in groupby(self._points, key=lambda point: point.served):
            part = list(group)
            fault = _bound_below_plan(part)
            if fault is not None:
                faults.append(fault)
            if served == value.served:
                points.extend(_with_bound(point, bound_bps) for point in part)
            else:
                points.extend(part if fault is None else (_without_bound(p) for p in part))
        return list(_thinned(list(_changes(points)), HISTORY_POINTS)), faults


def _bound_below_plan(points: Sequence[HistoryPoint]) -> str | None:
    """Return a fault where a bound is below a plan that serves as many; None where none is."""
    best = points[-1].objective_bps
    lowest = min((p.bound_bps for p in points if p.bound_bps is not None), default=None)
    if lowest is None or best <= lowest * (1.0 + ROUNDING) + ROUNDING_BPS:
        return None
    return (
        f"history: at most {lowest:.12g} bit/s was proved with {points[-1].served} served; a plan "
        f"was worth {best:.12g} bit/s"
    )


def _point(
    seconds: float, served: int, objective_bps: float, bound_bps: float | None, phase: str
) -> HistoryPoint:
    return HistoryPoint(
        seconds=round(seconds, 3),
        served=served,
        objective_bps=objective_bps,
        bound_bps=bound_bps,
        gap=gap_of(objective_bps, bound_bps),
        phase=phase,
    )


def _without_bound(point: HistoryPoint) -> HistoryPoint:
    return point.model_copy(update={"bound_bps": None, "gap": None})


def _with_bound(point: HistoryPoint, final_bps: float | None) -> HistoryPoint:
    """Return a point that claims no more than the final bound of its number served."""
    if point.bound_bps is None or final_bps is None:
        return _without_bound(point)
    bound_bps = max(final_bps, point.bound_bps)
    return point.model_copy(
        update={"bound_bps": bound_bps, "gap": gap_of(point.objective_bps, bound_bps)}
    )


def _changes(points: Iterable[HistoryPoint]) -> Iterator[HistoryPoint]:
    """Yield the first point of every state."""
    for _, group in groupby(points, key=lambda p: (p.served, p.objective_bps, p.bound_bps)):
        yield next(group)


def _thinned(points: Sequence[HistoryPoint], most: int) -> Iterator[HistoryPoint]:
    """Yield at most so many points, evenly, the first and the last among them."""
    count = len(points)
    if count <= most:
        yield from points
        return
    for k in range(most):
        yield points[k * (count - 1) // (most - 1)]
