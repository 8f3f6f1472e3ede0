"""Groups of rules with a name in planning: per demand and per link."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from qkdopt.problem import Problem

Kind = Literal["served", "floor", "room", "guard", "noise"]


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are kept or dropped together.

    Parameters
    ----------
    kind
        ``served``: the demand has a route and its channels. ``floor``: it has its minimum
        key rate. ``room``: a channel of the link carries one lightpath. ``guard``: the
        guard band around its QKD channel is dark, around every candidate where all are
        reserved. ``noise``: the link's key rate falls with its lit channels; dropped, the
        link limits no key.
    number
        Position of the demand (``served``, ``floor``) or of the link in the instance.
    """

    kind: Kind
    number: int

    @property
    def of_demand(self) -> bool:
        """Tell whether the rules are about a demand; otherwise about a link."""
        return self.kind in ("served", "floor")


Groups = frozenset[Group]


def all_groups(problem: Problem) -> tuple[Group, ...]:
    """List every group of a problem: demands, minimum rates, then links."""
    instance = problem.instance
    # Light that stays in place is no rule: it is what all plans have.
    groups = [Group("served", r) for r in range(len(instance.demands)) if not problem.stays(r)]
    groups += [Group("floor", r) for r, d in enumerate(instance.demands) if d.min_skr_bps]
    for e, count in enumerate(problem.tables.candidate_count):
        groups.append(Group("room", e))
        if count:
            groups += [Group("guard", e), Group("noise", e)]
    return tuple(groups)


def numbers(groups: Iterable[Group], kind: Kind) -> tuple[int, ...]:
    """Return the positions of the demands or links that have a group of this kind, ascending."""
    return tuple(sorted(group.number for group in groups if group.kind == kind))


def in_reading_order(groups: Groups) -> list[Group]:
    """Sort groups: demands first, each with its minimum rate, then links."""
    kinds = ("served", "floor", "room", "guard", "noise")
    return sorted(groups, key=lambda g: (not g.of_demand, g.number, kinds.index(g.kind)))


def text_of(problem: Problem, group: Group) -> str:
    """Name a group in the terms of planning."""
    instance = problem.instance
    if group.of_demand:
        demand = instance.demands[group.number]
        if group.kind == "served":
            return f"demand {demand.id} is served"
        return f"demand {demand.id} gets at least {exact_kbps(demand.min_skr_bps or 0.0)}"
    link = instance.network.links[group.number].id
    if group.kind == "room":
        return f"link {link}: one lightpath per channel"
    if group.kind == "noise":
        return f"link {link}: key rate under the noise of its lit channels"
    if instance.qkd.reserve == "all":
        return f"link {link}: guard bands around its QKD candidates, all reserved"
    return f"link {link}: guard band around its QKD channel"


def exact_kbps(rate_bps: float) -> str:
    """Format a required rate with every digit."""
    return f"{rate_bps / 1e3:.12g} kbit/s"
