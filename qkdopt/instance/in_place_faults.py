"""Validate light in place and unavailable channels against network, grid and demands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qkdopt.instance.in_place import InPlaceLightpath, links_along

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance


def in_place_faults(instance: Instance) -> Iterator[str]:
    """Yield each broken rule between light in place, unavailable channels and the other parts."""
    yield from _unavailable_faults(instance)
    valid = True
    for lightpath in instance.lightpaths or ():
        for fault in (*_route_faults(instance, lightpath), *_demand_faults(instance, lightpath)):
            valid = False
            yield fault
    yield from _limit_faults(instance)
    if valid and instance.lightpaths:
        yield from _clash_faults(instance)
        yield from _candidate_faults(instance)


def _unavailable_faults(instance: Instance) -> Iterator[str]:
    for link in instance.network.links:
        for entry in link.unavailable or ():
            numbers = (entry,) if isinstance(entry, int) else entry.channels or ()
            for channel in numbers:
                if channel >= instance.grid.channels:
                    yield (
                        f"link {link.id}.unavailable: channel {channel}; expected 0 to "
                        f"{instance.grid.channels - 1} (numbered from 1?)"
                    )
            directed = not isinstance(entry, int) and entry.direction is not None
            if directed and instance.fibre.layout == "single":
                yield (
                    f"link {link.id}.unavailable: a direction in layout single; expected none: "
                    "both directions share the fibre's channels (layout pair has two fibres)"
                )


def _route_faults(instance: Instance, lightpath: InPlaceLightpath) -> Iterator[str]:
    known = {node.id for node in instance.network.nodes}
    unknown = [node for node in lightpath.route if node not in known]
    if unknown:
        yield f"{lightpath.name}: node {unknown[0]!r}; expected ids of nodes of the network"
    elif links_along(instance.network, lightpath) is None:
        yield (
            f"{lightpath.name}: links {list(lightpath.links or ())}; expected the link that joins "
            "the nodes of each hop (named where several do)"
        )
    for channel in lightpath.channels:
        if channel >= instance.grid.channels:
            yield (
                f"{lightpath.name}: channel {channel}; expected 0 to "
                f"{instance.grid.channels - 1} (numbered from 1?)"
            )
    if lightpath.launch_dbm is not None and instance.other_noise.four_wave_mixing is not None:
        yield (
            f"{lightpath.name}: launch_dbm beside other_noise.four_wave_mixing; expected one of "
            "them: mixing is computed for channels of one power"
        )


def _demand_faults(instance: Instance, lightpath: InPlaceLightpath) -> Iterator[str]:
    if lightpath.demand is None:
        return
    demand = next((row for row in instance.demands if row.id == lightpath.demand), None)
    if demand is None:
        yield f"{lightpath.name}; expected the id of a demand, or none for foreign light"
        return
    if (lightpath.route[0], lightpath.route[-1]) != (demand.source, demand.target):
        yield f"{lightpath.name}; expected a route from {demand.source!r} to {demand.target!r}"
    if len(lightpath.channels) != demand.channels:
        yield (
            f"{lightpath.name}: {len(lightpath.channels)} channels; expected the demand's "
            f"{demand.channels}"
        )


def _limit_faults(instance: Instance) -> Iterator[str]:
    owners = Counter(
        lightpath.demand for lightpath in instance.lightpaths or () if lightpath.demand is not None
    )
    for demand, times in owners.items():
        if times > 1:
            yield f"lightpaths: demand {demand!r} is in place {times} times; expected once"
    movable = any(lightpath.movable for lightpath in instance.lightpaths or ())
    if instance.moves_limit is not None and not movable:
        yield (
            f"moves_limit = {instance.moves_limit} without a movable lightpath; expected one at "
            "least (or no limit)"
        )


def _clash_faults(instance: Instance) -> Iterator[str]:
    """Yield each channel of a fibre that is lit twice, and light of demands on closed channels."""
    pair = instance.fibre.layout == "pair"
    for link in instance.network.links:
        carried = Counter(
            (row.channel, row.from_a if pair else True) for row in instance.light_in_place(link)
        )
        for (channel, _), times in carried.items():
            if times > 1:
                yield (
                    f"lightpaths: link {link.id} channel {channel} is lit {times} times; expected "
                    "at most once"
                )
        closed = instance.unavailable_channels(link)
        for row in instance.light_in_place(link):
            if row.lightpath.demand is not None and row.channel in closed[0 if row.from_a else 1]:
                yield (
                    f"{row.lightpath.name}: channel {row.channel} is unavailable on link "
                    f"{link.id}; expected a channel that may be lit (taken out of lightpaths, the "
                    "demand is planned anew)"
                )


def _candidate_faults(instance: Instance) -> Iterator[str]:
    """Yield each link with QKD whose every candidate has light in place in its guard band."""
    for link in instance.network.links:
        lit = instance.in_place_in_quantum_fibre(link, movable=True)
        if link.qkd and not any(
            not any(instance.is_dark_near(channel, candidate) for channel in lit)
            for candidate in instance.candidates_of(link)
        ):
            yield (
                f"link {link.id}: light in place lies in the guard band of each of its QKD "
                "candidates; expected one candidate without (or qkd false for this link)"
            )
