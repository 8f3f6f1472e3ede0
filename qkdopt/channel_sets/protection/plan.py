"""A protected plan as data: its lightpaths, its restorations, and every failure's numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from qkdopt.instance import Demand, NodeId
from qkdopt.result import Objective, SavedPlan

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One single failure, and what the demands have under it.

    Parameters
    ----------
    kind, link
        ``receiver`` of a link, or the whole ``link``.
    channel
        Of the receiver that fails; None for a link.
    worst_demand, worst_skr_bps
        Demand with the smallest key rate [bit/s]; None where none is served.
    below_floor
        Served demands below their floor, by id.
    restored, lost
        Demands of a cut link with and without a new lightpath.
    plan
        Lightpaths and tuning after the failure, a plan of the instance without what failed.
    """

    kind: Literal["receiver", "link"]
    link: str
    channel: int | None = None
    worst_demand: NodeId | None = None
    worst_skr_bps: float | None = None
    below_floor: tuple[NodeId, ...] = ()
    restored: tuple[NodeId, ...] = ()
    lost: tuple[NodeId, ...] = ()
    plan: SavedPlan


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A demand that the plan does not serve, since it would not be kept.

    Parameters
    ----------
    demand
        Its id.
    reason
        In words.
    proved
        Whether it is proved that no plan with any of the sets keeps it.
    broken_by
        Failures that somebody would not survive were it placed beside the others, at the place
        where they are fewest.
    """

    demand: NodeId
    reason: str
    proved: bool
    broken_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProtectedPlan:
    """A plan whose served demands keep a floor under every single failure.

    Parameters
    ----------
    min_skr_bps
        The floor [bit/s]; for a demand whose own least rate is higher, that counts. None where keys
        are shared: what each demand asks for is its floor.
    channels
        The set of QKD channels, all of it dark.
    status
        ``kept``: all demands are served and kept. ``impossible``: proved that not all can be.
        ``not found``: neither.
    proof
        How that is known, in words.
    plan
        Lightpaths and tuning with nothing failed.
    failures
        Every single failure, its numbers and its plan.
    left_out
        Demands that are not served, and why.
    seconds
        Wall time.
    interrupted
        Whether Ctrl-C ended the search.
    """

    min_skr_bps: float | None
    channels: tuple[int, ...]
    status: Literal["kept", "impossible", "not found"]
    proof: str
    plan: SavedPlan
    failures: tuple[Failure, ...]
    left_out: tuple[LeftOut, ...]
    seconds: float
    interrupted: bool = False

    @property
    def served(self) -> int:
        """How many demands are served, and kept."""
        return len(self.plan.lightpaths)

    def failures_frame(self) -> pd.DataFrame:
        """One row a failure: worst demand, its SKR [bit/s], demands below, restored, lost."""
        # pandas takes half a second to import; most runs never ask for a table.
        import pandas as pd

        names = [field.name for field in fields(Failure) if field.name != "plan"]
        rows = [{name: getattr(failure, name) for name in names} for failure in self.failures]
        return pd.DataFrame(rows, columns=names)


def min_skr_of(demand: Demand, min_skr_bps: float | None) -> float:
    """Floor of one demand [bit/s]: the plan's, or its own least rate where that is higher.

    Without one of the plan it is the key that the demand asks for.
    """
    if min_skr_bps is None:
        return demand.need_bps
    return max(min_skr_bps, demand.min_skr_bps or 0.0)


def objective_of_floor(min_skr_bps: float | None) -> Objective:
    """Return the objective of plans that keep a floor, or what demands ask for."""
    return "key-factor" if min_skr_bps is None else "max-min"
