"""Families of channel sets on the grid, each for a reason."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qkdopt.channel_sets.placement import Placement

RANDOM_SETS = 24


def compact(channels: int, size: int) -> list[Placement]:
    """Neighbours: the least of the grid is torn apart, all receivers share one window."""
    return [
        Placement.everywhere(range(first, first + size)) for first in range(channels - size + 1)
    ]


def uniform(channels: int, size: int) -> list[Placement]:
    """Equal strides: some candidate is near a quiet window wherever the light is."""
    if size == 1:
        return []
    return [
        Placement.everywhere([first + k * stride for k in range(size)])
        for stride in range(2, (channels - 1) // (size - 1) + 1)
        for first in range(channels - stride * (size - 1))
    ]


def interleaved(channels: int, size: int) -> list[Placement]:
    """Every second channel: the gaps between candidates still carry light."""
    return [
        Placement.everywhere([first + 2 * k for k in range(size)])
        for first in range(channels - 2 * (size - 1))
    ]


def band_edge(channels: int, size: int) -> list[Placement]:
    """Split between the two edges of the grid: all light lies on one side of a candidate."""
    return [
        Placement.everywhere([*range(low), *range(channels - size + low, channels)])
        for low in range(size + 1)
    ]


def random(channels: int, size: int, seed: int, count: int = RANDOM_SETS) -> list[Placement]:
    """Draw sets at random."""
    rng = np.random.default_rng([seed, size])
    return [
        Placement.everywhere(sorted(int(c) for c in rng.choice(channels, size, replace=False)))
        for _ in range(count)
    ]


def families(channels: int, size: int, seed: int) -> dict[str, list[Placement]]:
    """Return every family by name; a set that is in several stays in the first.

    None where the grid has fewer channels.
    """
    if size > channels:
        return {}
    found: dict[str, list[Placement]] = {}
    taken: set[Placement] = set()
    for name, sets in (
        ("compact", compact(channels, size)),
        ("interleaved", interleaved(channels, size)),
        ("band edge", band_edge(channels, size)),
        ("uniform", uniform(channels, size)),
        ("random", random(channels, size, seed)),
    ):
        found[name] = [one for one in dict.fromkeys(sets) if one not in taken]
        taken |= set(found[name])
    return found


def every(pool: int, size: int) -> list[Placement]:
    """All sets of so many channels of the pool."""
    return [Placement.everywhere(chosen) for chosen in combinations(range(pool), size)]
