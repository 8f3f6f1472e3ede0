"""A set of channels put on a network: every link with QKD has it, and all of it stays dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from math import comb

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.instance import Instance, with_candidates

# Some draws are drawn twice, or leave no light.
DRAWS_FOR_EACH = 4


def with_channel_set(instance: Instance, channels: Iterable[int]) -> Instance:
    """Return the instance with these candidates on every link with QKD, all of them reserved.

    Raises
    ------
    InstanceError
        The set does not fit the grid, or leaves no channel for classical light.
    """
    return with_candidates(instance, sorted(channels), reserve="all")


def all_candidates(instance: Instance) -> Instance:
    """Return the instance with every channel a candidate of every link, the working one reserved.

    Every plan with a set is a plan of this instance, so its bounds hold over all sets.
    """
    return with_candidates(instance, reserve="working")


def every_set(instance: Instance, channels: int) -> Iterator[tuple[int, ...]]:
    """Yield the sets of so many channels that leave classical light a channel."""
    grid = range(instance.grid.channels)
    yield from _leaving_light(instance, combinations(grid, channels))


def sampled_sets(
    instance: Instance, channels: int, max_sets: int, seed: int
) -> list[tuple[int, ...]]:
    """Draw at most so many different sets that leave classical light a channel, rising.

    Where there are many sets, listing them all would take all memory.

    Parameters
    ----------
    instance
        The network.
    channels
        Size of the sets.
    max_sets
        Most sets to draw.
    seed
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    drawn = {
        tuple(sorted(int(q) for q in rng.choice(instance.grid.channels, channels, replace=False)))
        for _ in range(DRAWS_FOR_EACH * max_sets)
    }
    return sorted(_leaving_light(instance, sorted(drawn)))[:: max(1, len(drawn) // max_sets)][
        :max_sets
    ]


def _leaving_light(
    instance: Instance, sets: Iterable[tuple[int, ...]]
) -> Iterator[tuple[int, ...]]:
    grid = range(instance.grid.channels)
    dark = {q: {w for w in grid if instance.is_dark_near(w, q)} for q in grid}
    for chosen in sets:
        if len(set[int]().union(*(dark[q] for q in chosen))) < len(grid):
            yield chosen


def count_sets(instance: Instance, channels: int) -> int:
    """Count sets of so many channels, whether or not they leave room for light.

    Raises
    ------
    UsageError
        The grid has fewer channels, or none is asked for.
    """
    if not 1 <= channels <= instance.grid.channels:
        raise UsageError(
            f"channels = {channels}; expected 1 to {instance.grid.channels}, those of the grid"
        )
    return comb(instance.grid.channels, channels)
