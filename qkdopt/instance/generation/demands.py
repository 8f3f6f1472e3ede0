"""Seeded demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
        Relative weight of each ordered pair; None for equal ones.

    Raises
    ------
    UsageError
        A count below zero, or weights without a positive one.
    """
    if count < 0:
        raise UsageError(f"demands = {count}; expected 0 or more")
    generator = np.random.Generator(np.random.PCG64(seed))
    nodes = [node.id for node in network.nodes]
    draw = _uniform_pair if weights is None else _weighted_pairs(nodes, weights)
    pairs = [draw(generator, nodes) for _ in range(count)]
    return tuple(
        Demand(id=r, source=source, target=target, channels=channels)
        for r, (source, target) in enumerate(pairs)
    )


Pair = tuple[NodeId, NodeId]
Draw = Callable[[np.random.Generator, list[NodeId]], Pair]


def _uniform_pair(generator: np.random.Generator, nodes: list[NodeId]) -> Pair:
    """Draw a source, then one of the other nodes, as arrivals of the simulator do."""
    source = int(generator.integers(len(nodes)))
    target = int(generator.integers(len(nodes) - 1))
    return nodes[source], nodes[target + (target >= source)]


def _weighted_pairs(nodes: list[NodeId], weights: Mapping[Pair, float]) -> Draw:
    pairs = [(a, b) for a in nodes for b in nodes if a != b]
    share = np.array([weights.get(pair, 0.0) for pair in pairs])
    if not share.sum() > 0.0:
        raise UsageError("weights: none is positive; expected at least one pair with traffic")
    edges = np.cumsum(share / share.sum())

    def draw(generator: np.random.Generator, _: list[NodeId]) -> Pair:
        return pairs[min(int(np.searchsorted(edges, generator.random())), len(pairs) - 1)]

    return draw
