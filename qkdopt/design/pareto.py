"""What the next receiver buys: key rate and blocking against receivers and their cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.design.placement import Placement
from qkdopt.design.race import Judge
from qkdopt.errors import UsageError
from qkdopt.instance import Instance

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
        Share of the box (no cost .. highest cost, no key .. best rate, no blocking .. all
        blocked) that is dominated by the frontier.
    """

    table: pd.DataFrame
    hypervolume: float


def pareto(
    judge: Judge, table: pd.DataFrame, blocks: int, *, instance: Instance, prices: Prices
) -> Pareto:
    """Find the sets that no other beats in cost, key rate per request and blocking at once."""
    import moocore

    columns = [
        "name", "channels", "receivers", "mean_skr_per_request_bps", "ci95", "mean_skr_bps",
        "blocking", "blocking_ci95", "placement",
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
    return Pareto(order.reset_index(drop=True), _hypervolume(points))


def _hypervolume(points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    import moocore

    highest = np.abs(points).max(axis=0)
    scale = np.where(highest > 0.0, highest, 1.0)
    scale[2] = 1.0
    # A set at the highest cost dominates nothing of the box: one twentieth more lets it count.
    reference = np.array([1.05, 0.0, 1.0])
    volume = float(moocore.hypervolume(points / scale, ref=reference))
    return volume / float(reference[0])


def _with_steps(judge: Judge, found: pd.DataFrame, blocks: int) -> pd.DataFrame:
    """Mark the best of each number of receivers, and compare it with the best of fewer."""
    best = found.sort_values("mean_skr_per_request_bps").groupby("receivers").tail(1)
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
