"""Validate lightpaths against light in place and unavailable channels, from the instance alone."""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.errors import InstanceError
from qkdopt.instance import InPlaceLightpath, Instance, Link, NodeId, UnavailableChannels
from qkdopt.result import AnyPlan, Lightpath, Result

# A channel centred within this of a band's edge is in the band [THz].
EDGE_THZ = 1e-9
# (channel, whether light travels a -> b, own power [dBm] or None for the link's)
Foreign = tuple[int, bool, float | None]


def planned_instance(instance: Instance, result: AnyPlan) -> Instance:
    """Return what a result is a plan of: the instance, with an earlier plan's light in place.

    Raises
    ------
    InstanceError
        The light that the result records does not fit the instance, or lacks light that the
        instance has in place.
    """
    around = result.around
    if around is None or around.given_sha256 != instance.sha256():
        return instance
    placed = {path.demand for path in around.lightpaths if path.demand is not None}
    lacking = [
        path
        for path in instance.lightpaths or ()
        if path not in around.lightpaths and path.demand not in placed
    ]
    if lacking:
        raise InstanceError(
            instance.name,
            [f"around.{path.name} is missing; expected all light in place" for path in lacking],
        )
    return instance.replace(lightpaths=around.lightpaths or None, moves_limit=around.moves_limit)


def validate_around(instance: Instance, result: AnyPlan) -> Iterator[str]:
    """Yield where a record of an earlier plan is not of the light in place.

    Parameters
    ----------
    instance
        What the result is a plan of, with that light in place.
    result
        A result or a saved plan.
    """
    around = result.around
    if around is None:
        return
    if around.lightpaths != (instance.lightpaths or ()):
        yield (
            f"around.lightpaths: {len(around.lightpaths)} lightpaths; expected the "
            f"{len(instance.lightpaths or ())} in place"
        )
    if around.moves_limit != instance.moves_limit:
        yield f"around.moves_limit = {around.moves_limit}; expected {instance.moves_limit}"
    demands = {demand.id for demand in instance.demands}
    for name in around.freed:
        if name in demands:
            yield f"around.freed: {name!r} is a demand; expected those that are none any more"
    if len(set(around.freed)) < len(around.freed):
        yield f"around.freed = {list(around.freed)}; expected each once"


def foreign_light(instance: Instance, link: Link) -> list[Foreign]:
    """Return the channels of foreign light on a link, with direction and power."""
    found: list[Foreign] = []
    for path in instance.lightpaths or ():
        if path.demand is not None:
            continue
        for hop, (start, end) in enumerate(zip(path.route, path.route[1:], strict=False)):
            named = path.links is None or path.links[hop] == link.id
            if named and {start, end} == {link.a, link.b}:
                found += [(channel, start == link.a, path.launch_dbm) for channel in path.channels]
    return found


def validate_in_place(instance: Instance, result: AnyPlan) -> Iterator[str]:
    """Yield every demand in place that a plan leaves out, or moves though it may not (C17, C18)."""
    planned = {path.demand: path for path in result.lightpaths}
    moved = []
    for fixed in instance.lightpaths or ():
        if fixed.demand is None:
            continue
        where = f"lightpaths: demand {fixed.demand!r}"
        path = planned.get(fixed.demand)
        if path is None:
            yield f"{where} is in place and not served; expected it served"
        elif is_where_it_was(fixed, path):
            continue
        elif fixed.movable:
            moved.append(fixed.demand)
        else:
            yield (
                f"{where} runs {list(path.route)} on channels {list(path.channels)}; expected it "
                f"in place, {list(fixed.route)} on {sorted(fixed.channels)}"
            )

    limit = instance.moves_limit
    if limit is not None and len(moved) > limit:
        yield f"lightpaths: {len(moved)} demands in place are moved; expected at most {limit}"
    if isinstance(result, Result):
        yield from _validate_moved(instance, result, moved)


def _validate_moved(instance: Instance, result: Result, moved: list[NodeId]) -> Iterator[str]:
    """Yield a fault where a result names other demands as moved than are, or more as needed."""
    movable = any(path.movable for path in instance.lightpaths or ())
    expected = set(moved) if movable and result.value is not None else None
    read = None if result.moved is None else set(result.moved)
    if read != expected or len(read or ()) < len(result.moved or ()):
        yield f"moved = {result.moved}; expected {moved if expected is not None else None}"
    least = result.moved_at_least
    if least is not None and (expected is None or not 0 <= least <= len(moved)):
        most = "none" if expected is None else f"0 to {len(moved)}, the demands that are moved"
        yield f"moved_at_least = {least}; expected {most}"


def is_where_it_was(fixed: InPlaceLightpath, path: Lightpath) -> bool:
    """Tell whether a planned lightpath has route, links and channels of one in place."""
    links = fixed.links is None or tuple(fixed.links) == tuple(path.links)
    same_route = tuple(fixed.route) == tuple(path.route)
    return links and same_route and set(fixed.channels) == set(path.channels)


def validate_available(instance: Instance, path: Lightpath) -> Iterator[str]:
    """Yield every channel of a lightpath that is unavailable on a link, or has foreign light (C16).

    Parameters
    ----------
    instance
        The instance.
    path
        A lightpath of a demand, its links known.
    """
    links = {link.id: link for link in instance.network.links}
    for name, start in zip(path.links, path.route, strict=False):
        link = links[name]
        from_a = start == link.a
        for channel in path.channels:
            where = f"lightpaths: demand {path.demand!r} uses channel {channel} on link {name}"
            if any(_closes(instance, row, channel, from_a) for row in link.unavailable or ()):
                yield f"{where}, where it is unavailable; expected another channel"
            for taken, direction, _ in foreign_light(instance, link):
                shared = instance.fibre.layout == "single" or direction == from_a
                if taken == channel and shared:
                    yield f"{where}, which foreign light has; expected another channel"


def _closes(
    instance: Instance, entry: int | UnavailableChannels, channel: int, from_a: bool
) -> bool:
    """Tell whether an entry makes a channel unavailable to light in a direction."""
    if isinstance(entry, int):
        return entry == channel
    if entry.direction is not None and (entry.direction == "a->b") != from_a:
        return False
    if entry.channels is not None:
        return channel in entry.channels
    thz = instance.grid.first_thz + channel * instance.grid.spacing_ghz * 1e-3
    assert entry.first_thz is not None  # validated: channels, or both edges
    assert entry.last_thz is not None
    return entry.first_thz - EDGE_THZ <= thz <= entry.last_thz + EDGE_THZ
