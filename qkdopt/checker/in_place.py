"""Validate lightpaths against light in place and unavailable channels, from the instance alone."""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.instance import Instance, Link, UnavailableChannels
from qkdopt.result import Lightpath

# A channel centred within this of a band's edge is in the band [THz].
EDGE_THZ = 1e-9
# (channel, whether light travels a -> b, own power [dBm] or None for the link's)
Foreign = tuple[int, bool, float | None]


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
