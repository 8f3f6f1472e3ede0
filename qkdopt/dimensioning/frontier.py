"""Least prices against the factor that all demands get of what they ask for.

Whatever is enough for a factor is enough for smaller ones: links found are offered to the next
smaller factor, and bounds hold for all larger ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.dimension import run_dimension
from qkdopt.dimensioning.options import DimensioningOptions, prices_of
from qkdopt.dimensioning.run import Progress
from qkdopt.errors import UnmetNeedsError
from qkdopt.instance import Instance
from qkdopt.io.environment import environment, provenance
from qkdopt.optimize.record import reference_of
from qkdopt.problem import build_problem
from qkdopt.result.dimensioning import (
    EquipmentPrices,
    Frontier,
    FrontierRow,
    price_gap,
)
from qkdopt.runtime.signals import graceful_sigint

FACTORS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)


def dimension_frontier(
    instance: Instance,
    *,
    transmitter: float,
    receiver: float,
    site: float = 0.0,
    links: Mapping[str, float] | None = None,
    factors: Sequence[float] = FACTORS,
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int | None = None,
    solver: str = "highs",
    move_limit: int | None = None,
    progress: Progress | None = None,
) -> Frontier:
    """Find the least price of QKD equipment for each of some factors of all needs.

    Parameters
    ----------
    instance, transmitter, receiver, site, links
        As for :func:`qkdopt.dimension`.
    factors
        Shares of what they ask for that all demands have to get.
    time_limit, seed, threads, solver, move_limit
        As for :func:`qkdopt.dimension`, for each factor.
    progress
        Called with what is done and the best links so far; None for no reports.

    Raises
    ------
    UsageError
        Prices, factors or options are out of range, keys are not shared, or no demand asks for key.

    Examples
    --------
    >>> import qkdopt
    >>> ring = qkdopt.share_keys(qkdopt.read_instance("instances/small/ring.json"), rate_bps=10.0)
    >>> found = qkdopt.dimension_frontier(
    ...     ring, transmitter=60.0, receiver=40.0, factors=(1.0, 1e9), time_limit=10.0
    ... )
    >>> [row.status for row in found.rows]
    ['optimal', 'impossible']
    """
    arguments = dict(locals())
    began = time.monotonic()
    options = DimensioningOptions(
        time_limit=time_limit, seed=seed, threads=threads, solver=solver, move_limit=move_limit
    )
    every = [replace(options, factor=factor) for factor in sorted(set(factors))]
    faults = list(dict.fromkeys(fault for each in every for fault in each.faults()))
    if not every:
        faults.append("no factors; expected at least one")
    prices = prices_of(instance, transmitter, receiver, site, links or {}, faults)
    reference = reference_of(build_problem(instance, "key-factor"))
    stop = threading.Event()
    with graceful_sigint(stop):
        rows = _rows(instance, prices, every, progress, stop)
    return Frontier(
        instance=reference, prices=prices, rows=tuple(_agreed(rows)), interrupted=stop.is_set(),
        seconds=round(time.monotonic() - began, 3), environment=environment(),
        provenance=provenance("dimension", arguments, instance),
    )  # fmt: skip


def _rows(
    instance: Instance,
    prices: EquipmentPrices,
    options: Sequence[DimensioningOptions],
    progress: Progress | None,
    stop: threading.Event,
) -> list[FrontierRow]:
    """Return a row for each factor, by rising factor; the largest comes first."""
    rows: list[FrontierRow] = []
    start: Best | None = None
    for each in reversed(options):
        try:
            found, start = run_dimension(instance, prices, each, progress, stop, start)
        except UnmetNeedsError as error:
            rows.append(
                FrontierRow(
                    factor=each.factor, price=None, bound=None if error.proved else 0.0,
                    status="impossible" if error.proved else "undecided", text=str(error),
                    dimensioning=None,
                )
            )  # fmt: skip
            continue
        rows.append(
            FrontierRow(
                factor=each.factor, price=found.price, bound=found.bound, status=found.status,
                dimensioning=found,
            )
        )  # fmt: skip
    return rows[::-1]


def _agreed(rows: list[FrontierRow]) -> list[FrontierRow]:
    """Return the rows with every bound no less than those of smaller factors."""
    agreed = rows[:1]
    for row in rows[1:]:
        agreed.append(_after(agreed[-1], row))
    return agreed


def _after(smaller: FrontierRow, row: FrontierRow) -> FrontierRow:
    """Return the row of a factor with what is proved for a smaller one."""
    if smaller.status == "impossible" and row.dimensioning is None:
        return row.model_copy(update={"status": "impossible", "bound": None})
    if smaller.bound is not None and row.bound is not None and smaller.bound > row.bound:
        return _with_bound(row, smaller.bound, f"bound at factor {smaller.factor:g}")
    return row


def _with_bound(row: FrontierRow, bound: float, method: str) -> FrontierRow:
    found = row.dimensioning
    if found is None:
        return row.model_copy(update={"bound": bound})
    bound = min(bound, found.price)
    gap = price_gap(found.price, bound)
    status = "feasible" if gap > 0.0 else "optimal"
    found = found.model_copy(
        update={"bound": bound, "gap": gap, "status": status, "method": method}
    )
    return row.model_copy(update={"bound": bound, "status": status, "dimensioning": found})


__all__ = ["FACTORS", "dimension_frontier"]
