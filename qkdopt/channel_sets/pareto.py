"""What the next receiver buys: key rate and blocking against receivers and their cost."""

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
        Of one receiver, one for each candidate of a link.
    transmitter
        Of one transmitter.
    tunable
        One transmitter a link that tunes to every candidate; else one for each.
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
        what it gains over the best with fewer, paired.
    hypervolume
        Share of the box from no cost to ``highest_cost``, from no key to the best link's rate
        without any light, from no blocking to all blocked, that the frontier dominates.
    highest_cost
        Of one receiver a link more than the most receivers in the table.
    """

    table: pd.DataFrame
    hypervolume: float
    highest_cost: float


def pareto(
    judge: Comparator, table: pd.DataFrame, blocks: int, *, instance: Instance, prices: Prices
) -> Pareto:
    """Find the sets that no other beats in cost, key rate per request and blocking at once."""
    import moocore

    columns = [
        "name", "channels", "receivers", "criterion", "mean_skr_per_request_bps", "ci95",
        "mean_skr_bps", "blocking", "blocking_ci95", "placement",
    ]  # fmt: skip
    found = table[columns].copy()
    found.insert(3, "cost", [prices.of(one, instance) for one in found["placement"]])
    # moocore minimises: costs and blocking as they are, key rates with the sign changed.
    points = np.column_stack(
        [found["cost"], -found["mean_skr_per_request_bps"], found["blocking"]]
    ).astype(np.float64)
    found["on_frontier"] = moocore.is_nondominated(points, keep_weakly=True)
    found = _with_steps(judge, found, blocks)
    order = found.sort_values(["cost", "mean_skr_per_request_bps"], ascending=[True, False])
    highest = _highest_cost(found, instance, prices)
    volume = dominated_share(points, highest, dark_skr_bps(instance))
    return Pareto(order.reset_index(drop=True), volume, highest)


def dominated_share(points: FloatArray, highest_cost: float, highest_bps: float) -> float:
    """Share of a box that points dominate.

    ``points`` are ``(n, 3)``: cost, key rate with the sign changed [bit/s], blocking; the box
    is from no cost, ``highest_bps`` and no blocking to ``highest_cost``, no key and all blocked.
    """
    import moocore

    scale = np.array([highest_cost or 1.0, highest_bps or 1.0, 1.0])
    return float(moocore.hypervolume(points / scale, ref=np.array([1.0, 0.0, 1.0])))


def _highest_cost(found: pd.DataFrame, instance: Instance, prices: Prices) -> float:
    """Return the cost of one receiver a link more than the most receivers in the table.

    At this corner of the box sets count for nothing: the largest set must be inside.
    """
    links = sum(link.qkd for link in instance.network.links)
    each = math.ceil(found["receivers"].max() / links) + 1
    return prices.of(Placement.everywhere(range(each)), instance)


def dark_skr_bps(instance: Instance) -> float:
    """Key rate [bit/s] of the best link without any light: no placement has more."""
    pool = Pool.of(instance).candidates
    tables = build_tables(with_candidates(instance, pool, reserve="working"))
    return float(tables.skr_bps(tables.floor, tables.transmittance).max())


def _with_steps(judge: Comparator, found: pd.DataFrame, blocks: int) -> pd.DataFrame:
    """Mark the best of each number of receivers by the criterion, and compare with fewer."""
    best = found.sort_values("criterion").groupby("receivers").tail(1)
    best = best.sort_values("receivers")
    found["best_of_size"] = found.index.isin(best.index)
    found["buys_percent"], found["buys_ci95"] = np.nan, np.nan
    for before, after in zip(best.index[:-1], best.index[1:], strict=True):
        gain = judge.gain(
            found.loc[after, "placement"], found.loc[before, "placement"], blocks, stream="ranking"
        )
        if gain.value is not None:
            found.loc[after, "buys_percent"] = 100.0 * gain.value
        if gain.ci95 is not None:
            found.loc[after, "buys_ci95"] = 100.0 * gain.ci95
    return found
