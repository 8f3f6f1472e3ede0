"""The set that designs are compared with where none is named."""

from __future__ import annotations

from qkdopt.design.placement import Placement
from qkdopt.instance import Instance

# The DS-QKD study's sets: {3}, {3,13}, {3,13,23,33}.
FIRST, STRIDE = 3, 10


def default_baseline(instance: Instance, size: int) -> Placement:
    """Return the instance's own set if it has so many channels, else a uniform one.

    The uniform set is the DS-QKD study's: from channel 3 on, 10 apart, or as far as the grid
    allows.
    """
    own = instance.qkd.candidates
    if own != "all" and len(own) == size and all(isinstance(c, int) for c in own):
        return Placement.everywhere([c for c in own if isinstance(c, int)])
    return uniform_set(instance.grid.channels, size)


def uniform_set(channels: int, size: int) -> Placement:
    """Return the study's uniform set, fitted to the grid.

    Raises
    ------
    ValueError
        More channels than the grid has.
    """
    if size > channels:
        raise ValueError(f"{size} of {channels} channels")
    stride = min(STRIDE, max(1, (channels - 1) // max(1, size - 1)))
    first = min(FIRST, channels - 1 - stride * (size - 1))
    return Placement.everywhere([first + k * stride for k in range(size)])
