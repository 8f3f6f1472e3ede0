"""Default baseline of a design."""

from __future__ import annotations

from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.errors import UsageError
from qkdopt.instance import Instance

# The DS-QKD study's sets: {3}, {3,13}, {3,13,23,33}.
FIRST, STRIDE = 3, 10


def default_baseline(instance: Instance, size: int) -> Placement:
    """Return the instance's own candidates, else a uniform set of ``size`` channels.

    Candidates that links name themselves are kept; a set for the whole network is kept if it has
    ``size`` channels. The uniform set is the DS-QKD study's: from channel 3 on, 10 apart, or as
    far as the grid allows.
    """
    links = instance.network.links
    own = instance.qkd.candidates
    if any(link.candidates is not None for link in links) or (own != "all" and len(own) == size):
        number = {candidate: n for n, candidate in enumerate(Pool.of(instance).candidates)}
        sets = tuple(
            tuple(sorted(number[candidate] for candidate in instance.candidates_of(link)))
            for link in links
        )
        return Placement.of_each_link(sets)
    return uniform_set(instance.grid.channels, size)


def uniform_set(channels: int, size: int) -> Placement:
    """Return the study's uniform set, fitted to the grid.

    Raises
    ------
    UsageError
        More channels than the grid has, or none.
    """
    if not 1 <= size <= channels:
        raise UsageError(f"channels = {size}; expected 1 to the grid's {channels}")
    stride = min(STRIDE, max(1, (channels - 1) // max(1, size - 1)))
    first = min(FIRST, channels - 1 - stride * (size - 1))
    return Placement.everywhere([first + k * stride for k in range(size)])
