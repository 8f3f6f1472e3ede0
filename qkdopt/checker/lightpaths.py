"""Validate routes and channels of lightpaths, and that none clash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qkdopt.checker.in_place import validate_available, validate_in_place
from qkdopt.instance import Demand, Instance, Link, NodeId
from qkdopt.result import AnyPlan, Lightpath, Result, ServedDemand

# Lit channels by link: (channel, whether it propagates a -> b).
Lit = dict[str, list[tuple[int, bool]]]


def validate_lightpaths(instance: Instance, result: AnyPlan) -> Iterator[str]:
    """Yield every fault of routes and channels."""
    demands = {demand.id: demand for demand in instance.demands}
    links = {link.id: link for link in instance.network.links}
    for demand_id, times in Counter(path.demand for path in result.lightpaths).items():
        if times > 1:
            yield f"lightpaths: demand {demand_id!r} is listed {times} times; expected once"
    valid = True
    for path in result.lightpaths:
        faults = list(_validate_path(instance, path, demands.get(path.demand), links))
        valid = valid and not faults
        yield from faults
    yield from validate_in_place(instance, result)
    if isinstance(result, Result):
        yield from _validate_listing(instance, result)
    if valid:
        yield from _validate_clashes(instance, result)
        for path in result.lightpaths:
            yield from validate_available(instance, path)


def _validate_path(
    instance: Instance, path: Lightpath, demand: Demand | None, links: dict[str, Link]
) -> Iterator[str]:
    where = f"lightpaths: demand {path.demand!r}"
    if demand is None:
        yield f"{where}; expected the id of a demand of {instance.name}"
        return
    if not path.route or (path.route[0], path.route[-1]) != (demand.source, demand.target):
        yield (
            f"{where} runs {list(path.route)}; expected a route from {demand.source!r} to "
            f"{demand.target!r}"
        )
    if len(set(path.route)) < len(path.route):
        yield f"{where} visits a node twice: {list(path.route)}; expected a simple route"
    yield from _validate_hops(where, path, links)
    if len(path.channels) != demand.channels or len(set(path.channels)) < len(path.channels):
        yield (
            f"{where} has channels {list(path.channels)}; expected {demand.channels} different ones"
        )
    for channel in path.channels:
        if not 0 <= channel < instance.grid.channels:
            yield (f"{where} uses channel {channel}; expected 0 to {instance.grid.channels - 1}")


def _validate_hops(where: str, path: Lightpath, links: dict[str, Link]) -> Iterator[str]:
    if len(path.links) != len(path.route) - 1:
        yield (
            f"{where} has {len(path.links)} links for {len(path.route)} nodes; expected one "
            "link a hop"
        )
        return
    for name, start, end in zip(path.links, path.route, path.route[1:], strict=False):
        link = links.get(name)
        if link is None or {link.a, link.b} != {start, end}:
            yield f"{where} goes {start!r} to {end!r} over {name!r}; expected a link of both"


def _validate_listing(instance: Instance, result: Result) -> Iterator[str]:
    listed = Counter(row.demand for row in result.demands)
    served = {path.demand for path in result.lightpaths}
    demands = {demand.id: demand for demand in instance.demands}
    for demand in instance.demands:
        if listed[demand.id] != 1:
            yield f"demands: {demand.id!r} is listed {listed[demand.id]} times; expected once"
    for row in result.demands:
        if row.served != (row.demand in served):
            yield (
                f"demands: {row.demand!r}.served = {row.served}; expected "
                f"{row.demand in served} as in lightpaths"
            )
        if row.served and row.blocked_by is not None:
            yield f"demands: {row.demand!r} is served, yet blocked by {row.blocked_by!r}"
        if not row.served and result.value is not None:
            yield from _validate_reason(demands.get(row.demand), row)
        if row.need_bps is not None and instance.qkd.key_accounting != "shared":
            yield f"demands: {row.demand!r} need_bps = {row.need_bps:g}; keys are not shared"
    demand_ids = demands.keys()
    for name in listed:
        if name not in demand_ids:
            yield f"demands: {name!r}; expected the id of a demand of {instance.name}"


def _validate_reason(demand: Demand | None, row: ServedDemand) -> Iterator[str]:
    """Yield a fault of a blocked demand without a reason, or with one that cannot be."""
    if row.blocked_by is None:
        yield f"demands: {row.demand!r} is blocked, blocked_by = None; expected a reason"
    if row.blocked_by == "minimum key rate" and demand is not None and not demand.min_skr_bps:
        yield f"demands: {row.demand!r} is blocked by {row.blocked_by!r}; it has no minimum"


def lit_channels(instance: Instance, result: AnyPlan) -> Lit:
    """Return the lit channels of every link, with their direction."""
    links = {link.id: link for link in instance.network.links}
    lit: Lit = {name: [] for name in links}
    for path in result.lightpaths:
        for name, start in zip(path.links, path.route, strict=False):
            lit[name].extend((channel, start == links[name].a) for channel in path.channels)
    return lit


def _validate_clashes(instance: Instance, result: AnyPlan) -> Iterator[str]:
    """Yield every channel of a fibre with more than one lightpath (C2)."""
    carried: dict[tuple[str, int, bool], list[NodeId]] = {}
    links = {link.id: link for link in instance.network.links}
    for path in result.lightpaths:
        for name, start in zip(path.links, path.route, strict=False):
            from_a = start == links[name].a
            fibre = from_a if instance.fibre.layout == "pair" else True
            for channel in path.channels:
                carried.setdefault((name, channel, fibre), []).append(path.demand)
    for (name, channel, _), demands in carried.items():
        if len(demands) > 1:
            yield (
                f"lightpaths: link {name} channel {channel} carries demands {demands}; expected "
                "at most one lightpath"
            )
