"""Seeded demands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.instance import Demand, Network, NodeId


def random_demands(
    network: Network,
    count: int,
    *,
    seed: int,
    channels: int = 1,
    weights: Mapping[tuple[NodeId, NodeId], float] | None = None,
) -> tuple[Demand, ...]:
    """Draw demands over ordered node pairs, independently, with replacement.

    Parameters
    ----------
    network
        Where they run.
    count
        How many.
    seed
        Of NumPy's PCG64 generator.
    channels
        ``b_r`` of each.
    weights
        Relative weight of each ordered pair; uniform where not given.

    Raises
    ------
    UsageError
        A count below zero, or weights without a positive one.
    """
    if count < 0:
        raise UsageError(f"demands = {count}; expected 0 or more")
    nodes = [node.id for node in network.nodes]
    pairs = [(a, b) for a in nodes for b in nodes if a != b]
    share = np.array([1.0 if weights is None else weights.get(pair, 0.0) for pair in pairs])
    if not share.sum() > 0.0:
        raise UsageError("weights: none is positive; expected at least one pair with traffic")
    drawn = np.random.Generator(np.random.PCG64(seed)).choice(
        len(pairs), size=count, p=share / share.sum()
    )
    return tuple(
        Demand(id=r, source=pairs[k][0], target=pairs[k][1], channels=channels)
        for r, k in enumerate(drawn)
    )
