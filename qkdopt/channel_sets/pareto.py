"""Marginal value of a receiver: key rate and blocking against receivers and their cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.race import Comparator
from qkdopt.errors import UsageError
from qkdopt.instance import Instance, with_candidates
from qkdopt.problem.coefficients import build_tables
from qkdopt.units import FloatArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Cost of hardware, in any unit.

    Parameters
    ----------
    receiver
        Price of one receiver; a link has one for each candidate.
    transmitter
        Price of one transmitter.
    tunable
        Whether a link has one transmitter for all candidates; otherwise one for each.
    """

    receiver: float = 1.0
    transmitter: float = 0.0
    tunable: bool = True

    def __post_init__(self) -> None:
        faults = [
            f"{name} = {value:g}; expected a cost of 0 or more"
            for name, value in (("receiver", self.receiver), ("transmitter", self.transmitter))
            if not 0.0 <= value < float("inf")
        ]
        if faults:
            raise UsageError("; ".join(faults))

    def of(self, placement: Placement, instance: Instance) -> float:
        """Return the cost of a placement."""
        sets = [chosen for chosen in placement.of_links(instance) if chosen]
        receivers = sum(map(len, sets))
        transmitters = len(sets) if self.tunable else receivers
        return self.receiver * receivers + self.transmitter * transmitters


@dataclass(frozen=True)
class Pareto:
    """The frontier among ranked sets.

    Parameters
    ----------
    table
        One row a set: ``receivers``, ``cost``, key rate per request and blocking,
        ``on_frontier``; for the best set of each number of receivers ``best_of_size`` and
        its paired gain over the best with fewer.
    hypervolume
        Share of the box from no cost to ``max_cost``, from no key to the best link's rate
        without any light, from no blocking to all blocked, that the frontier dominates.
    max_cost
        Cost of one receiver a link more than the most receivers in the table.
    """

    table: pd.DataFrame
    hypervolume: float
    max_cost: float


def pareto(
    comparator: Comparator, table: pd.DataFrame, blocks: int, *, instance: Instance, prices: Prices
) -> Pareto:
    """Find the sets that no other dominates in cost, key rate per request and blocking.

    Parameters
    ----------
    comparator
        Has evaluated the sets.
    table
        Ranking of :func:`qkdopt.channel_sets.ranking.rank`.
    blocks
        Number of blocks of the ranking.
    instance
        Network, for the number of receivers.
    prices
        Cost of hardware.
    """
    import moocore

    columns = [
        "name", "channels", "receivers", "criterion", "mean_skr_per_request_bps", "ci95",
        "mean_skr_bps", "blocking", "blocking_ci95", "placement",
    ]  # fmt: skip
    frame = table[columns].copy()
    frame.insert(3, "cost", [prices.of(placement, instance) for placement in frame["placement"]])
    # moocore minimises: costs and blocking as they are, key rates with the sign changed.
    points = np.column_stack(
        [frame["cost"], -frame["mean_skr_per_request_bps"], frame["blocking"]]
    ).astype(np.float64)
    frame["on_frontier"] = moocore.is_nondominated(points, keep_weakly=True)
    frame = _with_steps(comparator, frame, blocks)
    order = frame.sort_values(["cost", "mean_skr_per_request_bps"], ascending=[True, False])
    max_cost = _max_cost(frame, instance, prices)
    volume = dominated_share(points, max_cost, dark_skr_bps(instance))
    return Pareto(order.reset_index(drop=True), volume, max_cost)


def dominated_share(points: FloatArray, max_cost: float, max_bps: float) -> float:
    """Return the share of a box that points dominate.

    The box is from no cost, ``max_bps`` and no blocking to ``max_cost``, no key and all
    blocked.

    Parameters
    ----------
    points
        ``(n, 3)`` cost, key rate with the sign changed [bit/s], blocking.
    max_cost
        Cost at the worst corner.
    max_bps
        Key rate at the best corner [bit/s].
    """
    import moocore

    scale = np.array([max_cost or 1.0, max_bps or 1.0, 1.0])
    return float(moocore.hypervolume(points / scale, ref=np.array([1.0, 0.0, 1.0])))


def _max_cost(frame: pd.DataFrame, instance: Instance, prices: Prices) -> float:
    """Return the cost of one receiver a link more than the most receivers in the table.

    A set at this corner of the box adds no volume: the largest set must be inside.
    """
    links = sum(link.qkd for link in instance.network.links)
    receivers_per_link = math.ceil(frame["receivers"].max() / links) + 1
    return prices.of(Placement.everywhere(range(receivers_per_link)), instance)


def dark_skr_bps(instance: Instance) -> float:
    """Return the key rate [bit/s] of the best dark link: no placement has more."""
    pool = Pool.of(instance).candidates
    tables = build_tables(with_candidates(instance, pool, reserve="working"))
    return float(tables.candidate_skr_bps(tables.background_noise).max())


def _with_steps(comparator: Comparator, frame: pd.DataFrame, blocks: int) -> pd.DataFrame:
    """Mark the best of each number of receivers by the criterion, and compare with fewer."""
    best = frame.sort_values("criterion").groupby("receivers").tail(1)
    best = best.sort_values("receivers")
    frame["best_of_size"] = frame.index.isin(best.index)
    frame["buys_percent"], frame["buys_ci95"] = np.nan, np.nan
    for before, after in zip(best.index[:-1], best.index[1:], strict=True):
        gain = comparator.gain(
            frame.loc[after, "placement"], frame.loc[before, "placement"], blocks, stream="ranking"
        )
        if gain.value is not None:
            frame.loc[after, "buys_percent"] = 100.0 * gain.value
        if gain.ci95 is not None:
            frame.loc[after, "buys_ci95"] = 100.0 * gain.ci95
    return frame
