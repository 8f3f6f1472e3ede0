"""Families of channel sets on the grid."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qkdopt.channel_sets.placement import Placement

RANDOM_SETS = 24


def compact(channels: int, size: int) -> list[Placement]:
    """Return sets of neighbours: one window of all receivers, the rest of the grid in one piece."""
    return [
        Placement.everywhere(range(first, first + size)) for first in range(channels - size + 1)
    ]


def uniform(channels: int, size: int) -> list[Placement]:
    """Return sets of equal strides: a candidate is near every window of low noise."""
    if size == 1:
        return []
    return [
        Placement.everywhere([first + k * stride for k in range(size)])
        for stride in range(2, (channels - 1) // (size - 1) + 1)
        for first in range(channels - stride * (size - 1))
    ]


def interleaved(channels: int, size: int) -> list[Placement]:
    """Return sets of every second channel: the gaps between candidates still carry light."""
    return [
        Placement.everywhere([first + 2 * k for k in range(size)])
        for first in range(channels - 2 * (size - 1))
    ]


def band_edge(channels: int, size: int) -> list[Placement]:
    """Return sets at the two edges of the grid: all light lies on one side of a candidate."""
    return [
        Placement.everywhere([*range(low), *range(channels - size + low, channels)])
        for low in range(size + 1)
    ]


def random(channels: int, size: int, seed: int, count: int = RANDOM_SETS) -> list[Placement]:
    """Return random sets.

    Parameters
    ----------
    channels
        Channels of the grid.
    size
        Channels of a set.
    seed
        Of the draws.
    count
        Number of sets.
    """
    rng = np.random.default_rng([seed, size])
    return [
        Placement.everywhere(sorted(int(c) for c in rng.choice(channels, size, replace=False)))
        for _ in range(count)
    ]


def families(channels: int, size: int, seed: int) -> dict[str, list[Placement]]:
    """Return every family by name; a set that is in several stays in the first.

    Parameters
    ----------
    channels
        Channels of the grid.
    size
        Channels of a set; above ``channels`` there is no family.
    seed
        Of the random sets.
    """
    if size > channels:
        return {}
    by_family: dict[str, list[Placement]] = {}
    taken: set[Placement] = set()
    for name, sets in (
        ("compact", compact(channels, size)),
        ("interleaved", interleaved(channels, size)),
        ("band edge", band_edge(channels, size)),
        ("uniform", uniform(channels, size)),
        ("random", random(channels, size, seed)),
    ):
        by_family[name] = [placement for placement in dict.fromkeys(sets) if placement not in taken]
        taken |= set(by_family[name])
    return by_family


def every(pool: int, size: int) -> list[Placement]:
    """Return all sets of ``size`` channels of the pool."""
    return [Placement.everywhere(chosen) for chosen in combinations(range(pool), size)]
