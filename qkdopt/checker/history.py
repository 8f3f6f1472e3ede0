"""Validate the history of a result: it only gets better, and ends at value and bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from qkdopt.result import HistoryPoint, Result, Value

RELATIVE = 1e-9
ABSOLUTE_BPS = 1e-6
# Two ways to write a gap differ by this much.
GAP_ROUNDING = 1e-12


def validate_history(result: Result, value: Value) -> Iterator[str]:
    """Yield every point that contradicts another, or the result; none of an empty history.

    Parameters
    ----------
    result
        The result.
    value
        Recomputed value block.
    """
    points = result.history
    for number, point in enumerate(points):
        yield from _validate_point(f"history[{number}]", point)
    for number, (before, after) in enumerate(pairwise(points), start=1):
        yield from _validate_step(f"history[{number}]", before, after)
    if points and result.value is None:
        yield f"history: {len(points)} points without a value; expected none"
    elif points:
        yield from _validate_end(f"history[{len(points) - 1}]", points[-1], result, value)


def _validate_point(where: str, point: HistoryPoint) -> Iterator[str]:
    if point.seconds < 0.0:
        yield f"{where}.seconds = {point.seconds:g}; expected at least 0"
    if point.served < 0:
        yield f"{where}.served = {point.served}; expected at least 0"
    if point.objective_bps < 0.0:
        yield f"{where}.objective_bps = {point.objective_bps:.12g}; expected at least 0"
    limit = point.bound_bps
    expected = None
    if limit is not None:
        if limit < point.objective_bps * (1.0 - RELATIVE) - ABSOLUTE_BPS:
            yield (
                f"{where}.bound_bps = {limit:.12g}; expected at least the plan's "
                f"{point.objective_bps:.12g}: a bound below a solution is no bound"
            )
        expected = 1.0 - point.objective_bps / limit if limit != 0.0 else 0.0
    if not _agree(point.gap, expected, absolute=GAP_ROUNDING):
        yield f"{where}.gap = {point.gap}; expected {expected} = (bound - objective) / bound"


def _validate_step(where: str, before: HistoryPoint, after: HistoryPoint) -> Iterator[str]:
    if after.seconds < before.seconds:
        yield f"{where}.seconds = {after.seconds:g}; expected at least {before.seconds:g} before it"
    if _state(after) == _state(before):
        yield f"{where} has plan and bound of the point before it; expected a change"
    if after.served < before.served:
        yield f"{where}.served = {after.served}; expected at least {before.served} before it"
    if after.served != before.served:
        return
    if after.objective_bps < before.objective_bps:
        yield (
            f"{where}.objective_bps = {after.objective_bps:.12g}; expected at least "
            f"{before.objective_bps:.12g} before it, with as many served"
        )
    if before.bound_bps is not None and (
        after.bound_bps is None or after.bound_bps > before.bound_bps
    ):
        yield (
            f"{where}.bound_bps = {after.bound_bps}; expected at most {before.bound_bps:.12g} "
            "before it, with as many served"
        )


def _state(point: HistoryPoint) -> tuple[int, float, float | None]:
    return point.served, point.objective_bps, point.bound_bps


def _validate_end(where: str, last: HistoryPoint, result: Result, value: Value) -> Iterator[str]:
    if last.seconds > result.seconds:
        yield f"{where}.seconds = {last.seconds:g}; expected at most seconds = {result.seconds:g}"
    if last.served != value.served:
        yield f"{where}.served = {last.served}; expected the plan's {value.served}"
    if not _agree(last.objective_bps, value.objective_bps):
        yield (
            f"{where}.objective_bps = {last.objective_bps:.12g}; expected the plan's "
            f"{value.objective_bps:.12g}"
        )
    limit = None if result.bound is None else result.bound.objective_bps
    if not _agree(last.bound_bps, limit):
        yield f"{where}.bound_bps = {last.bound_bps}; expected {limit} as in bound"


def _agree(read: float | None, expected: float | None, absolute: float = ABSOLUTE_BPS) -> bool:
    if read is None or expected is None:
        return read is expected
    return math.isclose(read, expected, rel_tol=RELATIVE, abs_tol=absolute)
